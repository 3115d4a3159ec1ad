"""Access of every role to every route, channel and action, over real sockets and requests: to its
own entities, to those of other sessions, to those of another restaurant, and to missing ones.

The expectations are written out here instead of read from `gateway/auth/policy.py`. Every action
names a version that its entity never has, so permitted ones fail with a version conflict and
nothing changes.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from gateway.docs.openapi import document
from protocol.codec import ACTIONS
from protocol.ids import Channel
from restaurant_qr_wire.channels import PATHS
from tests.attack_report import Attempts
from tests.gateway.conftest import Gateway, Place, make_place, token, wait_table_free

NO_VERSION = 999_999
MISSING_ID = 987_654
"""An id that no entity has."""

A, G, W, K, M, R, C = "AGWKMRC"
"""Anonymous, guest, waiter, kitchen, manager, admin of one restaurant, admin of the chain."""
ALL = A + G + W + K + M + R + C
FLOOR = A + W + M + R + C
MANAGEMENT = M + R + C

ANY_RESTAURANT = {A, C}
"""Roles that can access all restaurants; the others can access only their own."""
ONLY_OWN = {(G, "sessions"), (G, "tables"), (G, "orders"), (G, "waiters"), (W, "waiters")}
"""Kinds of which a role sees its own entity, and no other of the same restaurant."""
NONE_VISIBLE = {(G, "waiters")}
"""Kinds of which a role sees no entity."""

CHANNELS: dict[str, str] = {
    "orders/{}": ALL,
    "orders/{}/items": ALL,
    "tables/{}": A + G + W + M + R + C,
    "tables/sessions/{}": A + G + W + M + R + C,
    "waiters/{}": FLOOR,
    "restaurants/{}/notifications": A + W + K + M + R + C,
    "restaurants/{}/menu": ALL,
    "restaurants/{}/devices": MANAGEMENT,
    "restaurants/{}": A + W + K + M + R + C,
}
READS: dict[str, str] = {
    "/restaurants/{}": A + W + K + M + R + C,
    "/restaurants/{}/menu": ALL,
    "/restaurants/{}/notifications": A + W + K + M + R + C,
    "/restaurants/{}/qr-sheet": W + MANAGEMENT,
    "/restaurants/{}/devices": MANAGEMENT,
    "/tables/{}": A + G + W + M + R + C,
    "/tables/{}/history": MANAGEMENT,
    "/tables/{}/audit": MANAGEMENT,
    "/tables/{}/code": W + MANAGEMENT,
    "/tables/{}/qr.svg": W + MANAGEMENT,
    "/tables/{}/qr.png": W + MANAGEMENT,
    "/sessions/{}": A + G + W + M + R + C,
    "/sessions/{}/history": MANAGEMENT,
    "/sessions/{}/audit": MANAGEMENT,
    "/orders/{}": ALL,
    "/orders/{}/items": ALL,
    "/orders/{}/history": MANAGEMENT,
    "/orders/{}/audit": MANAGEMENT,
    "/waiters/{}": FLOOR,
    "/waiters/{}/audit": MANAGEMENT,
    "/restaurants/{}/audit": MANAGEMENT,
    "/restaurants/{}/menu/audit": MANAGEMENT,
    "/restaurants/{}/menu/export": MANAGEMENT,
}
ITEMS = {"items": [{"menu_item_id": 1}]}
VOIDS = {"items": [{"item_id": 1, "units": 1}], "reason": "x"}
FORCED = {"force": True, "reason": "x"}

ROUTES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/restaurants/{}/tables", {"number": "1", "zone": "A", "seats": 2}, MANAGEMENT),
    ("POST", "/restaurants/{}/waiters", {"name": "Eve"}, MANAGEMENT),
    ("POST", "/restaurants/{}/devices", {"role": "kitchen", "label": "Grill"}, MANAGEMENT),
    ("DELETE", "/restaurants/{}/devices/1", {}, MANAGEMENT),
    ("PATCH", "/restaurants/{}", {"guest_opens_table": False}, MANAGEMENT),
    ("PUT", "/restaurants/{}/menu", {"categories": []}, MANAGEMENT),
    ("POST", "/restaurants/{}/menu/import", {"categories": []}, MANAGEMENT),
    ("PATCH", "/restaurants/{}/menu/items/1", {"available": False}, W + K + MANAGEMENT),
    ("PATCH", "/restaurants/{}/menu/items/1", {"price": "1.00"}, MANAGEMENT),
    ("POST", "/restaurants/{}/pause", {}, K + MANAGEMENT),
    ("POST", "/restaurants/{}/resume", {}, K + MANAGEMENT),
    ("PATCH", "/restaurants/{}/ordering", {"day_starts_at": "05:00"}, MANAGEMENT),
    ("POST", "/restaurants/{}/alerts", {"message": "x"}, MANAGEMENT),
    ("POST", "/restaurants/{}/broadcasts", {"message": "x"}, MANAGEMENT),
    ("PATCH", "/tables/{}", {"is_active": False}, MANAGEMENT),
    ("POST", "/tables/{}/code", {}, MANAGEMENT),
    ("POST", "/tables/{}/sessions", {"guests_count": 2}, FLOOR),
    ("PATCH", "/sessions/{}", {"guests_count": 3}, FLOOR),
    ("POST", "/sessions/{}/close", {}, FLOOR),
    ("POST", "/sessions/{}/close", FORCED, MANAGEMENT),
    ("POST", "/sessions/{}/orders", ITEMS, A + G + W + M + R + C),
    ("POST", "/sessions/{}/quote", ITEMS, A + G + W + M + R + C),
    ("POST", "/sessions/{}/calls", {"reason": "bill"}, A + G + W + M + R + C),
    ("PATCH", "/calls/{}-1", {"status": "resolved"}, W + MANAGEMENT),
    ("PUT", "/orders/{}/items", ITEMS, W + MANAGEMENT),
    ("POST", "/orders/{}/items", ITEMS, A + G + W + MANAGEMENT),
    ("POST", "/orders/{}/voids", VOIDS, W + MANAGEMENT),
    ("POST", "/orders/{}/deliveries", {"item_ids": [1]}, W + MANAGEMENT),
    ("PATCH", "/orders/{}", {"status": "confirmed"}, W + K + MANAGEMENT),
    ("PATCH", "/orders/{}", {"status": "ready"}, K + MANAGEMENT),
    ("PATCH", "/orders/{}", {"status": "delivered"}, W + MANAGEMENT),
    ("PATCH", "/orders/{}", {"status": "cancelled", "reason": "x"}, G + W + MANAGEMENT),
    ("PATCH", "/orders/{}", {"status": "pending"}, MANAGEMENT),
    ("PATCH", "/orders/{}/items/1", {"status": "ready"}, W + K + MANAGEMENT),
    ("PATCH", "/orders/{}/items/1", {"status": "pending"}, W + K + MANAGEMENT),
    ("PATCH", "/orders/{}/items/1", {"status": "voided", "reason": "x"}, W + MANAGEMENT),
    ("POST", "/orders/{}/payments", {"amount": "1.00", "method": "cash"}, W + MANAGEMENT),
    ("POST", "/orders/{}/refunds", {"reason": "x"}, MANAGEMENT),
    ("POST", "/waiters/{}/tasks", {"message": "x"}, MANAGEMENT),
    ("POST", "/waiters/{}/alerts", {"message": "x"}, MANAGEMENT),
]
SOCKET_COMMANDS: list[tuple[str, dict[str, Any], str]] = [
    ("orders/{}", {"action": "get_status"}, ALL),
    ("orders/{}", {"action": "update_status", "status": "confirmed"}, W + K + MANAGEMENT),
    ("orders/{}", {"action": "update_status", "status": "ready"}, K + MANAGEMENT),
    ("orders/{}", {"action": "update_status", "status": "delivered"}, W + MANAGEMENT),
    ("orders/{}", {"action": "update_status", "status": "cancelled"}, G + W + MANAGEMENT),
    ("orders/{}/items", {"action": "get_items"}, ALL),
    ("orders/{}/items", {"action": "update_item", "item_id": 1, "status": "ready"},
     W + K + MANAGEMENT),
    ("orders/{}/items", {"action": "update_item", "item_id": 1, "status": "pending"},
     W + K + MANAGEMENT),
    ("orders/{}/items", {"action": "update_item", "item_id": 1, "status": "voided"},
     W + MANAGEMENT),
    ("orders/{}/items", {"action": "add_items", **ITEMS}, A + G + W + MANAGEMENT),
    ("orders/{}/items", {"action": "void_items", **VOIDS}, W + MANAGEMENT),
    ("orders/{}/items", {"action": "deliver_items", "item_ids": [1]}, W + MANAGEMENT),
    ("tables/{}", {"action": "get_status"}, ALL),
    ("tables/{}", {"action": "occupy"}, FLOOR),
    ("tables/{}", {"action": "release"}, FLOOR),
    ("tables/{}", {"action": "release", **FORCED}, MANAGEMENT),
    ("restaurants/{}/devices", {"action": "get_devices"}, MANAGEMENT),
    ("tables/sessions/{}", {"action": "get_status"}, ALL),
    ("tables/sessions/{}", {"action": "update_guests_count", "guests_count": 9}, FLOOR),
    ("tables/sessions/{}", {"action": "close_session"}, FLOOR),
    ("tables/sessions/{}", {"action": "close_session", **FORCED}, MANAGEMENT),
    ("tables/sessions/{}", {"action": "call_waiter"}, A + G + W + MANAGEMENT),
    ("tables/sessions/{}", {"action": "place_order", **ITEMS}, A + G + W + MANAGEMENT),
    ("waiters/{}", {"action": "get_tasks"}, ALL),
    ("waiters/{}", {"action": "acknowledge", "notification_id": "1"}, FLOOR),
    ("restaurants/{}/notifications", {"action": "get_notifications"}, ALL),
    ("restaurants/{}/notifications", {"action": "acknowledge", "notification_id": "1"}, FLOOR),
    ("restaurants/{}/menu", {"action": "get_menu"}, ALL),
    ("restaurants/{}", {"action": "get_status"}, ALL),
]  # fmt: skip
"""Roles that may send an action, of those that may subscribe to its channel."""


@dataclass
class MatrixEntities:
    """One entity of each kind, by the word that paths have for it."""

    restaurants: int
    tables: int
    waiters: int
    sessions: int
    orders: int

    def id(self, kind: str) -> int:
        id_: int = getattr(self, "sessions" if kind == "calls" else kind)
        return id_


async def open_session(gateway: Gateway, place: Place, table: int, waiter: int) -> MatrixEntities:
    session = (await gateway.post(f"/tables/{table}/sessions", {"waiter_id": waiter}))["session_id"]
    order = await gateway.post(f"/sessions/{session}/orders", ITEMS)
    await gateway.post(f"/sessions/{session}/calls")
    return MatrixEntities(place.restaurant, table, waiter, session, order["order_id"])


@dataclass
class MatrixWorld:
    """Entities by owner: those of the caller, of another session in its restaurant (`other`), of
    another restaurant (`foreign`), and missing ones."""

    gateway: Gateway
    entities: dict[str, MatrixEntities] = field(default_factory=dict)
    bearers: dict[str, str | None] = field(default_factory=dict)

    def is_visible(self, role: str, kind: str, owner: str) -> bool:
        if owner == "missing" or (role, kind) in NONE_VISIBLE:
            return False
        if owner == "foreign":
            return role in ANY_RESTAURANT
        return owner == "own" or (role, kind) not in ONLY_OWN

    async def request(
        self, role: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        request = self.gateway.http.build_request(
            method, f"/api{path}", json=body, headers={"Idempotency-Key": uuid4().hex}
        )
        del request.headers["Authorization"]
        if (bearer := self.bearers[role]) is not None:
            request.headers["Authorization"] = f"Bearer {bearer}"
        return await self.gateway.http.send(request)

    async def connect(self, role: str, path: str) -> tuple[bytes, int | None, str | None, Any]:
        """First frame, close code and reason if it was an error, and the socket."""
        socket = await self.gateway.socket(path, self.bearers[role])
        first = await socket.raw.recv(decode=False)
        if "error" not in orjson.loads(first):
            return first, None, None, socket
        return first, await socket.closed(), socket.raw.close_reason, socket


@pytest.fixture
async def world(gateway: Gateway) -> MatrixWorld:
    home, other = await make_place(gateway), await make_place(gateway)
    waiter = await gateway.post(f"/restaurants/{home.restaurant}/waiters", {"name": "Bob"})
    table = await gateway.post(
        f"/restaurants/{home.restaurant}/tables", {"number": "6", "zone": "A", "seats": 4}
    )
    own = await open_session(gateway, home, home.table, home.waiter)
    entities = {
        "own": own,
        "other": await open_session(gateway, home, table["table_id"], waiter["waiter_id"]),
        "foreign": await open_session(gateway, other, other.table, other.waiter),
        "missing": MatrixEntities(*[MISSING_ID] * 5),
    }
    here = {"restaurant_id": own.restaurants}
    bearers = {
        A: None,
        G: token("guest", session_id=own.sessions, **here),
        W: token("waiter", waiter_id=own.waiters, **here),
        K: token("kitchen", **here),
        M: token("manager", **here),
        R: token("admin", **here),
        C: token("admin"),
    }
    return MatrixWorld(gateway, entities, bearers)


def cells(world: MatrixWorld, path: str) -> Iterator[tuple[str, str, str, bool]]:
    """Every role, the owner of an entity, its path, and whether the role can see it."""
    kind = "sessions" if "sessions" in path.split("{}")[0] else path.strip("/").split("/")[0]
    for owner, entities in world.entities.items():
        if owner == "other" and kind == "restaurants":
            continue
        url = path.format(entities.id(kind))
        entity_kind = "sessions" if kind == "calls" else kind
        for role in ALL:
            yield role, owner, url, world.is_visible(role, entity_kind, owner)


def code(response: httpx.Response) -> str:
    """Code of an error, status of a success."""
    return str(response.status_code if response.is_success else response.json()["code"])


@pytest.mark.attack("matrix")
async def test_http_reads_follow_the_role_matrix(world: MatrixWorld, attempts: Attempts) -> None:
    for path, allowed in READS.items():
        for role, owner, url, is_visible in cells(world, path):
            response = await world.request(role, "GET", url)
            case = f"{role} GET {url} ({owner}): {response.status_code} {response.text[:80]}"
            if not is_visible:
                attempts.refused(code(response) == "not_found", case)
            elif role not in allowed:
                attempts.refused(code(response) == "forbidden", case)
            else:
                assert response.status_code == 200, case


@pytest.mark.attack("matrix")
async def test_http_commands_follow_the_role_matrix(world: MatrixWorld, attempts: Attempts) -> None:
    for method, path, body, allowed in ROUTES:
        for role, owner, url, is_visible in cells(world, path):
            response = await world.request(
                role, method, url, body | {"expected_version": NO_VERSION}
            )
            case = f"{role} {method} {url} {body} ({owner}): {response.text[:80]}"
            if not is_visible:
                attempts.refused(code(response) == "not_found", case)
            elif role not in allowed:
                attempts.refused(code(response) == "forbidden", case)
            else:
                assert code(response) == "version_conflict", case


@pytest.mark.attack("matrix")
async def test_subscriptions_follow_the_role_matrix(world: MatrixWorld, attempts: Attempts) -> None:
    for path, allowed in CHANNELS.items():
        for role, owner, url, is_visible in cells(world, path):
            first, closed, _, socket = await world.connect(role, url)
            case = f"{role} /ws/{url} ({owner}): {closed} {first[:80]!r}"
            if not is_visible:
                attempts.refused(closed == 4404, case)
            elif role not in allowed:
                attempts.refused(closed == 4403, case)
            else:
                assert closed is None, case
            await socket.raw.close()


@pytest.mark.attack("matrix")
async def test_socket_commands_follow_the_role_matrix(
    world: MatrixWorld, attempts: Attempts
) -> None:
    for path, message, allowed in SOCKET_COMMANDS:
        reads = message["action"].startswith("get_")
        for role, owner, url, is_visible in cells(world, path):
            if not is_visible or role not in CHANNELS[path]:
                continue
            socket = await world.gateway.socket(url, world.bearers[role])
            await socket.next()
            version = {} if reads else {"expected_version": NO_VERSION}
            response = await socket.request(message["action"], **_rest(message), **version)
            case = f"{role} /ws/{url} {message} ({owner}): {response}"
            if role not in allowed:
                attempts.refused(response.get("code") == "forbidden", case)
            else:
                got = "type" if reads else "code"
                assert response[got] == ("ack" if reads else "version_conflict"), case
            await socket.raw.close()


def _rest(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "action"}


@pytest.mark.attack("foreign")
async def test_entities_of_others_are_answered_like_missing_ones(
    world: MatrixWorld, attempts: Attempts
) -> None:
    """The bytes are the same, headers included, except for the requested id."""
    requests: list[tuple[str, str, dict[str, Any] | None]] = [("GET", path, None) for path in READS]
    requests += [(method, path, body) for method, path, body, _ in ROUTES]
    for method, path, body in requests:
        for role, owner, url, is_visible in cells(world, path):
            if is_visible or owner == "missing":
                continue
            missing_url = path.format(MISSING_ID)
            existing = _comparable(await world.request(role, method, url, body), url)
            missing = _comparable(await world.request(role, method, missing_url, body), missing_url)
            attempts.refused(
                existing == missing, f"{role} {method} {url} ({owner}): {existing} {missing}"
            )
    for path in CHANNELS:
        for role, owner, url, is_visible in cells(world, path):
            if is_visible or owner == "missing":
                continue
            existing_, missing_ = [
                [_without_id(each, address) for each in (await world.connect(role, address))[:3]]
                for address in (url, path.format(MISSING_ID))
            ]
            attempts.refused(existing_ == missing_, f"{role} /ws/{url}: {existing_} {missing_}")


def _comparable(response: httpx.Response, path: str) -> list[Any]:
    """Status, headers and body of a response, without its date and the requested id."""
    headers = {k: v for k, v in response.headers.items() if k not in ("date", "content-length")}
    return [response.status_code, headers, _without_id(response.content, path)]


def _without_id(value: Any, path: str) -> Any:
    found = re.search("[0-9]+", path)
    assert found is not None
    text = value.decode() if isinstance(value, bytes) else value
    return re.sub(rf"\b{found[0]}\b", "ID", text) if isinstance(text, str) else text


@pytest.mark.attack("privacy")
async def test_a_guest_receives_nothing_about_other_sessions(
    gateway: Gateway, attempts: Attempts
) -> None:
    """Staff names, other tables' orders and earlier sessions of its table stay hidden."""
    place = await make_place(gateway)
    name = "Zacharias"
    waiter = (await gateway.post(f"/restaurants/{place.restaurant}/waiters", {"name": name}))[
        "waiter_id"
    ]
    table = await gateway.post(
        f"/restaurants/{place.restaurant}/tables", {"number": "6", "zone": "A", "seats": 4}
    )

    async def seat(table: int, dish: str) -> tuple[int, int, str]:
        created = await gateway.post(f"/tables/{table}/sessions", {"waiter_id": waiter})
        line = {"name": dish, "unit_price": "1.00", "notes": f"for {dish}"}
        order = await gateway.post(f"/sessions/{created['session_id']}/orders", {"items": [line]})
        return created["session_id"], order["order_id"], created["data"]["session_code"]

    before = await seat(place.table, "earlier-dish")
    close = {"force": True, "reason": f"{name} says so"}
    await gateway.post(f"/sessions/{before[0]}/close", close)
    other = await seat(table["table_id"], "other-dish")
    await wait_table_free(gateway, place)
    session, order, _ = await seat(place.table, "own-dish")

    bearer = token("guest", restaurant_id=place.restaurant, session_id=session)
    channels = [f"tables/sessions/{session}", f"tables/{place.table}", f"orders/{order}"]
    channels += [f"orders/{order}/items", f"restaurants/{place.restaurant}/menu"]
    sockets = [await gateway.socket(channel, bearer) for channel in channels]

    staff = token("waiter", restaurant_id=place.restaurant, waiter_id=waiter)
    as_staff = {"Authorization": f"Bearer {staff}"}
    call = (await gateway.post(f"/sessions/{session}/calls"))["call_id"]
    for path, body in (
        (f"/calls/{call}", {"status": "acknowledged"}),
        (f"/calls/{call}", {"status": "resolved"}),
        (f"/orders/{order}", {"status": "confirmed"}),
        (f"/orders/{other[1]}", {"status": "confirmed"}),
        (f"/sessions/{other[0]}", {"guests_count": 3}),
        (f"/sessions/{session}", {"guests_count": 3}),
    ):
        done = await gateway.http.patch(f"/api{path}", json=body, headers=as_staff)
        assert done.status_code == 200, done.text
    for id_ in (order, other[1]):
        paid = {"amount": "0.50", "method": "cash"}
        path = f"/orders/{id_}/payments"
        await gateway.post(path, paid, headers={**as_staff, "Idempotency-Key": f"k{id_}"})
    message = {"message": f"{name}, to table 6: other-dish"}
    for path in (f"restaurants/{place.restaurant}/broadcasts", f"waiters/{waiter}/tasks"):
        await gateway.post(f"/{path}", message)

    received: list[bytes] = []
    for socket in sockets:
        with suppress(TimeoutError):
            while True:
                received.append(await asyncio.wait_for(socket.raw.recv(decode=False), 0.4))
    assert len(received) > len(sockets) + 5, "events of its own session are missing"
    assert any(b"own-dish" in frame for frame in received)
    for channel in channels:
        path = channel.replace("tables/sessions", "sessions")
        response = await gateway.http.get(
            f"/api/{path}", headers={"Authorization": f"Bearer {bearer}"}
        )
        assert response.status_code == 200, channel
        received.append(response.content)
    foreign = [name, "Ada", "earlier-dish", "other-dish", before[2], other[2]]
    for frame in received:
        text = frame.decode()
        ids = _ids(orjson.loads(frame))
        attempts.refused(
            not any(each in text for each in foreign)
            and not ids & {("order_id", before[1]), ("order_id", other[1])}
            and not ids & {("session_id", before[0]), ("session_id", other[0])},
            text,
        )


