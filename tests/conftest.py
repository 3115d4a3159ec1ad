"""What many tests need: one embedded Valkey a session, emptied for each store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.tally import Tally, attempts

__all__ = ["attempts"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tally", type=Path, help="where to write how many attacks were refused")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tally(config.getoption("tally")))


ONE_AT_A_TIME = {"cluster": "ray", "e2e": "ray", "faults": "ray", "simulation": "simulation"}
"""Folders whose tests share one machine's worth of Ray, or count what all of them saw."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `pytest -n 2 --dist loadgroup` run what needs Ray beside what does not."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in ONE_AT_A_TIME:
            item.add_marker(pytest.mark.xdist_group(ONE_AT_A_TIME[folder]))


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    server = EmbeddedStore(Path(tmp_path_factory.mktemp("valkey")))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(valkey: EmbeddedStore) -> AsyncIterator[Store]:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    store = open_store(valkey.url, retention_s=3600)
    yield store
    await store.close()
