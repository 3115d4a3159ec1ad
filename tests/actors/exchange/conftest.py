"""Hosts behind faulty ways, a chain on them, and a gateway in front."""

from collections.abc import AsyncIterator

import pytest

from actors.placement import Placement
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.actors.exchange.roads import Gateway, Roads
from tests.actors.faulty_store import FaultyStore


@pytest.fixture
async def roads(store: Store, placement: Placement) -> AsyncIterator[Roads]:
    roads = Roads(store, placement, wrap=FaultyStore)
    yield roads
    for name in list(roads.hosts):
        roads.kill(name)


@pytest.fixture
async def chain(roads: Roads) -> LocalChain:
    chain = LocalChain(roads)
    await chain.open()
    return chain


@pytest.fixture
async def gateway(roads: Roads) -> AsyncIterator[Gateway]:
    gateway = Gateway(roads)
    yield gateway
    await gateway.close()
