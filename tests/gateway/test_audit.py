"""The audit: what was refused, forced or touched money, over real sockets and HTTP."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from domain.refusals import AUDITED_AN_HOUR, LEFT_OUT, CallerClass
from gateway.auth.codes import device_codes
from gateway.settings import GatewaySettings
from tests.attack_report import Attempts
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, make_place, token
from tests.local_hosts import LocalHosts

GUESTS_AN_HOUR = AUDITED_AN_HOUR[CallerClass.GUEST]


@pytest.fixture
def settings() -> GatewaySettings:
    return replace(GatewaySettings(KEYS), trusted_proxies=(ip_network("127.0.0.0/8"),))


def as_(role: str, place: Place, address: str = "203.0.113.7", **claims: Any) -> dict[str, str]:
    given = token(role, restaurant_id=place.restaurant, **claims)
    return {"Authorization": f"Bearer {given}", "X-Forwarded-For": address}


async def audit(gateway: Gateway, path: str, count: int, **query: int) -> list[dict[str, Any]]:
    """An entity's audit, once it has at least `count` events, which must be all."""

    async def enough() -> list[dict[str, Any]] | None:
        response = await gateway.http.get(f"/api/{path}/audit", params=query)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["data"]
        return found if len(found) >= count else None

    events: list[dict[str, Any]] = await eventually(enough)
    assert len(events) == count, events
    return events


async def place_order(gateway: Gateway, place: Place) -> tuple[int, int]:
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    items = {"items": [{"menu_item_id": 1}]}
    return session, (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]


async def test_a_payment_is_audited_with_caller_time_and_address(
    gateway: Gateway, place: Place
) -> None:
    _, order = await place_order(gateway, place)
    maria = as_("manager", place, sub="maria")
    for amount, key in (("6.00", "a"), ("6.00", "b"), ("0.50", "c"), ("0.50", "c")):
        await gateway.http.post(
            f"/api/orders/{order}/payments",
            json={"amount": amount, "method": "card"},
            headers={**maria, "Idempotency-Key": key},
        )
    events = await audit(gateway, f"orders/{order}", 3)
    assert [(e["position"], e["outcome"], e["data"]["amount"]) for e in events] == [
        (0, "done", "6.00"), (1, "overpayment", "6.00"), (2, "done", "0.50"),
    ]  # fmt: skip
    for event in events:
        assert (event["type"], event["by"], event["role"]) == ("pay", "manager:maria", "manager")
        assert event["from"] == "203.0.113.7"
        assert event["at"].endswith("Z")
    assert [e["position"] for e in await audit(gateway, f"orders/{order}", 1, before=1)] == [0]


async def test_a_refusal_by_the_gateway_is_audited(gateway: Gateway, place: Place) -> None:
    session, order = await place_order(gateway, place)
    guest = as_("guest", place, "198.51.100.9", session_id=session)
    refused = await gateway.http.patch(
        f"/api/orders/{order}", json={"status": "ready"}, headers=guest
    )
    assert refused.json()["code"] == "forbidden"
    kitchen = token("kitchen", restaurant_id=place.restaurant)
    socket = await gateway.socket(f"orders/{order}/", as_=kitchen)
    response = await socket.request("update_status", status="delivered")
    assert response["code"] == "forbidden"
    one, other = await audit(gateway, f"orders/{order}", 2)
    assert (one["type"], one["outcome"], one["from"]) == (
        "update_status", "forbidden", "198.51.100.9",
    )  # fmt: skip
    assert (one["role"], one["data"]) == ("guest", {"status": "ready"})
    assert (other["role"], other["data"]) == ("kitchen", {"status": "delivered"})
    assert (await gateway.http.get(f"/api/orders/{order}")).json()["data"]["status"] == "pending"


async def test_refusals_do_not_evict_other_audit_entries(gateway: Gateway, place: Place) -> None:
    session, order = await place_order(gateway, place)
    maria = {**as_("manager", place, sub="maria"), "Idempotency-Key": "k"}
    paid = {"amount": "0.50", "method": "card"}
    await gateway.http.post(f"/api/orders/{order}/payments", json=paid, headers=maria)
    guest = as_("guest", place, session_id=session)
    for _ in range(GUESTS_AN_HOUR + 10):
        await gateway.http.patch(f"/api/orders/{order}", json={"status": "ready"}, headers=guest)
    first, *others = await audit(gateway, f"orders/{order}", 3 + GUESTS_AN_HOUR, limit=100)
    assert (first["type"], first["outcome"]) == ("pay", "done")
    assert {each["outcome"] for each in others[:GUESTS_AN_HOUR]} == {"forbidden"}
    reports = [(each["type"], each["data"]["count"]) for each in others[GUESTS_AN_HOUR:]]
    assert reports == [(LEFT_OUT, 1), (LEFT_OUT, 10)]
    assert others[-1]["data"]["callers"] == "guest"


