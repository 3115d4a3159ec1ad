"""The client against a real gateway, with a network between them that can fail."""

from collections.abc import AsyncIterator

import pytest

from engine.placement import Mode, Placement
from restaurant_qr_client import RestaurantQR, Settings
from tests.client.proxy import Proxy, running_proxy
from tests.gateway.conftest import Gateway, gateway, hosts, place, settings, token

__all__ = ["gateway", "hosts", "place", "settings"]

FAST_SETTINGS = Settings(
    first_pause=0.02,
    longest_pause=0.2,
    heartbeat=0.5,
    timeout=2.0,
    stale_after=0.2,
    queue=5,
    backlog=500,
)


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


@pytest.fixture
async def proxy(gateway: Gateway) -> AsyncIterator[Proxy]:
    async with running_proxy(gateway.port) as proxy:
        yield proxy


@pytest.fixture
async def qr(proxy: Proxy) -> AsyncIterator[RestaurantQR]:
    async with RestaurantQR(
        f"http://127.0.0.1:{proxy.port}", token=token("admin"), settings=FAST_SETTINGS
    ) as qr:
        yield qr
