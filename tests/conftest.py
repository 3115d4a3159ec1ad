"""Shared fixtures: one embedded Valkey a session, emptied for each store."""

import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from xdist.scheduler import LoadScopeScheduling

from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.attack_report import AttackReport, attempts

__all__ = ["attempts"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--attack-report", type=Path, help="file for the counts of refused attacks")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(AttackReport(config.getoption("attack_report")))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background of a shell, processes started here would ignore Ctrl-C, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each folder stays in one process, one test after the other.

    `--dist loadgroup` would do, but what it adds to tests' names is lost with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return ByFolder(config, log) if config.getoption("dist") == "loadscope" else None


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
