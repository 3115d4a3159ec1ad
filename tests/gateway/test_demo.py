"""The demo chain: in an empty store, and completed after an interruption at any write."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest

from engine.placement import Mode, Placement
from scripts.demo import RESTAURANTS, WAITERS, ZONES, Api, fill
from scripts.demo_menu import MENU
from tests.eventually import eventually
from tests.gateway.conftest import Gateway, token

WRITES = 24
"""Two restaurants, ten waiters, eight tables, two menus, a session and an order."""


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


class Killed(Exception):
    """The process that filled the store was killed."""


class InterruptedApi(Api):
    """API client that is killed before it has the response to its `last` write."""

    def __init__(self, url: str, key: str, last: int) -> None:
        super().__init__(url, key)
        self._left = last

    def send(self, method: str, path: str, body: object) -> Any:
        response = super().send(method, path, body)
        self._left -= 1
        if self._left == 0:
            raise Killed
        return response


def api_of(gateway: Gateway) -> tuple[str, str]:
    return f"http://127.0.0.1:{gateway.port}", token("admin", sub="demo")


async def get(gateway: Gateway, path: str) -> Any:
    response = await gateway.http.get(f"/api{path}")
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def demo_entities(gateway: Gateway) -> list[dict[str, Any]]:
    """Everything of the demo's restaurants, without ids."""
    found = []
    for home in await get(gateway, "/restaurants"):
        if home["name"] not in {each["name"] for each in RESTAURANTS}:
            continue
        names = {each["waiter_id"]: each["name"] for each in home["waiters"]}
        menu = await get(gateway, f"/restaurants/{home['id']}/menu")
        found.append(
            {
                "name": home["name"],
                "waiters": [each["name"] for each in home["waiters"]],
                "tables": [
                    (each["table_number"], each["zone"], names[each["waiter_id"]])
                    for each in home["tables"]["list"]
                ],
                "menu": [
                    (category["name"], [item["name"] for item in category["items"]])
                    for category in menu["categories"]
                ],
                "orders": [
                    (each["table_number"], each["total_amount"]) for each in home["open_orders"]
                ],
            }
        )
    return found


def expected() -> Iterator[dict[str, Any]]:
    menu: list[Any] = [
        (each["name"], [item["name"] for item in each["items"]]) for each in cast(Any, MENU)
    ]
    for place, (restaurant, waiters) in enumerate(zip(RESTAURANTS, WAITERS, strict=True)):
        numbers = range(4 * place + 1, 4 * place + 5)
        yield {
            "name": restaurant["name"],
            "waiters": list(waiters),
            "tables": [
                (str(number), zone, waiter)
                for number, zone, waiter in zip(numbers, ZONES, waiters[::-1], strict=False)
            ],
            "menu": menu,
            "orders": [("6", "250.00")] if place else [],
        }


async def settled(gateway: Gateway) -> list[dict[str, Any]]:
    """The entities once its order has reached its restaurant."""

    async def complete() -> list[dict[str, Any]] | None:
        found = await demo_entities(gateway)
        return found if found and found[-1]["orders"] else None

    found: list[dict[str, Any]] = await eventually(complete)
    return found


async def test_demo_ids_in_an_empty_store_match_the_examples_of_the_protocol(
    gateway: Gateway,
) -> None:
    assert await asyncio.to_thread(fill, Api(*api_of(gateway)))
    assert await settled(gateway) == list(expected())
    assert (await get(gateway, "/orders/1"))["total_amount"] == "250.00"
    assert (await get(gateway, "/sessions/1"))["table_id"] == 6
    assert (await get(gateway, "/tables/5"))["restaurant_id"] == 2
    assert (await get(gateway, "/waiters/10"))["restaurant_id"] == 2


async def test_a_complete_demo_chain_is_not_changed(gateway: Gateway) -> None:
    api = Api(*api_of(gateway))
    assert await asyncio.to_thread(fill, api)
    before = await settled(gateway)
    assert not await asyncio.to_thread(fill, api)
    assert await demo_entities(gateway) == before


async def test_the_demo_does_not_change_a_store_with_another_chain(gateway: Gateway) -> None:
    await another_client(gateway)
    assert not await asyncio.to_thread(fill, Api(*api_of(gateway)))
    assert not await demo_entities(gateway)


async def another_client(gateway: Gateway) -> None:
    """Create an entity of each kind, as another client of the store."""
    described = {"name": "Another", "currency": "EUR", "timezone": "Europe/Rome"}
    home = (await gateway.post("/restaurants", described))["restaurant_id"]
    await gateway.post(f"/restaurants/{home}/waiters", {"name": "Ada"})
    table = await gateway.post(
        f"/restaurants/{home}/tables", {"number": "1", "zone": "A", "seats": 2}
    )
    await gateway.post(f"/tables/{table['table_id']}/sessions")


@pytest.mark.parametrize("last", range(1, WRITES + 1))
async def test_an_interrupted_demo_is_completed_whatever_ids_were_issued_meanwhile(
    gateway: Gateway, last: int
) -> None:
    with pytest.raises(Killed):
        await asyncio.to_thread(fill, InterruptedApi(*api_of(gateway), last))
    await another_client(gateway)
    is_complete = last == WRITES
    assert await asyncio.to_thread(fill, Api(*api_of(gateway))) is not is_complete
    assert await settled(gateway) == list(expected())


async def test_the_demo_is_complete_even_if_other_ids_are_issued_meanwhile(
    gateway: Gateway,
) -> None:
    loop = asyncio.get_running_loop()

    class Disturbed(Api):
        def send(self, method: str, path: str, body: object) -> Any:
            response = super().send(method, path, body)
            asyncio.run_coroutine_threadsafe(another_client(gateway), loop).result()
            return response

    assert await asyncio.to_thread(fill, Disturbed(*api_of(gateway)))
    assert await settled(gateway) == list(expected())
