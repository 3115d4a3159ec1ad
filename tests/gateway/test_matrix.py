"""Who gets at what, through real sockets and requests: every role, route, channel and action, of
its own, of its neighbours, of another restaurant and of nobody.

What is expected stands here, letter by letter, and not in `gateway/policy.py`. Every action names a
version that its entity never has: who may do it is told so, who may not is told that, and nothing
changes while all of it is tried.
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

from gateway.openapi import document
from gateway.sockets import PATHS
from protocol.frames import ACTIONS
from protocol.ids import Channel
from tests.gateway.conftest import Gateway, Place, make_place, token
from tests.tally import Attempts

NEVER = 999_999
NOWHERE = 987_654
"""An id that nothing has."""

A, G, W, K, M, R, C = "AGWKMRC"
"""Anybody, guest, waiter, kitchen, manager, admin of one restaurant, admin of the chain."""
ALL = A + G + W + K + M + R + C
FLOOR = A + W + M + R + C
HEADS = M + R + C

HOUSES = {A: "any", C: "any"}
"""Whose restaurants a role reaches; all others their own alone."""
NEIGHBOURS = {(G, "sessions"), (G, "tables"), (G, "orders"), (G, "waiters"), (W, "waiters")}
"""Which kinds a role sees its own of, and not those of others in the same restaurant."""
NEVER_THEIRS = {(G, "waiters")}
"""Which kinds a role does not even have one of."""

CHANNELS: dict[str, str] = {
    "orders/{}": ALL,
    "orders/{}/items": ALL,
    "tables/{}": A + G + W + M + R + C,
    "tables/sessions/{}": A + G + W + M + R + C,
    "waiters/{}": FLOOR,
    "restaurants/{}/notifications": A + W + K + M + R + C,
    "restaurants/{}/menu": ALL,
    "restaurants/{}/devices": HEADS,
    "restaurants/{}": A + W + K + M + R + C,
}
READS: dict[str, str] = {
    "/restaurants/{}": A + W + K + M + R + C,
    "/restaurants/{}/menu": ALL,
    "/restaurants/{}/notifications": A + W + K + M + R + C,
    "/restaurants/{}/qr-sheet": W + HEADS,
    "/restaurants/{}/devices": HEADS,
    "/tables/{}": A + G + W + M + R + C,
    "/tables/{}/history": HEADS,
    "/tables/{}/audit": HEADS,
    "/tables/{}/code": W + HEADS,
    "/tables/{}/qr.svg": W + HEADS,
    "/tables/{}/qr.png": W + HEADS,
    "/sessions/{}": A + G + W + M + R + C,
    "/sessions/{}/history": HEADS,
    "/sessions/{}/audit": HEADS,
    "/orders/{}": ALL,
    "/orders/{}/items": ALL,
    "/orders/{}/history": HEADS,
    "/orders/{}/audit": HEADS,
    "/waiters/{}": FLOOR,
    "/waiters/{}/audit": HEADS,
    "/restaurants/{}/audit": HEADS,
}
ITEMS = {"items": [{"menu_item_id": 1}]}
WHY = {"force": True, "reason": "x"}

ROUTES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/restaurants/{}/tables", {"number": "1", "zone": "A", "seats": 2}, HEADS),
    ("POST", "/restaurants/{}/waiters", {"name": "Eve"}, HEADS),
    ("POST", "/restaurants/{}/devices", {"role": "kitchen", "label": "Grill"}, HEADS),
    ("DELETE", "/restaurants/{}/devices/1", {}, HEADS),
    ("PATCH", "/restaurants/{}", {"guest_opens_table": False}, HEADS),
    ("PUT", "/restaurants/{}/menu", {"categories": []}, HEADS),
    ("PATCH", "/restaurants/{}/menu/items/1", {"available": False}, HEADS),
    ("POST", "/restaurants/{}/alerts", {"message": "x"}, HEADS),
    ("POST", "/restaurants/{}/broadcasts", {"message": "x"}, HEADS),
    ("PATCH", "/tables/{}", {"is_active": False}, HEADS),
    ("POST", "/tables/{}/code", {}, HEADS),
    ("POST", "/tables/{}/sessions", {"guests_count": 2}, FLOOR),
    ("PATCH", "/sessions/{}", {"guests_count": 3}, FLOOR),
    ("POST", "/sessions/{}/close", {}, FLOOR),
    ("POST", "/sessions/{}/close", WHY, HEADS),
    ("POST", "/sessions/{}/orders", ITEMS, A + G + W + M + R + C),
    ("POST", "/sessions/{}/calls", {"reason": "bill"}, A + G + W + M + R + C),
    ("PATCH", "/calls/{}-1", {"status": "resolved"}, W + HEADS),
    ("PUT", "/orders/{}/items", ITEMS, W + HEADS),
    ("PATCH", "/orders/{}", {"status": "confirmed"}, W + K + HEADS),
    ("PATCH", "/orders/{}", {"status": "ready"}, K + HEADS),
    ("PATCH", "/orders/{}", {"status": "delivered"}, W + HEADS),
    ("PATCH", "/orders/{}", {"status": "cancelled", "reason": "x"}, G + W + HEADS),
    ("PATCH", "/orders/{}", {"status": "pending"}, HEADS),
    ("PATCH", "/orders/{}/items/1", {"status": "ready"}, W + K + HEADS),
    ("PATCH", "/orders/{}/items/1", {"status": "voided", "reason": "x"}, W + HEADS),
    ("POST", "/orders/{}/payments", {"amount": "1.00", "method": "cash"}, W + HEADS),
    ("POST", "/orders/{}/refunds", {"reason": "x"}, HEADS),
    ("POST", "/waiters/{}/tasks", {"message": "x"}, HEADS),
    ("POST", "/waiters/{}/alerts", {"message": "x"}, HEADS),
]
SAID: list[tuple[str, dict[str, Any], str]] = [
    ("orders/{}", {"action": "get_status"}, ALL),
    ("orders/{}", {"action": "update_status", "status": "confirmed"}, W + K + HEADS),
    ("orders/{}", {"action": "update_status", "status": "ready"}, K + HEADS),
    ("orders/{}", {"action": "update_status", "status": "delivered"}, W + HEADS),
    ("orders/{}", {"action": "update_status", "status": "cancelled"}, G + W + HEADS),
    ("orders/{}/items", {"action": "get_items"}, ALL),
    ("orders/{}/items", {"action": "update_item", "item_id": 1, "status": "ready"}, W + K + HEADS),
    ("orders/{}/items", {"action": "update_item", "item_id": 1, "status": "voided"}, W + HEADS),
    ("tables/{}", {"action": "get_status"}, ALL),
    ("tables/{}", {"action": "occupy"}, FLOOR),
    ("tables/{}", {"action": "release"}, FLOOR),
    ("tables/{}", {"action": "release", **WHY}, HEADS),
    ("restaurants/{}/devices", {"action": "get_devices"}, HEADS),
    ("tables/sessions/{}", {"action": "get_status"}, ALL),
    ("tables/sessions/{}", {"action": "update_guests_count", "guests_count": 9}, FLOOR),
    ("tables/sessions/{}", {"action": "close_session"}, FLOOR),
    ("tables/sessions/{}", {"action": "close_session", **WHY}, HEADS),
    ("tables/sessions/{}", {"action": "call_waiter"}, A + G + W + HEADS),
    ("tables/sessions/{}", {"action": "place_order", **ITEMS}, A + G + W + HEADS),
    ("waiters/{}", {"action": "get_tasks"}, ALL),
    ("waiters/{}", {"action": "acknowledge", "notification_id": "1"}, FLOOR),
    ("restaurants/{}/notifications", {"action": "get_notifications"}, ALL),
    ("restaurants/{}/notifications", {"action": "acknowledge", "notification_id": "1"}, FLOOR),
    ("restaurants/{}/menu", {"action": "get_menu"}, ALL),
    ("restaurants/{}", {"action": "get_status"}, ALL),
]  # fmt: skip
"""On a channel that the role may listen to at all."""


@dataclass
class Party:
    """One of each kind, by the word that paths have for it."""

    restaurants: int
    tables: int
    waiters: int
    sessions: int
    orders: int

    def id(self, kind: str) -> int:
        id_: int = getattr(self, "sessions" if kind == "calls" else kind)
        return id_


async def seated(gateway: Gateway, place: Place, table: int, waiter: int) -> Party:
    session = (await gateway.post(f"/tables/{table}/sessions", {"waiter_id": waiter}))["session_id"]
    order = await gateway.post(f"/sessions/{session}/orders", ITEMS)
    await gateway.post(f"/sessions/{session}/calls")
    return Party(place.restaurant, table, waiter, session, order["order_id"])


@dataclass
class World:
    """`parties` by whose they are: one's own, a neighbour's in the same restaurant, one of another
    restaurant, and one that is not there."""

    gateway: Gateway
    parties: dict[str, Party] = field(default_factory=dict)
    bearers: dict[str, str | None] = field(default_factory=dict)

    def reaches(self, who: str, kind: str, whose: str) -> bool:
        """Whether a role may know of such a thing."""
        if whose == "nobody's" or (who, kind) in NEVER_THEIRS:
            return False
        if whose == "foreign":
            return HOUSES.get(who) == "any"
        return whose == "own" or (who, kind) not in NEIGHBOURS

    async def asked(
        self, who: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        request = self.gateway.http.build_request(
            method, f"/api{path}", json=body, headers={"Idempotency-Key": uuid4().hex}
        )
        del request.headers["Authorization"]
        if (bearer := self.bearers[who]) is not None:
            request.headers["Authorization"] = f"Bearer {bearer}"
        return await self.gateway.http.send(request)

    async def heard(self, who: str, path: str) -> tuple[bytes, int | None, str | None, Any]:
        """The first frame, the close code and reason where it was closed then, and the socket."""
        socket = await self.gateway.socket(path, self.bearers[who])
        first = await socket.raw.recv(decode=False)
        if "error" not in orjson.loads(first):
            return first, None, None, socket
        return first, await socket.closed(), socket.raw.close_reason, socket


@pytest.fixture
async def world(gateway: Gateway) -> World:
    home, other = await make_place(gateway), await make_place(gateway)
    waiter = await gateway.post(f"/restaurants/{home.restaurant}/waiters", {"name": "Bob"})
    table = await gateway.post(
        f"/restaurants/{home.restaurant}/tables", {"number": "6", "zone": "A", "seats": 4}
    )
    own = await seated(gateway, home, home.table, home.waiter)
    parties = {
        "own": own,
        "neighbour's": await seated(gateway, home, table["table_id"], waiter["waiter_id"]),
        "foreign": await seated(gateway, other, other.table, other.waiter),
        "nobody's": Party(*[NOWHERE] * 5),
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
    return World(gateway, parties, bearers)


def cells(world: World, path: str) -> Iterator[tuple[str, str, str, bool]]:
    """Every role, whose thing, the path to it, and whether the role may know of it."""
    kind = "sessions" if "sessions" in path.split("{}")[0] else path.strip("/").split("/")[0]
    for whose, party in world.parties.items():
        if whose == "neighbour's" and kind == "restaurants":
            continue
        there = path.format(party.id(kind))
        reached = "sessions" if kind == "calls" else kind
        for who in ALL:
            yield who, whose, there, world.reaches(who, reached, whose)


def code(answer: httpx.Response) -> str:
    """The code of an error, the status where it is none."""
    return str(answer.status_code if answer.is_success else answer.json()["code"])


@pytest.mark.attack("matrix")
async def test_who_may_read_what(world: World, attempts: Attempts) -> None:
    for path, allowed in READS.items():
        for who, whose, there, known in cells(world, path):
            answer = await world.asked(who, "GET", there)
            told = f"{who} GET {there} ({whose}): {answer.status_code} {answer.text[:80]}"
            if not known:
                attempts.refused(code(answer) == "not_found", told)
            elif who not in allowed:
                attempts.refused(code(answer) == "forbidden", told)
            else:
                assert answer.status_code == 200, told


@pytest.mark.attack("matrix")
async def test_who_may_do_what(world: World, attempts: Attempts) -> None:
    for method, path, body, allowed in ROUTES:
        for who, whose, there, known in cells(world, path):
            answer = await world.asked(who, method, there, body | {"expected_version": NEVER})
            told = f"{who} {method} {there} {body} ({whose}): {answer.text[:80]}"
            if not known:
                attempts.refused(code(answer) == "not_found", told)
            elif who not in allowed:
                attempts.refused(code(answer) == "forbidden", told)
            else:
                assert code(answer) == "version_conflict", told


@pytest.mark.attack("matrix")
async def test_who_may_listen_to_what(world: World, attempts: Attempts) -> None:
    for path, allowed in CHANNELS.items():
        for who, whose, there, known in cells(world, path):
            first, closed, _, socket = await world.heard(who, there)
            told = f"{who} /ws/{there} ({whose}): {closed} {first[:80]!r}"
            if not known:
                attempts.refused(closed == 4404, told)
            elif who not in allowed:
                attempts.refused(closed == 4403, told)
            else:
                assert closed is None, told
            await socket.raw.close()


@pytest.mark.attack("matrix")
async def test_who_may_say_what(world: World, attempts: Attempts) -> None:
    for path, message, allowed in SAID:
        reads = message["action"].startswith("get_")
        for who, whose, there, known in cells(world, path):
            if not known or who not in CHANNELS[path]:
                continue
            socket = await world.gateway.socket(there, world.bearers[who])
            await socket.next()
            version = {} if reads else {"expected_version": NEVER}
            answer = await socket.ask(message["action"], **_rest(message), **version)
            told = f"{who} /ws/{there} {message} ({whose}): {answer}"
            if who not in allowed:
                attempts.refused(answer.get("code") == "forbidden", told)
            else:
                got = "type" if reads else "code"
                assert answer[got] == ("ack" if reads else "version_conflict"), told
            await socket.raw.close()


def _rest(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "action"}


@pytest.mark.attack("foreign")
async def test_what_is_anothers_answers_as_what_is_not_there(
    world: World, attempts: Attempts
) -> None:
    """To the byte, headers included, but for the id that was asked for."""
    asks: list[tuple[str, str, dict[str, Any] | None]] = [("GET", path, None) for path in READS]
    asks += [(method, path, body) for method, path, body, _ in ROUTES]
    for method, path, body in asks:
        for who, whose, there, known in cells(world, path):
            if known or whose == "nobody's":
                continue
            nowhere = path.format(NOWHERE)
            theirs = _anonymous(await world.asked(who, method, there, body), there)
            none = _anonymous(await world.asked(who, method, nowhere, body), nowhere)
            attempts.refused(theirs == none, f"{who} {method} {there} ({whose}): {theirs} {none}")
    for path in CHANNELS:
        for who, whose, there, known in cells(world, path):
            if known or whose == "nobody's":
                continue
            theirs_, none_ = [
                [_nameless(each, way) for each in (await world.heard(who, way))[:3]]
                for way in (there, path.format(NOWHERE))
            ]
            attempts.refused(theirs_ == none_, f"{who} /ws/{there}: {theirs_} {none_}")


def _anonymous(answer: httpx.Response, path: str) -> list[Any]:
    """All of an answer but when it came, and the id that was asked for."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
    return [answer.status_code, headers, _nameless(answer.content, path)]


