"""Availability of dishes and pauses of ordering, over HTTP and sockets and in both placements."""

import gzip
from typing import Any

import pytest

from tests.gateway.conftest import Gateway, Place, token

TEA = [{"menu_item_id": 1}]


@pytest.fixture
async def session(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


@pytest.fixture
def guest(place: Place, session: int) -> dict[str, str]:
    signed = token("guest", restaurant_id=place.restaurant, session_id=session)
    return {"Authorization": f"Bearer {signed}"}


async def test_a_guest_cannot_order_during_a_pause_and_staff_can(
    gateway: Gateway, place: Place, session: int, guest: dict[str, str]
) -> None:
    menu = await gateway.socket(f"restaurants/{place.restaurant}/menu/")
    await menu.next()
    home, orders = f"/api/restaurants/{place.restaurant}", f"/api/sessions/{session}/orders"
    paused = await gateway.http.post(f"{home}/pause", json={"message": "The oven is broken."})
    assert paused.status_code == 200, paused.text
    pushed = await menu.next()
    assert pushed["type"] == "ordering_update"
    assert pushed["data"]["ordering"]["message"] == "The oven is broken."
    for path in (orders, f"/api/sessions/{session}/quote"):
        refused = await gateway.http.post(path, json={"items": TEA}, headers=guest)
        assert (refused.status_code, refused.json()["code"]) == (409, "ordering_paused")
    assert (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]["orders"] == []
    assert (await gateway.http.post(orders, json={"items": TEA})).status_code == 201
    assert (await gateway.http.post(f"{home}/resume")).status_code == 200
    assert (await gateway.http.post(orders, json={"items": TEA}, headers=guest)).status_code == 201


async def test_a_change_of_one_dish_is_pushed_as_that_dish_alone(
    gateway: Gateway, place: Place
) -> None:
    menu = await gateway.socket(f"restaurants/{place.restaurant}/menu/")
    await menu.next()
    path = f"/api/restaurants/{place.restaurant}/menu/items/1"
    change = {"available": False, "until": "end_of_day"}
    answer = await gateway.http.patch(path, json=change)
    assert answer.status_code == 200, answer.text
    pushed = await menu.next()
    assert pushed["type"] == "menu_item_updated"
    assert pushed["data"]["item"] == answer.json()["data"]["categories"][0]["items"][0]
    assert pushed["data"]["item"]["unavailable_until"] is not None


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_unchanged_menu_is_not_sent_again(
    gateway: Gateway, place: Place, encoding: str
) -> None:
    path = f"/api/restaurants/{place.restaurant}/menu"
    items: list[dict[str, Any]] = [{"name": f"Dish {n}", "price": "9.50"} for n in range(300)]
    menu = {"categories": [{"name": "All", "items": items}]}
    assert (await gateway.http.put(path, json=menu)).status_code == 200
    headers = {"Accept-Encoding": encoding}
    first = await gateway.http.get(path, headers=headers)
    etag = first.headers["etag"]
    assert first.headers.get("content-encoding") == (None if encoding == "identity" else "gzip")
    assert first.headers["cache-control"] == "private, no-cache"
    again = await gateway.http.get(path, headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    await gateway.http.patch(f"{path}/items/9", json={"available": False})
    changed = await gateway.http.get(path, headers={**headers, "If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_compressed_menu_has_a_tenth_of_its_size(gateway: Gateway, place: Place) -> None:
    path = f"/api/restaurants/{place.restaurant}/menu"
    items = [{"name": f"Dish {n}", "price": "9.50"} for n in range(300)]
    await gateway.http.put(path, json={"categories": [{"name": "All", "items": items}]})
    async with gateway.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert len(raw) * 10 < len(gzip.decompress(raw))


async def test_staff_orders_are_confirmed_at_once_also_in_free_text(
    gateway: Gateway, place: Place, session: int, guest: dict[str, str]
) -> None:
    path = f"/api/restaurants/{place.restaurant}/ordering"
    changed = await gateway.http.patch(path, json={"auto_confirm": "staff"})
    assert changed.json()["data"]["auto_confirm"] == "staff", changed.text
    orders = f"/api/sessions/{session}/orders"
    for items in (TEA, [{"name": "Birthday cake", "unit_price": "30.00"}]):
        placed = await gateway.http.post(orders, json={"items": items})
        assert placed.json()["data"]["status"] == "confirmed", placed.text
    by_guest = await gateway.http.post(orders, json={"items": TEA}, headers=guest)
    assert by_guest.json()["data"]["status"] == "pending"
