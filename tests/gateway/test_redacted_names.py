"""Names of staff are in history and audit only, not in what guests can read."""

from typing import Any

import orjson
import pytest

from tests.gateway.conftest import Gateway, Place, token

LOGIN = "ada@chain.example"


@pytest.fixture
def manager(place: Place) -> dict[str, str]:
    bearer = token("manager", restaurant_id=place.restaurant, sub=LOGIN)
    return {"Authorization": f"Bearer {bearer}"}


async def test_guests_see_roles_and_waiter_ids_instead_of_names(
    gateway: Gateway, place: Place, manager: dict[str, str]
) -> None:
    """A manager runs every command while a guest reads all its channels and routes."""

    async def run(method: str, path: str, body: Any) -> Any:
        headers = {**manager, "Idempotency-Key": f"{method}-{path}"}
        response = await gateway.http.request(method, f"/api/{path}", json=body, headers=headers)
        assert response.status_code < 300, response.text
        return response.json()

    session = (await run("POST", f"tables/{place.table}/sessions", {}))["session_id"]
    items = {"items": [{"menu_item_id": 1}]}
    order = (await run("POST", f"sessions/{session}/orders", items))["order_id"]
    await run("PUT", f"orders/{order}/items", {"items": [{"menu_item_id": 2}]})
    other = (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]
    guest = token("guest", restaurant_id=place.restaurant, session_id=session)
    sockets = [
        await gateway.socket(path, guest)
        for path in (
            f"tables/sessions/{session}", f"tables/{place.table}", f"orders/{order}",
            f"orders/{order}/items", f"orders/{other}", f"restaurants/{place.restaurant}/menu",
        )
    ]  # fmt: skip
    call = (await run("POST", f"sessions/{session}/calls", {"reason": "bill"}))["call_id"]
    await run("PATCH", f"calls/{call}", {"status": "acknowledged"})
    await run("PATCH", f"sessions/{session}", {"guests_count": 3})
    await run("PATCH", f"orders/{order}", {"status": "confirmed"})
    await run("PATCH", f"orders/{order}/items/2", {"status": "ready"})
    await run("POST", f"orders/{order}/payments", {"amount": "1.00", "method": "cash"})
    await run("PATCH", f"orders/{other}", {"status": "cancelled", "reason": "cold"})
    await run("PATCH", f"restaurants/{place.restaurant}/menu/items/1", {"price": "7.00"})
    seen = await gateway.http.post(
        "/api/sessions/join", json={"session_code": await _code(gateway, session)}
    )
    received = [seen.text]
    for path in (
        f"sessions/{session}", f"tables/{place.table}", f"orders/{order}", f"orders/{other}",
        f"restaurants/{place.restaurant}/menu",
    ):  # fmt: skip
        headers = {"Authorization": f"Bearer {guest}"}
        received.append((await gateway.http.get(f"/api/{path}", headers=headers)).text)
    closing = {"force": True, "reason": "the end"}
    await run("POST", f"sessions/{session}/close", closing)
    for socket in sockets:
        received += [orjson.dumps(frame).decode() for frame in await socket.remaining()]
    assert len(received) > 15
    assert not [each for each in received if LOGIN in each]
    [row] = seen.json()["data"]["calls"]
    assert row["acknowledged_by"] == "manager"
    history = await gateway.http.get(f"/api/sessions/{session}/history", headers=manager)
    assert f"manager:{LOGIN}" in {each["by"] for each in history.json()["data"]}


async def _code(gateway: Gateway, session: int) -> str:
    data = (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]
    return str(data["session_code"])
