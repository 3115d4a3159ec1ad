"""Staff devices: added by a manager, signed in by their code, signed out at once."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from tests.gateway.conftest import SECRET, Gateway, Place, token
from tests.local_hosts import LocalHosts


def as_(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


async def added(gateway: Gateway, place: Place, **what: Any) -> tuple[int, str]:
    """A new device's id and code."""
    body = {"role": "waiter", "waiter_id": place.waiter, "label": "Ada's phone", **what}
    created = await gateway.post(f"/restaurants/{place.restaurant}/devices", body)
    device = int(created["device_id"])
    path = f"/api/restaurants/{place.restaurant}/devices/{device}"
    code = (await gateway.http.get(f"{path}/code")).json()
    assert code["url"].endswith(f"#device={code['device_code']}")
    picture = await gateway.http.get(f"{path}/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    return device, str(code["device_code"])


async def signed_in(gateway: Gateway, code: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=str(gateway.http.base_url), timeout=10) as http:
        return await http.post("/api/devices/sign-in", json={"device_code": code}, headers=headers)


async def listed(gateway: Gateway, place: Place) -> list[dict[str, Any]]:
    response = await gateway.http.get(f"/api/restaurants/{place.restaurant}/devices")
    devices: list[dict[str, Any]] = response.json()["data"]["devices"]
    return devices


async def test_a_device_signs_in_once_and_gets_its_role(gateway: Gateway, place: Place) -> None:
    device, code = await added(gateway, place, shift_hours=8)
    response = await signed_in(gateway, code)
    assert response.status_code == 200, response.text
    given = response.json()
    claims = jwt.decode(given["token"], SECRET, algorithms=["HS256"])
    assert (claims["role"], claims["waiter_id"], claims["device_id"]) == (
        "waiter", place.waiter, device,
    )  # fmt: skip
    assert "iat" not in claims, (
        "a gateway with a slow clock may refuse a token issued in its future"
    )
    [row] = await listed(gateway, place)
    assert claims["exp"] == given["expires_at"]
    assert (row["label"], row["role"]) == ("Ada's phone", "waiter")
    assert row["signed_in_at"]
    again = await signed_in(gateway, code)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    socket = await gateway.socket(f"waiters/{place.waiter}/", as_=given["token"])
    assert (await socket.next())["type"] == "tasks_list"
    seen = await gateway.http.get(f"/api/tables/{place.table}", headers=as_(given["token"]))
    assert seen.status_code == 200
    devices = f"/api/restaurants/{place.restaurant}/devices"
    refused = await gateway.http.get(devices, headers=as_(given["token"]))
    assert refused.json()["code"] == "forbidden"


async def test_a_sign_in_can_be_retried_with_the_same_key(gateway: Gateway, place: Place) -> None:
    _, code = await added(gateway, place)
    first = await signed_in(gateway, code, **{"Idempotency-Key": "k"})
    again = await signed_in(gateway, code, **{"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["expires_at"] == again.json()["expires_at"]


async def test_signing_a_device_out_closes_only_its_own_sockets(
    gateway: Gateway, place: Place
) -> None:
    device, code = await added(gateway, place)
    _, other_code = await added(gateway, place, role="kitchen", waiter_id=None, label="Grill")
    phone = (await signed_in(gateway, code)).json()["token"]
    grill = (await signed_in(gateway, other_code)).json()["token"]
    sockets = [
        await gateway.socket(path, as_=phone)
        for path in (f"waiters/{place.waiter}/", f"tables/{place.table}/")
    ]
    kitchen = await gateway.socket(f"restaurants/{place.restaurant}/", as_=grill)
    for socket in (*sockets, kitchen):
        await socket.next()
    path = f"/api/restaurants/{place.restaurant}/devices/{device}"
    removed = await gateway.http.delete(path)
    assert removed.json()["changed"] is True
    for socket in sockets:
        assert await socket.closed() == 4401
    assert "type" in await kitchen.request("get_status")
    late = await gateway.socket(f"tables/{place.table}/", as_=phone)
    assert await late.closed() == 4401
    response = await gateway.http.get(f"/api/tables/{place.table}", headers=as_(phone))
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    home = f"/api/restaurants/{place.restaurant}"
    assert (await gateway.http.get(home, headers=as_(grill))).is_success
    assert (await gateway.http.delete(path)).json()["changed"] is False
    assert [row["label"] for row in await listed(gateway, place)] == ["Grill"]


async def test_a_sign_in_code_expires_after_ten_minutes(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    device, code = await added(gateway, place)
    hosts.clock.ahead = timedelta(minutes=10, seconds=1)
    assert (await signed_in(gateway, code)).status_code == 404
    other, _ = await added(gateway, place, label="Another")
    assert [row["device_id"] for row in await listed(gateway, place)] == [other]
    assert other > device


@pytest.mark.parametrize("change", ["2.1.", "x", "1.99.AAAAAAAAAAAAAAAA", ""])
async def test_a_sign_in_code_with_an_invalid_signature_is_refused(
    gateway: Gateway, place: Place, change: str
) -> None:
    _, code = await added(gateway, place)
    forged = f"{change}{code.rpartition('.')[2]}" if change.endswith(".") else change
    assert (await signed_in(gateway, forged)).status_code in (404, 422)
    assert (await signed_in(gateway, code)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"role": "manager"}, {"role": "kitchen"}, {"waiter_id": None}, {"waiter_id": 999},
     {"shift_hours": 25}, {"label": ""}],
)  # fmt: skip
async def test_a_device_for_another_role_or_without_its_waiter_is_refused(
    gateway: Gateway, place: Place, wrong: dict[str, Any]
) -> None:
    body = {"role": "waiter", "waiter_id": place.waiter, "label": "phone", **wrong}
    path = f"/api/restaurants/{place.restaurant}/devices"
    response = await gateway.http.post(path, json=body)
    assert response.status_code in (404, 422), response.text
    assert await listed(gateway, place) == []


async def test_only_managers_can_read_device_codes(gateway: Gateway, place: Place) -> None:
    device, _ = await added(gateway, place)
    path = f"/api/restaurants/{place.restaurant}/devices/{device}"
    waiter = token("waiter", restaurant_id=place.restaurant, waiter_id=place.waiter)
    foreign = token("manager", restaurant_id=place.restaurant + 1)
    for what in ("code", "qr.svg"):
        refused = await gateway.http.get(f"{path}/{what}", headers=as_(waiter))
        assert refused.json()["code"] == "forbidden"
        missing = await gateway.http.get(f"{path}/{what}", headers=as_(foreign))
        assert missing.json()["code"] == "not_found"
    assert (await gateway.http.get(f"{path[:-1]}999/code")).status_code == 404