def _ids(value: Any) -> set[tuple[str, int]]:
    """Names and values of all ids in a frame."""
    if isinstance(value, list):
        return set().union(*(_ids(each) for each in value))
    if not isinstance(value, dict):
        return set()
    own = {
        (name, each) for name, each in value.items() if name.endswith("_id") and type(each) is int
    }
    return own.union(*(_ids(each) for each in value.values()))


async def test_restaurants_are_created_and_listed_by_role(world: MatrixWorld) -> None:
    body = {"name": "x", "currency": "EUR", "timezone": "Europe/Rome"}
    home, other = (world.entities[owner].restaurants for owner in ("own", "foreign"))
    seen = {A: {home, other}, C: {home, other}, **{role: {home} for role in (W, K, M, R)}}
    for role in ALL:
        created = await world.request(role, "POST", "/restaurants", body)
        assert code(created) == ("201" if role == C else "forbidden"), role
        listed = await world.request(role, "GET", "/restaurants")
        if role == G:
            assert code(listed) == "forbidden"
        else:
            ids = {each["id"] for each in listed.json()["data"]}
            assert ids & {home, other} == seen[role], role


def test_the_matrix_covers_every_role_channel_and_command() -> None:
    """Every documented route and every action is in the tables above."""
    routes = {
        (method.upper(), _plain(path))
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    tried = {(method, path) for method, path, _, _ in ROUTES} | {("GET", path) for path in READS}
    elsewhere = {
        ("GET", "/restaurants"), ("POST", "/restaurants"), ("POST", "/sessions/join"),
        ("POST", "/devices/sign-in"), ("GET", "/restaurants/{}/devices/{}/code"),
        ("GET", "/restaurants/{}/devices/{}/qr.svg"), ("GET", "/tokens"), ("POST", "/tokens"),
        ("DELETE", "/tokens/{}"),
    }  # fmt: skip
    assert {(method, re.sub("/1$", "/{}", path)) for method, path in tried} | elsewhere == routes
    assert {(path, message["action"]) for path, message, _ in SOCKET_COMMANDS} == {
        (_plain(PATHS[channel]).removeprefix("/ws/").removesuffix("/"), action)
        for channel in Channel
        for action in ACTIONS[channel]
    }
    assert {path for path, _, _ in SOCKET_COMMANDS} == set(CHANNELS)


def _plain(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path.replace("{call_id}", "{}-1"))