@pytest.mark.attack("floods")
async def test_a_guest_cannot_switch_off_the_audit_of_the_staff(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """Refused reads of another restaurant's entities fill the audit of the guest's own."""
    other = await make_place(gateway)
    own_session, _ = await place_order(gateway, place)
    guest = as_("guest", place, session_id=own_session)
    for _ in range(3 * GUESTS_AN_HOUR):
        await gateway.http.get(f"/api/tables/{other.table}", headers=guest)
    waiter = as_("waiter", place, waiter_id=place.waiter)
    for _ in range(4):
        await gateway.http.get(f"/api/restaurants/{place.restaurant}/devices", headers=waiter)
    replayed = {"device_code": device_codes(KEYS.tokens, str).sign(place.restaurant, 4711)}
    request = gateway.http.build_request("POST", "/api/devices/sign-in", json=replayed)
    del request.headers["Authorization"]
    assert (await gateway.http.send(request)).status_code == 404
    count = GUESTS_AN_HOUR + 2 + 4 + 1  # guests, left out, the waiter, the device
    events = await audit(gateway, f"restaurants/{place.restaurant}", count, limit=100)
    for each in events[-5:-1]:
        attempts.refused((each["by"], each["outcome"]) == (f"waiter:{place.waiter}", "forbidden"))
    last = events[-1]
    attempts.refused((last["type"], last["by"]) == ("sign_in_device", "device:4711"), last)


async def test_a_forced_command_is_audited_at_its_entity(gateway: Gateway, place: Place) -> None:
    session, _ = await place_order(gateway, place)
    maria = token("manager", restaurant_id=place.restaurant, sub="maria")
    socket = await gateway.socket(f"tables/{place.table}/", as_=maria)
    assert (await socket.request("release"))["code"] == "unsettled"
    assert (await socket.request("release", force=True, reason="gone"))["data"]["changed"]
    refused, forced = await audit(gateway, f"sessions/{session}", 2)
    assert (refused["type"], refused["outcome"]) == ("close_session", "unsettled")
    assert (forced["type"], forced["outcome"], forced["by"]) == (
        "close_session", "done", "manager:maria",
    )  # fmt: skip
    assert forced["data"] == {"force": True, "reason": "gone"}


async def test_only_managers_of_the_restaurant_can_read_its_audit(
    gateway: Gateway, place: Place
) -> None:
    path = f"/api/restaurants/{place.restaurant}/audit"
    for role in ("waiter", "kitchen"):
        response = await gateway.http.get(path, headers=as_(role, place, waiter_id=place.waiter))
        assert response.json()["code"] == "forbidden"
    foreign = {"Authorization": f"Bearer {token('manager', restaurant_id=place.restaurant + 1)}"}
    assert (await gateway.http.get(path, headers=foreign)).status_code == 404
    assert (await gateway.http.get(path, headers=as_("manager", place))).status_code == 200


async def test_a_denied_read_is_audited(gateway: Gateway, place: Place) -> None:
    kitchen = token("kitchen", restaurant_id=place.restaurant, sub="k")
    headers = {"Authorization": f"Bearer {kitchen}"}
    paths = {
        f"/restaurants/{place.restaurant}/audit": "audit",
        f"/restaurants/{place.restaurant}/devices": "devices",
        f"/restaurants/{place.restaurant}/qr-sheet": "code",
        f"/restaurants/{place.restaurant}/devices/1/code": "device_code",
    }
    for path in paths:
        response = await gateway.http.get(f"/api{path}", headers=headers)
        assert response.status_code == 403, (path, response.text)
    socket = await gateway.socket(f"restaurants/{place.restaurant}/devices/", kitchen)
    assert await socket.closed() == 4403

    async def denied_reads() -> list[dict[str, Any]] | None:
        response = await gateway.http.get(f"/api/restaurants/{place.restaurant}/audit")
        found = [each for each in response.json()["data"] if each["outcome"] == "forbidden"]
        return found if len(found) == len(paths) + 1 else None

    refused = await eventually(denied_reads)
    assert sorted(each["type"] for each in refused) == sorted([*paths.values(), "devices"])
    assert {each["by"] for each in refused} == {"kitchen:k"}


async def test_a_scan_of_a_replaced_code_is_audited_at_its_table(
    gateway: Gateway, place: Place
) -> None:
    path = f"/api/tables/{place.table}"
    code = {"table_code": (await gateway.http.get(f"{path}/code")).json()["table_code"]}
    await gateway.post(f"/tables/{place.table}/code")
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert (
        await gateway.http.post("/api/sessions/join", json=code, headers=forwarded)
    ).status_code == 404

    async def refused_scan() -> dict[str, Any] | None:
        (first, *_) = (await gateway.http.get(f"{path}/audit")).json()["data"] or [{}]
        return first if first.get("outcome") == "not_found" else None

    last = await eventually(refused_scan)
    assert (last["type"], last["from"], last["data"]) == ("join_session", "203.0.113.9", {})


async def test_refunds_and_rewritten_items_are_audited(gateway: Gateway, place: Place) -> None:
    _, order = await place_order(gateway, place)
    maria = as_("manager", place, sub="maria")
    items = {"items": [{"menu_item_id": 1, "quantity": 2}]}
    await gateway.http.put(f"/api/orders/{order}/items", json=items, headers=maria)
    paid = {"amount": "5.00", "method": "cash"}
    key = {"Idempotency-Key": "k"}
    await gateway.post(f"/orders/{order}/payments", paid, headers={**maria, **key})
    cancel = {"status": "cancelled", "reason": "cold"}
    await gateway.http.patch(f"/api/orders/{order}", json=cancel, headers=maria)
    await gateway.post(f"/orders/{order}/refunds", {"reason": "cold"}, headers=maria)
    rewritten, pay, _, refund = await audit(gateway, f"orders/{order}", 4)
    assert rewritten["data"] == {"total_amount": "13.00"}
    assert pay["data"] == {"amount": "5.00", "method": "cash", "payment_id": 1, "balance": "8.00"}
    assert refund["data"] == {"amount": "5.00", "reason": "cold"}
    path = f"restaurants/{place.restaurant}"
    await gateway.http.put(f"/api/{path}/menu", json={"categories": []}, headers=maria)
    created, menu = await audit(gateway, f"{path}/menu", 2)
    assert menu["data"] == {"menu_version": created["data"]["menu_version"] + 1}


async def test_a_device_sign_in_is_audited_whether_accepted_or_refused(
    gateway: Gateway, place: Place
) -> None:
    path = f"restaurants/{place.restaurant}"
    added = await gateway.post(f"/{path}/devices", {"role": "kitchen", "label": "Grill"})
    device = added["device_id"]
    code = (await gateway.http.get(f"/api/{path}/devices/{device}/code")).json()
    body = {"device_code": code["device_code"]}
    for address, status in (("203.0.113.9", 200), ("198.51.100.4", 404)):
        forwarded = {"X-Forwarded-For": address}
        response = await gateway.http.post("/api/devices/sign-in", json=body, headers=forwarded)
        assert response.status_code == status
    *_, done, refused = await audit(gateway, path, 3)
    assert [(each["type"], each["outcome"], each["from"]) for each in (done, refused)] == [
        ("sign_in_device", "done", "203.0.113.9"), ("sign_in_device", "not_found", "198.51.100.4"),
    ]  # fmt: skip
    assert {each["by"] for each in (done, refused)} == {f"device:{device}"}
    assert (done["data"]["role"], refused["data"]) == ("kitchen", {"device_id": device})


async def test_opening_a_table_is_audited_with_the_guests_address(
    gateway: Gateway, place: Place
) -> None:
    """Also if it is refused, as at an inactive table."""
    path = f"/api/tables/{place.table}"
    code = {"table_code": (await gateway.http.get(f"{path}/code")).json()["table_code"]}
    await gateway.http.patch(path, json={"is_active": False})
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    response = await gateway.http.post("/api/sessions/join", json=code, headers=forwarded)
    assert response.json()["code"] == "table_inactive"
    [event] = await audit(gateway, f"tables/{place.table}", 1)
    assert (event["type"], event["outcome"], event["from"]) == (
        "occupy", "table_inactive", "203.0.113.9",
    )  # fmt: skip


async def test_a_request_for_a_foreign_entity_is_audited_in_the_callers_restaurant(
    gateway: Gateway, place: Place
) -> None:
    """A request for a missing entity is not audited."""
    other = await make_place(gateway)
    session, order = await place_order(gateway, other)
    own_session, _ = await place_order(gateway, place)
    guest = as_("guest", place, "198.51.100.9", session_id=own_session)
    assert (await gateway.http.get(f"/api/orders/{order}", headers=guest)).status_code == 404
    assert (await gateway.http.get("/api/orders/987654", headers=guest)).status_code == 404
    waiter = token("waiter", restaurant_id=place.restaurant, waiter_id=place.waiter)
    socket = await gateway.socket(f"tables/sessions/{session}/", waiter)
    assert await socket.closed() == 4404
    read, joined = await audit(gateway, f"restaurants/{place.restaurant}", 2)
    assert (read["type"], read["outcome"], read["data"]) == (
        "order", "not_found", {"foreign_id": order},
    )  # fmt: skip
    assert (read["role"], read["from"]) == ("guest", "198.51.100.9")
    assert (joined["type"], joined["by"], joined["data"]) == (
        "session", f"waiter:{place.waiter}", {"foreign_id": session},
    )  # fmt: skip
    unrelated = await gateway.http.get(f"/api/restaurants/{other.restaurant}/audit")
    assert unrelated.json()["data"] == []


async def test_hourly_rejection_count_survives_a_lost_host(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    session, order = await place_order(gateway, place)
    guest = as_("guest", place, session_id=session)
    for _ in range(2):
        for _ in range(GUESTS_AN_HOUR - 5):
            path = f"/api/orders/{order}"
            await gateway.http.patch(path, json={"status": "ready"}, headers=guest)
        await audit(gateway, f"orders/{order}", GUESTS_AN_HOUR - 5, limit=GUESTS_AN_HOUR - 5)
        for name in list(hosts.hosts):
            hosts.kill(name)
    events = await audit(gateway, f"orders/{order}", GUESTS_AN_HOUR + 2, limit=1000)
    counts = [each["data"]["count"] for each in events if each["type"] == LEFT_OUT]
    assert counts == [1, 10]
