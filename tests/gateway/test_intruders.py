"""What a guest with a little skill tries from the phone, through real sockets and requests."""

import asyncio
import base64
import gzip
import os
import zlib
from typing import Any

import httpx
import pytest

from actors.placement import Mode, Placement
from gateway.settings import GatewaySettings, Limits
from gateway.strainer import PINGS_AT_ONCE, PINGS_PER_S
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.gateway.conftest import KEYS, Gateway, Place, make_place, serving, token
from tests.local_hosts import LocalHosts
from tests.tally import Attempts

FULL = 20


@pytest.fixture
def placement() -> Placement:
    return Placement(Mode.SHARD, shards=2)


async def by_hand(
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


def frame(first: int, payload: bytes) -> bytes:
    assert len(payload) < 2**16
    return bytes([first, 0xFE]) + len(payload).to_bytes(2, "big") + bytes(4) + payload


@pytest.mark.parametrize("placement", [Placement(Mode.SHARD, shards=2)])
@pytest.mark.attack("half-open")
async def test_who_has_gone_without_a_word_leaves_room(
    hosts: LocalHosts, valkey: EmbeddedStore, attempts: Attempts
) -> None:
    """As many as there is room for, none of which answers a ping; then somebody else comes."""
    limits = Limits(max_connections=FULL, ping_s=0.5)
    own = open_store(valkey.url, retention_s=3600)
    settings = GatewaySettings(KEYS, limits=limits)
    async with serving(hosts, own, settings) as gateway:
        place = await make_place(gateway)
        path = f"tables/{place.table}"
        gone = [await by_hand(gateway, path) for _ in range(FULL)]
        assert await (await gateway.socket(path)).closed() == 4429
        for reader, writer in gone:
            async with asyncio.timeout(20):
                told = await reader.read()
            attempts.refused(b"\x03\xf3" in told, told[-40:])  # 1011: no answer to a ping
            writer.close()
        async with asyncio.timeout(20):
            while (await (await gateway.socket(path)).next()).get("type") != "table_status":
                await asyncio.sleep(0.1)


@pytest.mark.attack("floods")
async def test_pings_without_end_are_not_answered_without_end(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    reader, writer = await by_hand(gateway, f"tables/{place.table}")
    writer.write(frame(0x89, b"p" * 100) * 50_000 + frame(0x81, b'{"action":"get_menu"}'))
    async with asyncio.timeout(20):
        told = await reader.readuntil(b"unknown_action")
    answered = told.count(b"\x8a\x64" + b"p" * 100)
    attempts.refused(PINGS_AT_ONCE <= answered < PINGS_AT_ONCE + 20 * PINGS_PER_S, answered)
    writer.close()


@pytest.mark.attack("bombs")
async def test_what_is_packed_is_not_unpacked(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """Sixty megabytes of blanks in some sixty kilobytes, by socket and in bodies."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    blanks = b" " * 60_000_000
    bomb = packer.compress(blanks) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 65_000
    asking = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    for more in ((), (asking,)):
        for first in (0xC1, 0xC2, 0xE1):
            reader, writer = await by_hand(gateway, f"tables/{place.table}", *more)
            writer.write(frame(first, bomb))
            async with asyncio.timeout(20):
                told = await reader.read()
            attempts.refused(b"\x03\xea" in told, told[-40:])  # 1002: not agreed upon
            writer.close()
    for packed, how in ((gzip.compress(blanks), "gzip"), (zlib.compress(blanks), "deflate")):
        answer = await gateway.http.post(
            f"/api/tables/{place.table}/sessions",
            content=packed,
            headers={"Content-Encoding": how},
        )
        attempts.refused(answer.json().get("code") == "invalid_json", answer.text)


@pytest.mark.attack("tokens")
async def test_a_token_with_a_changed_letter_is_refused(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """Each letter of it in turn, by header; some by subprotocol and query."""
    good = token("manager", restaurant_id=place.restaurant)
    path = f"/api/tables/{place.table}"
    assert (await asked(gateway, path, good)).status_code == 200
    spare = _spare(good)
    for at, letter in enumerate(good):
        changed = good[:at] + ("A" if letter != "A" else "B") + good[at + 1 :]
        if at in spare:
            continue
        answer = await asked(gateway, path, changed)
        attempts.refused(answer.status_code == 401, f"{at}: {answer.text}")
    for changed in (good[:-9], good + ".x", good.swapcase(), f"{good},{good}", "null"):
        answer = await gateway.http.get(
            path, params={"token": changed}, headers={"Authorization": f"Bearer {changed}"}
        )
        attempts.refused(answer.status_code == 401, changed)
        socket = await gateway.socket(f"tables/{place.table}?token={changed}")
        attempts.refused(await socket.closed() == 4401, changed)


def _spare(text: str) -> set[int]:
    """Last letters of base64 that have bits to spare, which nobody reads."""
    ends = [len(text[: text.rindex(".")]) - 1, text.index(".") - 1, len(text) - 1]
    return set(ends)


async def asked(gateway: Gateway, path: str, bearer: str) -> httpx.Response:
    return await gateway.http.get(path, headers={"Authorization": f"Bearer {bearer}"})


@pytest.mark.attack("replays")
async def test_a_guests_token_is_worth_nothing_after_the_session(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """On every channel and route that it was good for, for what is its own and for the next party's
    session at the table."""
    made = await gateway.post(f"/tables/{place.table}/sessions")
    session = made["session_id"]
    items = {"items": [{"menu_item_id": 1}]}
    order = (await gateway.post(f"/sessions/{session}/orders", items))["order_id"]
    old = token("guest", restaurant_id=place.restaurant, session_id=session)
    why = {"force": True, "reason": "gone"}
    await gateway.post(f"/sessions/{session}/close", why)
    async with asyncio.timeout(5):
        while (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]["is_occupied"]:
            await asyncio.sleep(0.02)
    next_ = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    home, table = f"restaurants/{place.restaurant}", f"tables/{place.table}"
    for path in (
        f"tables/sessions/{session}", f"tables/sessions/{next_}", f"orders/{order}",
        f"orders/{order}/items", table, f"{home}/menu", home,
    ):  # fmt: skip
        closed = await (await gateway.socket(path, old)).closed()
        attempts.refused(closed in (4401, 4403, 4404), f"{path}: {closed}")
    asks: list[tuple[str, str, Any]] = [
        ("POST", f"sessions/{session}/orders", items), ("POST", f"sessions/{next_}/orders", items),
        ("POST", f"sessions/{session}/calls", {}), ("POST", f"sessions/{next_}/calls", {}),
        ("PATCH", f"orders/{order}", {"status": "cancelled"}), ("GET", table, None),
        ("GET", f"sessions/{session}", None), ("GET", f"sessions/{next_}", None),
        ("GET", f"orders/{order}", None), ("GET", f"{home}/menu", None),
    ]  # fmt: skip
    for method, path, body in asks:
        headers = {"Authorization": f"Bearer {old}"}
        answer = await gateway.http.request(method, f"/api/{path}", json=body, headers=headers)
        attempts.refused(answer.status_code in (401, 404), f"{method} {path}: {answer.text}")


@pytest.mark.attack("pages")
async def test_no_page_of_another_host_gets_in(
    gateway: Gateway, place: Place, attempts: Attempts
) -> None:
    """With a good token, too."""
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
            answer = await gateway.http.request(
                method, f"/api/tables/{place.table}/sessions", headers={"Origin": origin}
            )
            attempts.refused(answer.status_code == 403, f"{method} {origin}: {answer.text}")
