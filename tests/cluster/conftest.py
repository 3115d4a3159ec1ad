"""Real Ray, once a session, with hosts in real actors and a real Valkey."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import ray

from actors.announced import NAMESPACE, HostConfig, StoreSettings
from actors.host import HostSettings
from actors.placement import Mode, Placement
from actors.ray_hosts import RayHosts
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.actors.chain import Chain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A Ray cluster of its own ports and folder, whose workers find the application."""
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        namespace=NAMESPACE,
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=100 * 1024 * 1024,
        log_to_driver=False,
        _temp_dir=str(directory),
    )
    yield directory
    ray.shutdown()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(params=list(Mode), ids=str)
def placement(request: pytest.FixtureRequest) -> Placement:
    return Placement(request.param, shards=1)


@pytest.fixture
async def chain(
    cluster: Path,
    valkey: EmbeddedStore,
    store: Store,
    placement: Placement,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Chain]:
    """A restaurant on Ray in an empty store; its actors end with the test.

    Each test has a restaurant of its own, whose ids no late word of another test's actors meets.
    """
    idle_s = getattr(request, "param", 300.0)
    config = HostConfig(StoreSettings(valkey.url), placement, HostSettings(idle_s=idle_s))
    chain = Chain(RayHosts(config), placement, restaurant=next(_restaurants))
    await chain.open()
    yield chain
    for name in actor_names():
        with suppress(ValueError):  # it was replaced, and has just ended
            ray.kill(ray.get_actor(name, namespace=NAMESPACE))


_restaurants = iter(range(1, 1000))


def actor_names() -> set[str]:
    return {each["name"] for each in ray.util.list_named_actors(True) if each["name"]}
