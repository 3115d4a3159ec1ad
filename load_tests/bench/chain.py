"""The restaurants that a benchmark plays in, made over the public HTTP API."""

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
class Place:
    """One restaurant: the sessions of the guests at its tables, and its menu's items, by id."""

    restaurant: int
    sessions: tuple[int, ...]
    items: tuple[int, ...]


def api(server: Server) -> httpx.AsyncClient:
    """The HTTP API, as an admin of the chain."""
    return httpx.AsyncClient(
        base_url=server.api,
        headers={"Authorization": f"Bearer {token()}"},
        timeout=60,
        limits=httpx.Limits(max_connections=8),
    )


async def places(server: Server, count: int, tables: int = 1) -> list[Place]:
    """So many restaurants, each with a menu, a waiter, and guests at so many tables."""
    async with api(server) as http:
        room = asyncio.Semaphore(8)

        async def one(number: int) -> Place:
            async with room:
                return await _place(http, number, tables)

        return list(await asyncio.gather(*map(one, range(count))))


async def _place(http: httpx.AsyncClient, number: int, tables: int) -> Place:
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
    return Place(restaurant, tuple(sessions), items)


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await http.post(path, json=body)
    answer.raise_for_status()
    return answer.json()
