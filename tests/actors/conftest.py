"""Hosts on a real Valkey, in each placement, without Ray."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from actors.placement import Mode, Placement
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.local_hosts import LocalHosts


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


@pytest.fixture(params=list(Mode))
def placement(request: pytest.FixtureRequest) -> Placement:
    return Placement(request.param, shards=2)


@pytest.fixture
async def hosts(store: Store, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(store, placement)
    yield hosts
    for name in list(hosts.hosts):
        hosts.kill(name)


@pytest.fixture
async def chain(hosts: LocalHosts) -> LocalChain:
    chain = LocalChain(hosts)
    await chain.open()
    return chain
