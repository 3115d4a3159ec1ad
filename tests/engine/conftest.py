"""Hosts on a real Valkey, in each placement, without Ray."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.placement import Mode, Placement
from storage.store import Store
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver
from tests.local_hosts import LocalHosts


@pytest.fixture(params=list(Mode))
def placement(request: pytest.FixtureRequest) -> Placement:
    return Placement(request.param, shards=2)


@pytest.fixture
async def hosts(store: Store, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(store, placement, wrap=FaultyStore)
    yield hosts
    turns = [turn for host in hosts.hosts.values() if (turn := host._loop.running) is not None]
    for name in list(hosts.hosts):
        hosts.kill(name)
    if turns:  # the store's client may swallow a cancellation
        await asyncio.wait(turns, timeout=10)


@pytest.fixture
def faulty(hosts: LocalHosts) -> FaultyStore:
    """The store of `hosts`."""
    assert isinstance(hosts.store, FaultyStore)
    return hosts.store


@pytest.fixture
async def driver(hosts: LocalHosts) -> LocalDriver:
    driver = LocalDriver(hosts)
    await driver.create_restaurant()
    return driver
