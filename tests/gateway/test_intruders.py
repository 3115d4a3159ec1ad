"""Attacks that a guest can make from a phone, over real sockets and requests."""

import asyncio
import base64
import gzip
import os
import zlib
from typing import Any

import httpx
import pytest

from engine.placement import Mode, Placement
from gateway.server.websocket import PING_BURST, PINGS_PER_S
from gateway.settings import GatewaySettings, Limits
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.attack_report import Attempts
from tests.eventually import eventually
from tests.gateway.conftest import (
    KEYS,
    Gateway,
    Place,
    make_place,
    serving,
    token,
    wait_table_free,
)
from tests.gateway.echo_server import client_frame as frame
from tests.local_hosts import LocalHosts

MAX_CONNECTIONS = 20


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


async def raw_socket(
    gateway: Gateway, path: str, *more: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket without a library that would answer pings."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    lines = [
        f"GET /ws/{path} HTTP/1.1", "Host: localhost", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *more,
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head.split(b"\r\n")[0], head
    assert b"sec-websocket-extensions" not in head.lower()
    return reader, writer


@pytest.mark.parametrize("placement", [Placement(Mode.SHARD, shards=2)])
@pytest.mark.attack("half-open")
async def test_a_half_open_socket_is_closed_and_frees_its_connection(
    hosts: LocalHosts, valkey: EmbeddedStore, attempts: Attempts
) -> None:
    """Clients that answer no ping take all connections; then another client connects."""
    limits = Limits(max_connections=MAX_CONNECTIONS, ping_interval_s=0.5)
    own = open_store(valkey.url, retention_s=3600)
    settings = GatewaySettings(KEYS, limits=limits)
    async with serving(hosts, own, settings) as gateway:
        place = await make_place(gateway)
        path = f"tables/{place.table}"
        half_open = [await raw_socket(gateway, path) for _ in range(MAX_CONNECTIONS)]
        assert await (await gateway.socket(path)).closed() == 4429
        for reader, writer in half_open:
            async with asyncio.timeout(20):
                received = await reader.read()
            attempts.refused(b"\x03\xf3" in received, received[-40:])  # 1011: no pong
            writer.close()

        async def is_accepted() -> bool:
            frame = await (await gateway.socket(path)).next()
            return bool(frame.get("type") == "table_status")

        await eventually(is_accepted, 20)


@pytest.mark.attack("floods")
async def test_a_flood_of_pings_is_answered_up_to_the_limit(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    reader, writer = await raw_socket(gateway, f"tables/{place.table}")
    writer.write(frame(0x89, b"p" * 100) * 50_000 + frame(0x81, b'{"action":"get_menu"}'))
    async with asyncio.timeout(20):
        received = await reader.readuntil(b"unknown_action")
    answered = received.count(b"\x8a\x64" + b"p" * 100)
    attempts.refused(PING_BURST <= answered < PING_BURST + 20 * PINGS_PER_S, answered)
    writer.close()


@pytest.mark.attack("bombs")
async def test_a_compressed_message_is_not_decompressed(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """A message of 60 MB in about 60 kB, over sockets and in bodies."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    blanks = b" " * 60_000_000
    bomb = packer.compress(blanks) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 65_000
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    for more in ((), (offer,)):
        for first in (0xC1, 0xC2, 0xE1):
            reader, writer = await raw_socket(gateway, f"tables/{place.table}", *more)
            writer.write(frame(first, bomb))
            async with asyncio.timeout(20):
                received = await reader.read()
            attempts.refused(b"\x03\xea" in received, received[-40:])  # 1002: not negotiated
            writer.close()
    for packed, how in ((gzip.compress(blanks), "gzip"), (zlib.compress(blanks), "deflate")):
        response = await gateway.http.post(
            f"/api/tables/{place.table}/sessions",
            content=packed,
            headers={"Content-Encoding": how},
        )
        attempts.refused(response.json().get("code") == "invalid_json", response.text)


@pytest.mark.attack("tokens")
async def test_a_token_with_a_changed_letter_is_refused(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """Each letter in turn in a header; some changes in a subprotocol and a query."""
    valid = token("manager", restaurant_id=place.restaurant)
    path = f"/api/tables/{place.table}"
    assert (await read_table(gateway, path, valid)).status_code == 200
    spare = _spare(valid)
    for at, letter in enumerate(valid):
        changed = valid[:at] + ("A" if letter != "A" else "B") + valid[at + 1 :]
        if at in spare:
            continue
        response = await read_table(gateway, path, changed)
        attempts.refused(response.status_code == 401, f"{at}: {response.text}")
    for changed in (valid[:-9], valid + ".x", valid.swapcase(), f"{valid},{valid}", "null"):
        response = await gateway.http.get(
            path, params={"token": changed}, headers={"Authorization": f"Bearer {changed}"}
        )
        attempts.refused(response.status_code == 401, changed)
        socket = await gateway.socket(f"tables/{place.table}?token={changed}")
        attempts.refused(await socket.closed() == 4401, changed)


def _spare(text: str) -> set[int]:
    """Positions of letters whose last bits base64 ignores."""
    ends = [len(text[: text.rindex(".")]) - 1, text.index(".") - 1, len(text) - 1]
    return set(ends)


async def read_table(gateway: Gateway, path: str, bearer: str) -> httpx.Response:
    return await gateway.http.get(path, headers={"Authorization": f"Bearer {bearer}"})


@pytest.mark.attack("replays")
async def test_a_guest_token_is_refused_after_its_session_is_closed(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """On every channel and route, for its own session and for the table's next one."""
    created = await gateway.post(f"/tables/{place.table}/sessions")
    session = created["session_id"]
    items = {"items": [{"menu_item_id": 1}]}
    order = (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]
    old = token("guest", restaurant_id=place.restaurant, session_id=session)
    why = {"force": True, "reason": "test"}
    await gateway.post(f"/sessions/{session}/close", why)
    await wait_table_free(gateway, place)
    next_ = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    home, table = f"restaurants/{place.restaurant}", f"tables/{place.table}"
    for path in (
        f"tables/sessions/{session}", f"tables/sessions/{next_}", f"orders/{order}",
        f"orders/{order}/items", table, f"{home}/menu", home,
    ):  # fmt: skip
        closed = await (await gateway.socket(path, old)).closed()
        attempts.refused(closed in (4401, 4403, 4404), f"{path}: {closed}")
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"sessions/{session}/orders", items), ("POST", f"sessions/{next_}/orders", items),
        ("POST", f"sessions/{session}/calls", {}), ("POST", f"sessions/{next_}/calls", {}),
        ("PATCH", f"orders/{order}", {"status": "cancelled"}), ("GET", table, None),
        ("GET", f"sessions/{session}", None), ("GET", f"sessions/{next_}", None),
        ("GET", f"orders/{order}", None), ("GET", f"{home}/menu", None),
    ]  # fmt: skip
    for method, path, body in requests:
        headers = {"Authorization": f"Bearer {old}"}
        response = await gateway.http.request(method, f"/api/{path}", json=body, headers=headers)
        attempts.refused(response.status_code in (401, 404), f"{method} {path}: {response.text}")


@pytest.mark.attack("pages")
async def test_pages_of_other_hosts_are_refused(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """With a valid token, too."""
    own = f"127.0.0.1:{gateway.port}"
    for origin in (
        "https://evil.example", "null", f"http://{own}.evil.example", f"http://evil.example:{own}",
        f"http://{own}@evil.example", "http://127.0.0.1.evil.example", "file://", "http://[",
    ):  # fmt: skip
        for bearer in (None, token("admin")):
            socket = await gateway.socket(
                f"tables/{place.table}", bearer, additional_headers={"Origin": origin}
            )
            attempts.refused(await socket.closed() == 4403, origin)
        for method in ("GET", "POST", "OPTIONS"):
            response = await gateway.http.request(
                method, f"/api/tables/{place.table}/sessions", headers={"Origin": origin}
            )
            attempts.refused(response.status_code == 403, f"{method} {origin}: {response.text}")
