"""Attacks from the guests' Wi-Fi on a service that `make run` starts."""

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

TIMEOUT_S = 20.0

pytestmark = pytest.mark.parametrize("service", [Mode.SHARD], indirect=True, ids=str)


def endpoint(service: Service) -> tuple[str, int]:
    host, _, port = service.url.partition(":")
    return host, int(port)


def open_connection(service: Service) -> socket.socket:
    connection = socket.create_connection(endpoint(service), timeout=TIMEOUT_S)
    connection.settimeout(TIMEOUT_S)
    return connection


def open_websocket(service: Service, *more: str) -> socket.socket:
    """A TCP connection with a completed WebSocket handshake, on the menu of restaurant 1."""
    connection = open_connection(service)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws/restaurants/1/menu/ HTTP/1.1", f"Host: {service.url}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *more,
    ]  # fmt: skip
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
    response = b""
    while b"\r\n\r\n" not in response:
        response += connection.recv(1)
    assert b" 101 " in response.split(b"\r\n")[0], response
    assert b"sec-websocket-extensions" not in response.lower(), "compression was negotiated"
    return connection


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


def closed_by_server(connection: socket.socket) -> bytes:
    """Bytes received until the server ends the connection."""
    received = b""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not chunk:
            return received
        received += chunk
    raise AssertionError("the connection is still open")


async def assert_serves(service: Service) -> None:
    async with connect(f"ws://{service.url}/ws/restaurants/1/menu/") as one:
        assert (await Socket(one).next())["type"] == "menu"


@pytest.mark.attack("handshakes")
async def test_unfinished_handshakes_and_bodies_time_out(
    service: Service, attempts: Attempts
) -> None:
    """Incomplete handshakes and an incomplete body."""
    beginnings = (
        b"",
        b"GET /ws/restaurants/1/menu/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /api/sess",
    )
    slow = [(open_connection(service), beginning) for beginning in beginnings for _ in range(50)]
    body = open_connection(service)
    body.sendall(
        b"POST /api/sessions/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 500\r\n\r\n{"table_code":'
    )
    for each, beginning in slow:
        each.sendall(beginning)
    await assert_serves(service)
    for each, _ in slow:
        response = await asyncio.to_thread(closed_by_server, each)
        attempts.refused(response == b"" or b" 408 " in response.split(b"\r\n")[0], response)
        each.close()
    response = await asyncio.to_thread(body.recv, 65536)
    attempts.refused(b" 422 " in response.split(b"\r\n")[0], response)
    body.close()


@pytest.mark.attack("bombs")
async def test_compression_is_not_offered(service: Service) -> None:
    connection = open_websocket(service, "Sec-WebSocket-Extensions: permessage-deflate")
    connection.close()


@pytest.mark.attack("oversized")
async def test_an_oversized_message_closes_only_its_connection(
    service: Service, attempts: Attempts
) -> None:
    part = frame(0x0, b"x" * 65_000, fin=False)
    for start in (
        frame(0x1, b"", length=2**40),
        frame(0x1, b"x" * 65_000, fin=False) + part * 260,
        frame(0x1, b"a", fin=False) + frame(0x0, b"", length=2**24),
    ):
        flood = open_websocket(service)
        received = asyncio.to_thread(_send_until_closed, flood, start)
        attempts.refused(b"\x03\xf1" in await received, "no 1009: too big")
        await assert_serves(service)


def _send_until_closed(connection: socket.socket, data: bytes) -> bytes:
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
    received = b""
    while b"\x03\xf1" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            break
        received += chunk
    connection.close()
    return received


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 20,  # reserved bits and an unknown opcode
        b"\x81\x05hello",  # not masked
        frame(0x1, b"\xff\xfe"),  # no UTF-8
        frame(0x0, b"nothing to continue"),
        frame(0x9, b"p" * 126),  # a control frame has at most 125 bytes
        frame(0x8, b"\x00"),  # a close code has two bytes
    ],
)
@pytest.mark.attack("frames")
async def test_an_invalid_frame_closes_only_its_connection(service: Service, data: bytes) -> None:
    broken = open_websocket(service)
    broken.sendall(data)
    await asyncio.to_thread(_wait_until_closed, broken)
    await assert_serves(service)


def _wait_until_closed(connection: socket.socket) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    seen = b""
    while time.monotonic() < deadline:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return
        if not chunk:
            return
        seen += chunk
        if any(code in seen for code in (b"\x03\xea", b"\x03\xef")):  # 1002, 1007
            connection.close()
            return
    raise AssertionError("the connection is still open")


@pytest.mark.attack("frames")
async def test_deeply_nested_json_gets_an_error_and_the_socket_stays_open(
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
async def test_others_connect_while_one_address_holds_a_thousand_connections(
    service: Service,
) -> None:
    connections = []
    for _ in range(10):
        connections += await asyncio.gather(
            *(connect(f"ws://{service.url}/ws/restaurants/1/menu/") for _ in range(100))
        )
    await assert_serves(service)
    await asyncio.gather(*(each.close() for each in connections))


@pytest.mark.attack("frames")
async def test_unusual_methods_paths_and_bodies_get_a_client_error(
    service: Service, attempts: Attempts
) -> None:
    async with httpx.AsyncClient(base_url=f"http://{service.url}", timeout=TIMEOUT_S) as http:
        responses: list[Any] = []
        for method in ("TRACE", "CONNECT", "PROPFIND", "DELETE"):
            responses.append(await http.request(method, "/api/orders/1"))
        for path in (
            "/api/orders/%00",
            "/api/orders/1%2f2",
            "/api//orders/1",
            "/api/" + "x" * 4000,
        ):
            responses.append(await http.get(path))
        responses.append(await http.post("/api/sessions/join", content=b"\xff" * 100))
        responses.append(await http.post("/api/sessions/join", content=b"[" * 100_000))
    for response in responses:
        is_client_error = 400 <= response.status_code < 500 and b"Traceback" not in response.content
        attempts.refused(is_client_error, response)
        if response.headers.get("content-type", "").startswith("application/json"):
            assert orjson.loads(response.content)["code"]
    await assert_serves(service)
