"""Numbers of orders, in both placements."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.backend.directory import Directory
from gateway.backend.id_allocation import IdAllocator
from gateway.settings import GatewaySettings
from protocol.ids import Kind
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Series, Store
from tests.gateway.conftest import Gateway, Place, serving
from tests.local_hosts import LocalHosts

ORDER = {"items": [{"menu_item_id": 1}]}


async def test_orders_of_a_restaurant_are_numbered_from_one(gateway: Gateway, place: Place) -> None:
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    placed = [await gateway.post(f"/sessions/{session}/orders", ORDER) for _ in range(4)]
    assert [each["number"] for each in placed] == [1, 2, 3, 4]
    status = await gateway.http.get(f"/api/orders/{placed[3]['order_id']}")
    assert status.json()["data"]["number"] == 4


async def test_a_repeated_order_has_the_number_of_the_first(gateway: Gateway, place: Place) -> None:
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    key = {"Idempotency-Key": "k-1"}
    placed = [await gateway.post(f"/sessions/{session}/orders", ORDER, headers=key) for _ in "12"]
    assert placed[0]["number"] == placed[1]["number"] == 1


async def test_two_gateways_give_no_number_twice(
    gateway: Gateway,
    place: Place,
    hosts: LocalHosts,
    valkey: EmbeddedStore,
    settings: GatewaySettings,
) -> None:
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    async with serving(hosts, open_store(valkey.url, retention_s=3600), settings) as other:
        placed = await asyncio.gather(
            *(each.post(f"/sessions/{session}/orders", ORDER) for each in (gateway, other) * 10)
        )
    assert len({each["number"] for each in placed}) == 20


class CountingStore:
    """A store that records what is reserved in each round trip."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reserved: list[set[Series]] = []

    async def reserve(self, count: Mapping[Series, int]) -> dict[Series, range]:
        self.reserved.append(set(count))
        return await self._store.reserve(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_numbers_are_reserved_together_with_ids(store: Store) -> None:
    counting: Any = CountingStore(store)
    ids = IdAllocator(counting, Directory(counting))
    orders = [await ids.new_order(2, "2026-12-01") for _ in range(40)]
    assert [number for _, number in orders] == list(range(1, 41))
    assert len(counting.reserved) == 6  # blocks of 1, 2, 4, 8, 16, 32
    assert all(len(series) == 2 for series in counting.reserved)
    counting.reserved.clear()
    assert await ids.new_order(2, "2026-12-02") == (orders[-1][0] + 1, 1)
    assert [Kind.ORDER in series for series in counting.reserved] == [False]