def _nameless(told: Any, path: str) -> Any:
    found = re.search("[0-9]+", path)
    assert found is not None
    text = told.decode() if isinstance(told, bytes) else told
    return re.sub(rf"\b{found[0]}\b", "ID", text) if isinstance(text, str) else text


@pytest.mark.attack("privacy")
async def test_a_guest_is_told_nothing_of_others(gateway: Gateway, attempts: Attempts) -> None:
    """Names of the staff, what other tables order, and who sat at this one before."""
    place = await make_place(gateway)
    named = "Zacharias"
    waiter = (await gateway.post(f"/restaurants/{place.restaurant}/waiters", {"name": named}))[
        "waiter_id"
    ]
    table = await gateway.post(
        f"/restaurants/{place.restaurant}/tables", {"number": "6", "zone": "A", "seats": 4}
    )

    async def party(table: int, wish: str) -> tuple[int, int, str]:
        made = await gateway.post(f"/tables/{table}/sessions", {"waiter_id": waiter})
        line = {"name": wish, "unit_price": "1.00", "notes": f"for {wish}"}
        order = await gateway.post(f"/sessions/{made['session_id']}/orders", {"items": [line]})
        return made["session_id"], order["order_id"], made["data"]["session_code"]

    before = await party(place.table, "earlier-wish")
    close = {"force": True, "reason": f"{named} says so"}
    await gateway.post(f"/sessions/{before[0]}/close", close)
    other = await party(table["table_id"], "neighbours-wish")
    async with asyncio.timeout(5):
        while (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]["is_occupied"]:
            await asyncio.sleep(0.02)
    session, order, _ = await party(place.table, "own-wish")

    bearer = token("guest", restaurant_id=place.restaurant, session_id=session)
    ways = [f"tables/sessions/{session}", f"tables/{place.table}", f"orders/{order}"]
    ways += [f"orders/{order}/items", f"restaurants/{place.restaurant}/menu"]
    sockets = [await gateway.socket(way, bearer) for way in ways]

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
    for whose in (order, other[1]):
        paid = {"amount": "0.50", "method": "cash"}
        path = f"/orders/{whose}/payments"
        await gateway.post(path, paid, headers={**as_staff, "Idempotency-Key": f"k{whose}"})
    message = {"message": f"{named}, to table 6: neighbours-wish"}
    for path in (f"restaurants/{place.restaurant}/broadcasts", f"waiters/{waiter}/tasks"):
        await gateway.post(f"/{path}", message)

    told: list[bytes] = []
    for socket in sockets:
        with suppress(TimeoutError):
            while True:
                told.append(await asyncio.wait_for(socket.raw.recv(decode=False), 0.4))
    assert len(told) > len(sockets) + 5, "it was told of what is its own"
    assert any(b"own-wish" in frame for frame in told)
    for way in ways:
        path = way.replace("tables/sessions", "sessions")
        answer = await gateway.http.get(
            f"/api/{path}", headers={"Authorization": f"Bearer {bearer}"}
        )
        assert answer.status_code == 200, way
        told.append(answer.content)
    strange = [named, "Ada", "earlier-wish", "neighbours-wish", before[2], other[2]]
    for frame in told:
        text = frame.decode()
        ids = _ids(orjson.loads(frame))
        attempts.refused(
            not any(each in text for each in strange)
            and not ids & {("order_id", before[1]), ("order_id", other[1])}
            and not ids & {("session_id", before[0]), ("session_id", other[0])},
            text,
        )


