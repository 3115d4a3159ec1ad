"""Real Ray, started once a session, with hosts in real actors and a real Valkey."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import ray

from actors.cluster_config import NAMESPACE, HostConfig, StoreSettings
from actors.ray_hosts import RayHosts
from engine.host import HostSettings
from engine.peers import Peers
from engine.placement import Mode, Placement
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.engine.restaurant_driver import RestaurantDriver

ROOT = Path(__file__).resolve().parents[2]


class RayDriver(RestaurantDriver):
    """A driver whose hosts are Ray actors on `network`."""

    def __init__(self, network: RayHosts, placement: Placement, restaurant: int) -> None:
        super().__init__(Peers(network), placement, restaurant)
        self.network = network


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A Ray cluster with its own ports and folder, whose workers can import the application."""
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
async def driver(
    cluster: Path,
    valkey: EmbeddedStore,
    store: Store,
    placement: Placement,
    request: pytest.FixtureRequest,
) -> AsyncIterator[RayDriver]:
    """A restaurant on Ray in an empty store; its actors end with the test.

    Each test has its own restaurant, so late messages of another test's actors cannot reach it.
    """
    idle_s = getattr(request, "param", 300.0)
    config = HostConfig(StoreSettings(valkey.url), placement, HostSettings(idle_s=idle_s))
    driver = RayDriver(RayHosts(config, "test"), placement, next(_restaurants))
    await driver.create_restaurant()
    yield driver
    for name in actor_names():
        with suppress(ValueError):  # its process has just ended
            ray.kill(ray.get_actor(name, namespace=NAMESPACE))


_restaurants = iter(range(1, 1000))


def actor_names() -> set[str]:
    return {each["name"] for each in ray.util.list_named_actors(True) if each["name"]}
