"""Whatever is over a limit is counted under its name, which the alert and the runbook go by."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest

from actors.placement import Mode, Placement
from gateway.connection import Connection
from gateway.door import MAX_PUBLIC_BYTES
from gateway.limits import GUESSES_AT_ONCE
from gateway.metrics import HTTP, LIMITED
from gateway.settings import GatewaySettings, Limits
from gateway.strainer import PATIENCE, PINGS_AT_ONCE
from gateway.wire import framed
from protocol.commands import MAX_LINES
from scripts.environment import ROOT
from tests.clients import Socket
from tests.gateway.conftest import KEYS, Gateway, Place, token
from tests.gateway.test_intruders import by_hand, frame

ADMIN = token("admin")
HERE = {"X-Forwarded-For": "203.0.113.7"}
LINE = {"menu_item_id": 1}

Attempt = Callable[[Gateway, Place], Awaitable[None]]


async def table(gateway: Gateway, place: Place, as_: str | None = None, **how: Any) -> Socket:
    return await gateway.socket(f"tables/{place.table}", as_, **how)


def sockets(count: int, as_: str | None = None, **how: Any) -> Attempt:
    async def attempt(gateway: Gateway, place: Place) -> None:
        opened = [await table(gateway, place, as_, **how) for _ in range(count)]
        for socket in opened:
            await socket.next()

    return attempt


def messages(*texts: str, as_: str | None = None) -> Attempt:
    async def attempt(gateway: Gateway, place: Place) -> None:
        made = await gateway.post(f"/tables/{place.table}/sessions")
        socket = await gateway.socket(f"tables/sessions/{made['session_id']}", as_)
        await socket.next()
        for text in texts:
            await socket.raw.send(text)
            await socket.next()

    return attempt


def order(**fields: Any) -> str:
    return orjson.dumps({"action": "place_order", **fields}).decode()


def requests(count: int, path: str, content: Any = b"{}", **headers: str) -> Attempt:
    async def attempt(gateway: Gateway, place: Place) -> None:
        for _ in range(count):
            await gateway.http.post(f"/api/{path}", content=content, headers=headers)

    return attempt


def by_manager(count: int) -> Attempt:
    async def attempt(gateway: Gateway, place: Place) -> None:
        bearer = token("manager", restaurant_id=place.restaurant)
        headers = {"Authorization": f"Bearer {bearer}"}
        for _ in range(count):
            await gateway.http.get(f"/api/tables/{place.table}", headers=headers)

    return attempt


async def slowly() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.sleep(1)


async def endless_message(gateway: Gateway, place: Place) -> None:
    reader, writer = await by_hand(gateway, f"tables/{place.table}")
    writer.write(bytes([0x81, 0xFF]) + (PATIENCE + 1).to_bytes(8, "big"))
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()


async def pings(gateway: Gateway, place: Place) -> None:
    reader, writer = await by_hand(gateway, f"tables/{place.table}")
    writer.write(frame(0x89, b"p") * (PINGS_AT_ONCE + 100) + frame(0x81, b"x"))
    async with asyncio.timeout(20):
        await reader.readuntil(b"invalid_json")
    writer.close()


async def no_answer_to_pings(gateway: Gateway, place: Place) -> None:
    reader, writer = await by_hand(gateway, f"tables/{place.table}")
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()
    await asyncio.sleep(0.1)


async def unread_frames(gateway: Gateway, place: Place) -> None:
    async def never(message: Any) -> None:
        await asyncio.Event().wait()

    connection = Connection(0, never, max_frames=2, max_bytes=1000)
    for _ in range(4):
        connection.push(framed(b"{}"))
        await asyncio.sleep(0)
    connection.abandon()


EACH: list[tuple[str, Limits, Attempt]] = [
    ("connections", Limits(max_connections=1), sockets(2)),
    ("address", Limits(connections_per_address=1), sockets(2, ADMIN, additional_headers=HERE)),
    ("token", Limits(connections_per_token=1), sockets(2, ADMIN)),
    ("subscribers", Limits(max_subscribers=1), sockets(2)),
    ("messages", Limits(messages_per_s=0.001, burst=1), messages(*["{}"] * 2)),
    ("messages", Limits(), messages(*["[]".ljust(60_000)] * 15)),
    ("token messages", Limits(messages_per_s_per_token=0.6), messages(*["{}"] * 3, as_=ADMIN)),
    ("requests", Limits(messages_per_s=0.001, burst=1), by_manager(2)),
    ("joins", Limits(messages_per_s=0.001, burst=1), requests(2, "sessions/join", **HERE)),
    ("bad tokens", Limits(messages_per_s=0.001, burst=1),
     requests(2, "restaurants", Authorization="Bearer bad", **HERE)),
    ("guesses", Limits(),
     requests(GUESSES_AT_ONCE + 1, "sessions/join", b'{"session_code":"ZZZZZZ"}', **HERE)),
    ("guesses", Limits(),
     requests(GUESSES_AT_ONCE + 1, "devices/sign-in", b'{"device_code":"ZZZZZZ"}', **HERE)),
    ("unsent", Limits(), unread_frames),
    ("message", Limits(max_message_bytes=100), messages("x" * 101)),
    ("message", Limits(), messages("x" * 70_000)),
    ("message", Limits(), endless_message),
    ("text", Limits(), messages(order(items=[LINE | {"notes": "n" * 1001}]))),
    ("text", Limits(max_text=20), requests(1, "restaurants", b'{"name":"Trattoria da Ada e Bea"}')),
    ("depth", Limits(), messages('{"a":' * 20 + "1" + "}" * 20)),
    ("values", Limits(), messages(order(items=[0] * 6000))),
    ("items", Limits(max_items=2), messages(order(items=[LINE] * 3))),
    ("items", Limits(), messages(order(items=[LINE] * (MAX_LINES + 1)))),
    ("body", Limits(max_body_bytes=1000), requests(1, "restaurants", b" " * 1001)),
    ("body", Limits(), requests(1, "sessions/join", b" " * (MAX_PUBLIC_BYTES + 1))),
    ("body time", Limits(body_s=0.1), requests(1, "restaurants", slowly())),
    ("pings", Limits(), pings),
    ("ping time", Limits(ping_s=0.1), no_answer_to_pings),
]  # fmt: skip


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


class TestEach:
    @pytest.fixture
    def settings(self, limits: Limits) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=limits)

    @pytest.mark.parametrize(
        ("limit", "limits", "attempt"), EACH, ids=[limit for limit, _, _ in EACH]
    )
    async def test_limit_is_counted_under_its_name(
        self, gateway: Gateway, place: Place, limit: str, attempt: Attempt
    ) -> None:
        LIMITED.take()
        await attempt(gateway, place)
        counted = LIMITED.take()
        assert counted.keys() == {limit}
        assert counted[limit] >= 1


async def test_a_page_of_another_host_is_counted_among_the_requests(
    gateway: Gateway, place: Place
) -> None:
    HTTP.take()
    answer = await gateway.http.get("/api/restaurants", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert HTTP.take() == {"403": 1}


def test_the_runbook_knows_each_name() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    for limit, _, _ in EACH:
        assert f"`{limit}`" in runbook
