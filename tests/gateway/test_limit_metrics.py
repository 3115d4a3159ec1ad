"""Violations of each limit are counted under its name, which alert and runbook use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import orjson
import pytest

from engine.placement import Mode, Placement
from gateway.http.requests import MAX_UNAUTHENTICATED_BYTES
from gateway.limits import GUESS_BURST
from gateway.metrics import HTTP_REQUESTS, LIMIT_VIOLATIONS
from gateway.server.frames import encode_text_frame
from gateway.server.websocket import PING_BURST
from gateway.settings import GatewaySettings, Limits
from gateway.websocket.asgi import AsgiWriter
from gateway.websocket.connection import Connection
from protocol.commands import MAX_LINES
from scripts.environment import ROOT
from tests.clients import Socket
from tests.gateway.conftest import KEYS, Gateway, Place, token
from tests.gateway.echo_server import client_frame as frame
from tests.gateway.test_intruders import raw_socket

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
        created = await gateway.post(f"/tables/{place.table}/sessions")
        socket = await gateway.socket(f"tables/sessions/{created['session_id']}", as_)
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


async def slow_body() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.sleep(1)  # longer than the time-out of bodies


async def endless_message(gateway: Gateway, place: Place) -> None:
    reader, writer = await raw_socket(gateway, f"tables/{place.table}")
    writer.write(bytes([0x81, 0xFF]) + (2**40).to_bytes(8, "big") + bytes(4))
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()


async def pings(gateway: Gateway, place: Place) -> None:
    reader, writer = await raw_socket(gateway, f"tables/{place.table}")
    writer.write(frame(0x89, b"p") * (PING_BURST + 100) + frame(0x81, b"x"))
    async with asyncio.timeout(20):
        await reader.readuntil(b"invalid_json")
    writer.close()


async def unanswered_pings(gateway: Gateway, place: Place) -> None:
    reader, writer = await raw_socket(gateway, f"tables/{place.table}")
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()


async def unread_frames(gateway: Gateway, place: Place) -> None:
    async def block(message: Any) -> None:
        await asyncio.Event().wait()

    writer = AsgiWriter(block)
    connection = Connection(0, writer, max_frames=2, max_bytes=1000)
    for _ in range(4):
        connection.send(encode_text_frame(b"{}"))
        await asyncio.sleep(0)
    connection.abort()
    writer.stop()


async def too_large(size: int, gateway: Gateway, place: Place) -> None:
    socket = await table(gateway, place)
    await socket.next()
    await socket.raw.send("x" * size)
    assert await socket.closed() == 1009


async def many_handshakes(gateway: Gateway, place: Place) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.websocket.connection_limits.HANDSHAKE_BURST", 1)
        patch.setattr("gateway.websocket.connection_limits.HANDSHAKES_PER_S", 0.001)
        await sockets(2, additional_headers=HERE, as_=ADMIN)(gateway, place)


async def slow_head(gateway: Gateway, place: Place) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET / HTTP/1.1\r\n")
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()


async def large_head(gateway: Gateway, place: Place) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()


VIOLATIONS: list[tuple[str, Limits, Attempt]] = [
    ("connections", Limits(max_connections=1), sockets(2)),
    ("address", Limits(max_connections_per_ip=1), sockets(2, ADMIN, additional_headers=HERE)),
    ("token", Limits(max_connections_per_principal=1), sockets(2, ADMIN)),
    ("subscribers", Limits(max_subscribers=1), sockets(2)),
    ("messages", Limits(messages_per_s=0.001, burst_messages=1), messages(*["{}"] * 2)),
    ("messages", Limits(), messages(*["[]".ljust(60_000)] * 15)),
    ("token_messages", Limits(messages_per_s_per_token=0.6), messages(*["{}"] * 3, as_=ADMIN)),
    ("requests", Limits(messages_per_s=0.001, burst_messages=1), by_manager(2)),
    ("joins", Limits(messages_per_s=0.001, burst_messages=1), requests(2, "sessions/join", **HERE)),
    ("bad_tokens", Limits(messages_per_s=0.001, burst_messages=1),
     requests(2, "restaurants", Authorization="Bearer bad", **HERE)),
    ("guesses", Limits(),
     requests(GUESS_BURST + 1, "sessions/join", b'{"session_code":"ZZZZZZ"}', **HERE)),
    ("guesses", Limits(),
     requests(GUESS_BURST + 1, "devices/sign-in", b'{"device_code":"ZZZZZZ"}', **HERE)),
    ("unsent", Limits(), unread_frames),
    ("message", Limits(max_message_bytes=100), partial(too_large, 101)),
    ("message", Limits(), partial(too_large, 70_000)),
    ("handshakes", Limits(), many_handshakes),
    ("head", Limits(), large_head),
    ("head_time", Limits(), slow_head),
    ("message", Limits(), endless_message),
    ("text", Limits(), messages(order(items=[LINE | {"notes": "n" * 1001}]))),
    ("text", Limits(max_string_chars=20),
     requests(1, "restaurants", b'{"name":"Trattoria da Ada e Bea"}')),
    ("depth", Limits(), messages('{"a":' * 20 + "1" + "}" * 20)),
    ("values", Limits(), messages(order(items=[0] * 6000))),
    ("items", Limits(max_items=2), messages(order(items=[LINE] * 3))),
    ("items", Limits(), messages(order(items=[LINE] * (MAX_LINES + 1)))),
    ("body", Limits(max_body_bytes=1000), requests(1, "restaurants", b" " * 1001)),
    ("body", Limits(), requests(1, "sessions/join", b" " * (MAX_UNAUTHENTICATED_BYTES + 1))),
    ("body_time", Limits(body_timeout_s=0.1), requests(1, "restaurants", slow_body())),
    ("pings", Limits(), pings),
    ("ping_time", Limits(ping_interval_s=0.1), unanswered_pings),
]  # fmt: skip


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


class TestEach:
    @pytest.fixture
    def settings(self, limits: Limits) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=limits)

    @pytest.mark.parametrize(
        ("limit", "limits", "attempt"), VIOLATIONS, ids=[limit for limit, _, _ in VIOLATIONS]
    )
    async def test_limit_is_counted_under_its_name(
        self, gateway: Gateway, place: Place, limit: str, attempt: Attempt
    ) -> None:
        LIMIT_VIOLATIONS.drain()
        await attempt(gateway, place)
        counted = LIMIT_VIOLATIONS.drain()
        assert counted.keys() == {limit}
        assert counted[limit] >= 1


async def test_a_request_from_a_foreign_origin_is_counted_with_its_status(
    gateway: Gateway, place: Place
) -> None:
    HTTP_REQUESTS.drain()
    answer = await gateway.http.get("/api/restaurants", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert HTTP_REQUESTS.drain() == {"403": 1}


def test_the_runbook_lists_each_limit() -> None:
    runbook = (ROOT / "docs" / "operations" / "runbook.md").read_text()
    for limit, _, _ in VIOLATIONS:
        assert f"`{limit}`" in runbook
