"""What somebody on the guests' Wi-Fi may try against the service as `make run` starts it."""

import asyncio
import base64
import os
import socket
import struct
import time
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from engine.placement import Mode
from tests.attack_report import Attempts
from tests.clients import Socket
from tests.e2e.service import Service

PATIENCE_S = 20.0

pytestmark = pytest.mark.parametrize("service", [Mode.SHARD], indirect=True, ids=str)


def endpoint(service: Service) -> tuple[str, int]:
    host, _, port = service.url.partition(":")
    return host, int(port)


def raw(service: Service) -> socket.socket:
    made = socket.create_connection(endpoint(service), timeout=PATIENCE_S)
    made.settimeout(PATIENCE_S)
    return made


def upgraded(service: Service, *more: str) -> socket.socket:
    """A socket on the menu of restaurant 1, its handshake done by hand."""
    made = raw(service)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws/restaurants/1/menu/ HTTP/1.1", f"Host: {service.url}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *more,
    ]  # fmt: skip
    made.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += made.recv(1)
    assert b" 101 " in answer.split(b"\r\n")[0], answer
    assert b"sec-websocket-extensions" not in answer.lower(), "nothing can be unpacked into more"
    return made


def frame(opcode: int, payload: bytes, *, fin: bool = True, length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 2**16:
        head += bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", size)
    return head + bytes(4) + payload  # masked with zeros


def closed_by_server(made: socket.socket) -> bytes:
    """All that still comes until the server ends the connection."""
    received = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            chunk = made.recv(65536)
        except ConnectionResetError:
            return received
        if not chunk:
            return received
        received += chunk
    raise AssertionError("the connection is still open")


async def still_well(service: Service) -> None:
    async with connect(f"ws://{service.url}/ws/restaurants/1/menu/") as one:
        assert (await Socket(one).next())["type"] == "menu"


@pytest.mark.attack("handshakes")
async def test_unfinished_handshakes_and_bodies_time_out(
    service: Service, attempts: Attempts
) -> None:
    """Handshakes that do not end, and a body that does not."""
    beginnings = (
        b"",
        b"GET /ws/restaurants/1/menu/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /api/sess",
    )
    slow = [(raw(service), beginning) for beginning in beginnings for _ in range(50)]
    body = raw(service)
    body.sendall(
        b"POST /api/sessions/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 500\r\n\r\n{"table_code":'
    )
    for each, beginning in slow:
        each.sendall(beginning)
    await still_well(service)
    for each, _ in slow:
        answer = await asyncio.to_thread(closed_by_server, each)
        attempts.refused(answer == b"" or b" 408 " in answer.split(b"\r\n")[0], answer)
        each.close()
    answer = await asyncio.to_thread(body.recv, 65536)
    attempts.refused(b" 422 " in answer.split(b"\r\n")[0], answer)
    body.close()


@pytest.mark.attack("bombs")
async def test_compression_is_not_offered(service: Service) -> None:
    asked = upgraded(service, "Sec-WebSocket-Extensions: permessage-deflate")
    asked.close()


@pytest.mark.attack("oversized")
async def test_a_message_beyond_all_bounds_closes_its_sender_alone(
    service: Service, attempts: Attempts
) -> None:
    part = frame(0x0, b"x" * 65_000, fin=False)
    for start in (
        frame(0x1, b"", length=2**40),
        frame(0x1, b"x" * 65_000, fin=False) + part * 260,
        frame(0x1, b"a", fin=False) + frame(0x0, b"", length=2**24),
    ):
        flood = upgraded(service)
        with_close = asyncio.to_thread(_send_and_wait, flood, start)
        attempts.refused(b"\x03\xf1" in await with_close, "no 1009: too big")
        await still_well(service)


def _send_and_wait(made: socket.socket, data: bytes) -> bytes:
    with suppress(BrokenPipeError, ConnectionResetError):
        made.sendall(data)
    received = b""
    while b"\x03\xf1" not in received:
        chunk = made.recv(65536)
        if not chunk:
            break
        received += chunk
    made.close()
    return received


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 20,  # reserved bits and an unknown opcode
        b"\x81\x05hello",  # not masked
        frame(0x1, b"\xff\xfe"),  # no UTF-8
        frame(0x0, b"nothing goes on"),
        frame(0x9, b"p" * 126),  # a ping is short
        frame(0x8, b"\x00"),  # half a close code
    ],
)
@pytest.mark.attack("frames")
async def test_broken_frames_close_their_sender_alone(service: Service, data: bytes) -> None:
    broken = upgraded(service)
    broken.sendall(data)
    await asyncio.to_thread(_until_close, broken)
    await still_well(service)


def _until_close(made: socket.socket) -> None:
    deadline = time.monotonic() + PATIENCE_S
    seen = b""
    while time.monotonic() < deadline:
        try:
            chunk = made.recv(65536)
        except ConnectionResetError:
            return
        if not chunk:
            return
        seen += chunk
        if any(code in seen for code in (b"\x03\xea", b"\x03\xef")):  # 1002, 1007
            made.close()
            return
    raise AssertionError("the connection is still open")


@pytest.mark.attack("frames")
async def test_json_of_any_depth_is_an_error_and_no_more(
    service: Service, attempts: Attempts
) -> None:
    async with connect(f"ws://{service.url}/ws/restaurants/1/menu/") as one:
        client = Socket(one)
        await client.next()
        for text in (
            "[" * 60_000,
            '{"action":' * 6_000,
            '{"a":' + "[" * 30_000 + "]" * 30_000 + "}",
        ):
            await one.send(text)
            code = (await client.next()).get("code")
            attempts.refused(code in ("invalid_json", "invalid_message"), text[:20])
        await client.send("get_menu")
        assert (await client.next())["type"] == "menu"


@pytest.mark.attack("addresses")
async def test_a_thousand_connections_of_one_address_leave_room_for_others(
    service: Service,
) -> None:
    opened = []
    for _ in range(10):
        opened += await asyncio.gather(
            *(connect(f"ws://{service.url}/ws/restaurants/1/menu/") for _ in range(100))
        )
    await still_well(service)
    await asyncio.gather(*(each.close() for each in opened))


@pytest.mark.attack("frames")
async def test_methods_and_paths_of_any_shape_get_an_answer(
    service: Service, attempts: Attempts
) -> None:
    async with httpx.AsyncClient(base_url=f"http://{service.url}", timeout=PATIENCE_S) as http:
        answers: list[Any] = []
        for method in ("TRACE", "CONNECT", "PROPFIND", "DELETE"):
            answers.append(await http.request(method, "/api/orders/1"))
        for path in (
            "/api/orders/%00",
            "/api/orders/1%2f2",
            "/api//orders/1",
            "/api/" + "x" * 4000,
        ):
            answers.append(await http.get(path))
        answers.append(await http.post("/api/sessions/join", content=b"\xff" * 100))
        answers.append(await http.post("/api/sessions/join", content=b"[" * 100_000))
    for answer in answers:
        is_told = 400 <= answer.status_code < 500 and b"Traceback" not in answer.content
        attempts.refused(is_told, answer)
        if answer.headers.get("content-type", "").startswith("application/json"):
            assert orjson.loads(answer.content)["code"]
    await still_well(service)
