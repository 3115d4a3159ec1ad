"""A connection is closed when its token expires or its guest's session is closed."""

import time

import jwt

from gateway.settings import GatewaySettings
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.gateway.conftest import KEYS, SECRET, Gateway, Place, serving, token
from tests.local_hosts import LocalHosts


async def open_session(gateway: Gateway, place: Place) -> tuple[int, int, str]:
    """A new session, an order of it, and its guest's token."""
    created = await gateway.post(f"/tables/{place.table}/sessions", {"guests_count": 2})
    session = int(created["session_id"])
    order = await gateway.post(f"/sessions/{session}/orders", {"items": [{"menu_item_id": 1}]})
    return session, int(order["order_id"]), token("guest", session_id=session)


async def test_a_connection_ends_with_its_token(gateway: Gateway, place: Place) -> None:
    claims = {"role": "manager", "restaurant_id": place.restaurant, "exp": int(time.time()) + 2}
    short = await gateway.socket(f"tables/{place.table}/", jwt.encode(claims, SECRET, "HS256"))
    other = await gateway.socket(f"tables/{place.table}/", token("admin"))
    assert (await short.next())["type"] == "table_status"
    await other.next()
    assert await short.closed() == 4401
    assert (await other.request("occupy"))["data"]["changed"]


async def test_closing_a_session_closes_its_guests_sockets_on_every_channel(
    gateway: Gateway, place: Place
) -> None:
    session, order, guest = await open_session(gateway, place)
    paths = [
        f"tables/sessions/{session}/", f"orders/{order}/", f"orders/{order}/items/",
        f"tables/{place.table}/", f"restaurants/{place.restaurant}/menu/",
    ]  # fmt: skip
    sockets = [await gateway.socket(path, guest) for path in paths]
    staff = await gateway.socket(f"tables/sessions/{session}/", token("admin"))
    for socket in (*sockets, staff):
        await socket.next()
    closing = {"force": True, "reason": "the till was broken"}
    await gateway.http.post(f"/api/sessions/{session}/close", json=closing)
    last = await sockets[0].until("session_status")
    assert last["data"]["status"] == "closed", "the session's channel has the reason"
    for socket in sockets:
        assert await socket.closed() == 4401
    assert (await staff.until("session_status"))["data"]["status"] == "closed"
    assert (await staff.request("get_status"))["type"] in ("ack", "session_status")


async def test_a_guest_of_a_closed_session_cannot_connect(gateway: Gateway, place: Place) -> None:
    session, order, guest = await open_session(gateway, place)
    closing = {"force": True, "reason": "the till was broken"}
    await gateway.http.post(f"/api/sessions/{session}/close", json=closing)
    bearer = {"Authorization": f"Bearer {guest}"}
    for path in (f"sessions/{session}", f"orders/{order}", f"tables/{place.table}"):
        answer = await gateway.http.get(f"/api/{path}", headers=bearer)
        assert answer.status_code == 401, path
    for path in (f"tables/sessions/{session}/", f"restaurants/{place.restaurant}/menu/"):
        socket = await gateway.socket(path, guest)
        assert (await socket.next())["code"] == "unauthenticated"
        assert await socket.closed() == 4401


async def test_closing_a_session_closes_its_guests_sockets_on_every_gateway(
    gateway: Gateway, place: Place, hosts: LocalHosts, valkey: EmbeddedStore
) -> None:
    session, order, guest = await open_session(gateway, place)
    own = open_store(valkey.url, retention_s=3600)
    async with serving(hosts, own, GatewaySettings(KEYS), "g2") as other:
        socket = await other.socket(f"orders/{order}/", guest)
        await socket.next()
        closing = {"force": True, "reason": "the till was broken"}
        await gateway.http.post(f"/api/sessions/{session}/close", json=closing)
        assert await socket.closed() == 4401


async def test_a_guests_note_that_looks_like_an_event_closes_nothing(
    gateway: Gateway, place: Place
) -> None:
    session, _, guest = await open_session(gateway, place)
    socket = await gateway.socket(f"tables/sessions/{session}/", guest)
    await socket.next()
    item = {"menu_item_id": 1, "notes": 'session_status "status":"closed" "closed"'}
    assert (await socket.request("place_order", items=[item]))["data"]["changed"]
    assert (await socket.request("get_status"))["type"] in ("ack", "session_status")
