"""Settings of ordering reach new sessions and orders, in both placements."""

from datetime import timedelta

import pytest

from protocol.ids import Address, Kind
from tests.eventually import eventually
from tests.gateway.conftest import Gateway, Place, wait_table_free
from tests.local_hosts import LocalHosts

ORDER = {"items": [{"menu_item_id": 1}]}


async def change(gateway: Gateway, place: Place, **settings: int) -> None:
    path = f"/api/restaurants/{place.restaurant}/ordering"
    response = await gateway.http.patch(path, json=settings)
    assert response.status_code == 200, response.text


async def open_session(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


def due_in(hosts: LocalHosts, address: Address, timer: str) -> timedelta:
    """The time until a timer of an entity is due."""
    entity = hosts.entity(address)
    assert entity is not None
    return entity.timers[timer].due - hosts.clock.now()


async def test_a_session_closes_after_the_minutes_that_its_restaurant_has_set(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    await change(gateway, place, empty_session_minutes=20)
    session = Address(Kind.SESSION, await open_session(gateway, place), place.restaurant)
    left = due_in(hosts, session, "empty")
    assert timedelta(minutes=19) < left <= timedelta(minutes=20)
    for name in list(hosts.hosts):
        hosts.kill(name)
    hosts.clock.ahead = timedelta(minutes=20)
    await gateway.http.get(f"/api/sessions/{session.id}")  # loads it with its timers
    await wait_table_free(gateway, place)
    status = (await gateway.http.get(f"/api/sessions/{session.id}")).json()["data"]["status"]
    assert status == "closed"


async def test_guests_are_seated_while_orders_are_paused(gateway: Gateway, place: Place) -> None:
    await gateway.post(f"/restaurants/{place.restaurant}/pause")
    table = (await gateway.http.get(f"/api/tables/{place.table}/code")).json()
    joined = await gateway.http.post(
        "/api/sessions/join",
        json={"table_code": table["table_code"]},
        headers={"Authorization": ""},
    )
    assert joined.status_code < 300, joined.text


async def test_an_order_is_ready_after_the_grace_period_that_its_restaurant_has_set(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    await change(gateway, place, ready_grace_s=60)
    session = await open_session(gateway, place)
    id_ = (await gateway.post(f"/sessions/{session}/orders", ORDER))["order_id"]
    order = Address(Kind.ORDER, id_, place.restaurant)
    for path, status in (("", "confirmed"), ("/items/1", "ready")):
        await gateway.http.patch(f"/api/orders/{id_}{path}", json={"status": status})
    left = due_in(hosts, order, "ready")
    assert timedelta(seconds=30) < left <= timedelta(seconds=60)
    for name in list(hosts.hosts):
        hosts.kill(name)
    hosts.clock.ahead = timedelta(seconds=60)

    async def is_ready() -> bool:
        data = (await gateway.http.get(f"/api/orders/{id_}")).json()["data"]
        return bool(data["status"] == "ready")

    await eventually(is_ready)


@pytest.mark.parametrize(
    "wrong",
    [{"empty_session_minutes": -1}, {"empty_session_minutes": 1441}, {"ready_grace_s": 301}],
    ids=str,
)
async def test_settings_out_of_range_are_rejected(
    gateway: Gateway, place: Place, wrong: dict[str, int]
) -> None:
    path = f"/api/restaurants/{place.restaurant}/ordering"
    response = await gateway.http.patch(path, json=wrong)
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_message"
