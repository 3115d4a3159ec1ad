"""Hosts on a real Valkey, in each placement, without Ray."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.placement import Mode, Placement
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.local_hosts import LocalHosts


@pytest.fixture(params=list(Mode))
def placement(request: pytest.FixtureRequest) -> Placement:
    return Placement(request.param, shards=2)


@pytest.fixture
async def hosts(store: Store, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(store, placement)
    yield hosts
    turns = [host._turning for host in hosts.hosts.values() if host._turning is not None]
    for name in list(hosts.hosts):
        hosts.kill(name)
    if turns:  # the store's client may swallow what cancels one
        await asyncio.wait(turns, timeout=10)


@pytest.fixture
async def chain(hosts: LocalHosts) -> LocalChain:
    chain = LocalChain(hosts)
    await chain.open()
    return chain