def _ids(value: Any) -> set[tuple[str, int]]:
    """Every id in a frame, by its name."""
    if isinstance(value, list):
        return set().union(*(_ids(each) for each in value))
    if not isinstance(value, dict):
        return set()
    own = {
        (name, each) for name, each in value.items() if name.endswith("_id") and type(each) is int
    }
    return own.union(*(_ids(each) for each in value.values()))


async def test_restaurants_are_founded_and_listed_for_whom_they_are(world: World) -> None:
    founding = {"name": "x", "currency": "EUR", "timezone": "Europe/Rome"}
    home, other = (world.parties[whose].restaurants for whose in ("own", "foreign"))
    seen = {A: {home, other}, C: {home, other}, **{who: {home} for who in (W, K, M, R)}}
    for who in ALL:
        founded = await world.asked(who, "POST", "/restaurants", founding)
        assert code(founded) == ("201" if who == C else "forbidden"), who
        listed = await world.asked(who, "GET", "/restaurants")
        if who == G:
            assert code(listed) == "forbidden"
        else:
            ids = {each["id"] for each in listed.json()["data"]}
            assert ids & {home, other} == seen[who], who


def test_nothing_is_left_out() -> None:
    """Every route and action of the product stands in the tables above."""
    routes = {
        (method.upper(), _plain(path))
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    }
    tried = {(method, path) for method, path, _, _ in ROUTES} | {("GET", path) for path in READS}
    beside = {
        ("GET", "/restaurants"), ("POST", "/restaurants"), ("POST", "/sessions/join"),
        ("POST", "/devices/sign-in"), ("GET", "/restaurants/{}/devices/{}/code"),
        ("GET", "/restaurants/{}/devices/{}/qr.svg"), ("GET", "/tokens"), ("POST", "/tokens"),
        ("DELETE", "/tokens/{}"),
    }  # fmt: skip
    assert {(method, re.sub("/1$", "/{}", path)) for method, path in tried} | beside == routes
    assert {(path, message["action"]) for path, message, _ in SAID} == {
        (_plain(PATHS[channel]).removeprefix("/ws/"), action)
        for channel in Channel
        for action in ACTIONS[channel]
    }
    assert {path for path, _, _ in SAID} == set(CHANNELS)


def _plain(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path.replace("{call_id}", "{}-1"))
