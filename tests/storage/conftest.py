"""Real Valkey servers, and a store on each of them in turn.

Every test that uses `store` runs on the embedded server and on one given by its address, over the
pipelined connection and over redis-py's pool. With RESTAURANT_QR_TEST_REDIS_URL it also runs on
that one, whose database must be empty before and is emptied after.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import redis

from storage.commands import Commands, PooledCommands, commands_to
from storage.commit import Limits, Ring
from storage.connect import connect
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore
from storage.store import Store
from tests.storage.servers import free_ports, valkey

RETENTION_S = 3600
LIMITS = Limits(
    RETENTION_S,
    journal=Ring(5, 1000),
    history=Ring(6, 1000),
    lasting_history=Ring(20, 1000),
    unread_history=Ring(4, 500),
    audit=Ring(20, 1000),
)
EXTERNAL_URL = os.environ.get("RESTAURANT_QR_TEST_REDIS_URL")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Server name -> URL."""
    embedded = EmbeddedStore(tmp_path_factory.mktemp("valkey"))
    embedded.start()
    [port] = free_ports(1)
    directory: Path = tmp_path_factory.mktemp("tcp")
    try:
        with valkey(directory, port, "--save", "", "--appendonly", "no"):
            urls = {"embedded": embedded.url, "tcp": f"redis://127.0.0.1:{port}/1"}
            if EXTERNAL_URL:
                with redis.Redis.from_url(EXTERNAL_URL) as client:
                    assert client.dbsize() == 0, "the given database is not empty: use another one"
                urls["given"] = EXTERNAL_URL
            yield urls
    finally:
        embedded.stop()


@pytest.fixture(params=["embedded", "tcp", *(["given"] if EXTERNAL_URL else [])])
def redis_url(request: pytest.FixtureRequest, servers: dict[str, str]) -> Iterator[str]:
    url = servers[request.param]
    yield url
    with redis.Redis.from_url(url) as client:
        client.flushdb()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client to read what is stored."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


def pooled(url: str, timeout_s: float) -> Commands:
    """Commands over redis-py's connection pool, as for a Sentinel."""
    return PooledCommands(connect(url, timeout_s))


@pytest.fixture(params=[commands_to, pooled], ids=["pipelined", "pooled"])
def open_commands(request: pytest.FixtureRequest) -> Callable[[str, float], Commands]:
    """Opens each implementation of `Commands` in turn, by URL and timeout in seconds."""
    opened: Callable[[str, float], Commands] = request.param
    return opened


@pytest.fixture
async def store(
    redis_url: str, open_commands: Callable[[str, float], Commands]
) -> AsyncIterator[Store]:
    store = RedisStore(open_commands(redis_url, 2.0), LIMITS)
    yield store
    await store.close()
