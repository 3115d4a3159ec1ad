"""The restaurants of a benchmark, created over the public HTTP API."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from load_tests.bench.servers import Server, token

MENU = {
    "categories": [
        {
            "name": "All",
            "items": [
                {"name": "Fish soup", "price": "14.50"},
                {"name": "Seafood platter", "price": "110.00"},
                {"name": "Muscadet, a bottle", "price": "30.00"},
            ],
        }
    ]
}


@dataclass(frozen=True, slots=True)
class BenchRestaurant:
    """A restaurant: ids of the sessions at its tables and of its menu items."""

    id: int
    sessions: tuple[int, ...]
    items: tuple[int, ...]


def api(server: Server) -> httpx.AsyncClient:
    """An HTTP client that is an admin of the chain."""
    return httpx.AsyncClient(
        base_url=server.api,
        headers={"Authorization": f"Bearer {token()}"},
        timeout=60,
        limits=httpx.Limits(max_connections=8),
    )


async def create_restaurants(server: Server, count: int, tables: int = 1) -> list[BenchRestaurant]:
    """Create restaurants, each with a menu, a waiter, and guests at that many tables."""
    async with api(server) as http:
        slots = asyncio.Semaphore(8)

        async def one(number: int) -> BenchRestaurant:
            async with slots:
                return await _create_restaurant(http, number, tables)

        return list(await asyncio.gather(*map(one, range(count))))


async def _create_restaurant(http: httpx.AsyncClient, number: int, tables: int) -> BenchRestaurant:
    described = {"name": f"No. {number}", "currency": "EUR", "timezone": "Europe/Rome"}
    restaurant = (await _post(http, "/restaurants", described))["restaurant_id"]
    answer = await http.put(f"/restaurants/{restaurant}/menu", json=MENU)
    answer.raise_for_status()
    items = tuple(
        item["id"] for category in answer.json()["data"]["categories"] for item in category["items"]
    )
    waiter = (await _post(http, f"/restaurants/{restaurant}/waiters", {"name": "Ada"}))["waiter_id"]
    sessions = []
    for table in range(1, tables + 1):
        seats = {"number": str(table), "zone": "A", "seats": 4, "waiter_id": waiter}
        table_id = (await _post(http, f"/restaurants/{restaurant}/tables", seats))["table_id"]
        session = await _post(http, f"/tables/{table_id}/sessions", {"guests_count": 2})
        sessions.append(session["session_id"])
    return BenchRestaurant(restaurant, tuple(sessions), items)


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await http.post(path, json=body)
    answer.raise_for_status()
    return answer.json()
