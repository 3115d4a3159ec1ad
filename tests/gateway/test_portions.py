"""Portions over HTTP and sockets, in both placements."""

import asyncio
from typing import Any

import pytest

from tests.eventually import eventually
from tests.gateway.conftest import Gateway, Place, token

DISH = 1
LINES = [{"menu_item_id": DISH}]


@pytest.fixture
async def session(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


def staff(role: str, place: Place, **claims: Any) -> dict[str, str]:
    signed = token(role, restaurant_id=place.restaurant, **claims)
    return {"Authorization": f"Bearer {signed}"}


async def set_portions(gateway: Gateway, place: Place, portions: int | None, **how: Any) -> int:
    path = f"/api/restaurants/{place.restaurant}/menu/items/{DISH}"
    response = await gateway.http.patch(path, json={"portions": portions}, **how)
    return response.status_code


async def portions_of(gateway: Gateway, place: Place, **how: Any) -> int | None:
    path = f"/api/restaurants/{place.restaurant}/menu"
    data = (await gateway.http.get(path, **how)).json()["data"]
    portions: int | None = data["categories"][0]["items"][0]["portions"]
    return portions


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("kitchen", 200), ("waiter", 403), ("guest", 403)]
)
async def test_managers_and_kitchens_set_portions(
    gateway: Gateway, place: Place, session: int, role: str, status: int
) -> None:
    claims = {"waiter": {"waiter_id": place.waiter}, "guest": {"session_id": session}}
    headers = staff(role, place, **claims.get(role, {}))
    assert await set_portions(gateway, place, 12, headers=headers) == status
    assert await portions_of(gateway, place) == (12 if status == 200 else None)


async def test_guests_who_order_the_last_portion_at_once_get_it_once(
    gateway: Gateway, place: Place, session: int
) -> None:
    assert await set_portions(gateway, place, 1) == 200
    guest = staff("guest", place, session_id=session)
    path = f"/api/sessions/{session}/orders"
    replies = await asyncio.gather(
        *(gateway.http.post(path, json={"items": LINES}, headers=guest) for _ in range(5))
    )
    assert sorted(each.status_code for each in replies) == [201, 409, 409, 409, 409]
    refused = next(each.json() for each in replies if each.status_code == 409)
    assert refused["code"] == "item_unavailable"
    assert refused["details"]["portions"] == [{"menu_item_id": DISH, "left": 0}]
    assert await portions_of(gateway, place) == 0


async def test_a_repeated_order_is_placed_once(
    gateway: Gateway, place: Place, session: int
) -> None:
    assert await set_portions(gateway, place, 1) == 200
    path, key = f"/api/sessions/{session}/orders", {"Idempotency-Key": "k"}
    first, again = [
        await gateway.http.post(path, json={"items": LINES}, headers=key) for _ in range(2)
    ]
    assert first.status_code == again.status_code == 201, again.text
    assert again.json()["order_id"] == first.json()["order_id"]
    assert await portions_of(gateway, place) == 0


async def test_guests_see_few_portions_and_are_sent_no_invisible_change(
    gateway: Gateway, place: Place, session: int
) -> None:
    assert await set_portions(gateway, place, 7) == 200
    guest = staff("guest", place, session_id=session)
    assert await portions_of(gateway, place, headers=guest) is None
    channel = f"restaurants/{place.restaurant}/menu/"
    theirs = await gateway.socket(channel, guest["Authorization"].removeprefix("Bearer "))
    ours = await gateway.socket(channel)
    assert (await theirs.next())["data"]["categories"][0]["items"][0]["portions"] is None
    await ours.next()
    for left, shown in ((6, "withheld"), (5, "menu_item_updated")):
        await gateway.post(f"/sessions/{session}/orders", {"items": LINES})
        whole, seen = await ours.next(), await theirs.next()
        assert whole["type"] == "menu_item_updated"
        assert whole["data"]["item"]["portions"] == left
        assert len(str(whole)) < 1_000
        assert (seen["type"], seen["seq"]) == (shown, whole["seq"])
    assert seen["data"]["item"]["portions"] == 5


async def test_a_cancelled_order_gives_its_portions_back(
    gateway: Gateway, place: Place, session: int
) -> None:
    assert await set_portions(gateway, place, 3) == 200
    placed = await gateway.post(f"/sessions/{session}/orders", {"items": LINES})
    assert await portions_of(gateway, place) == 2
    path = f"/api/orders/{placed['order_id']}"
    cancelled = await gateway.http.patch(path, json={"status": "cancelled"})
    assert cancelled.status_code == 200, cancelled.text

    async def check() -> bool:
        return await portions_of(gateway, place) == 3

    await eventually(check)
