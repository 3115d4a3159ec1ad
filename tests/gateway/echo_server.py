"""The gateway's own server in front of an endpoint that answers each message with `ECHO`."""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect

from gateway.server.endpoint import Handler, Rejection
from gateway.server.frames import FrameWriter, encode_text_frame
from gateway.server.listener import Listener
from gateway.server.websocket import PicowsSocket
from gateway.settings import Limits
from gateway.websocket.connection import Connection
from gateway.websocket.handshake import accepted_subprotocol
from protocol.errors import CloseCode
from tests.eventually import eventually

MAX_FRAMES = 100
MAX_BYTES = 200_000
ECHO = b'{"echo":1}'
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
REJECTED_PATH = "/rejected"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
FIN = 0x80


class Context:
    """State of one socket of the echo server."""

    def __init__(self, echo: "EchoServer") -> None:
        self.echo = echo
        self.connection: Connection | None = None
        self.socket: PicowsSocket
        self.received: list[str | bytes] = []

    async def on_message(self, message: str | bytes) -> None:
        assert self.connection is not None
        self.received.append(message)
        self.connection.send(encode_text_frame(ECHO), solicited=self.echo.is_solicited)
        await self.connection.wait_writable()


class EchoServer:
    """Takes the place of `WebSocketEndpoint`. Handshakes wait for `allowed`, are kept in `scopes`,
    and are rejected for `REJECTED_PATH`."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []
        self.scopes: list[Scope] = []
        self.open_sockets = 0
        self.port = 0
        self.is_solicited = False
        self.allowed = asyncio.Event()
        self.allowed.set()
        self._arrived = asyncio.Event()

    def accepted_subprotocol(self, offered: list[str]) -> str | None:
        return accepted_subprotocol(offered)

    async def authorize(self, scope: Scope) -> Context | Rejection:
        self.scopes.append(scope)
        await self.allowed.wait()
        if scope["path"] == REJECTED_PATH:
            return Rejection(
                encode_text_frame(b'{"code":"forbidden"}'), CloseCode.FORBIDDEN, "forbidden"
            )
        return Context(self)

    async def open(self, context: Context, writer: FrameWriter) -> Handler | None:
        context.connection = Connection(1, writer, MAX_FRAMES, MAX_BYTES)
        context.socket = cast(PicowsSocket, writer)
        self.contexts.append(context)
        self.open_sockets += 1
        self._arrived.set()
        return context.on_message

    def release(self, context: Context) -> None:
        if context.connection is not None:
            context.connection.abort()
            self.open_sockets -= 1

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("a page")(scope, receive, send)

    async def connect(self, path: str = "/", **how: Any) -> tuple[ClientConnection, Context]:
        self._arrived.clear()
        client = await connect(f"ws://127.0.0.1:{self.port}{path}", **how)
        await self._arrived.wait()
        return client, self.contexts[-1]

    async def connect_slow(self) -> tuple[sockets.socket, Context]:
        """A client with small buffers that has completed its handshake and reads nothing."""
        self._arrived.clear()
        raw = sockets.socket()
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", self.port))
        await loop.sock_sendall(raw, HANDSHAKE)
        await self._arrived.wait()
        socket = transport_of(self.contexts[-1]).get_extra_info("socket")
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
        return raw, self.contexts[-1]

    async def wait_released(self, within_s: float = 5.0) -> None:
        """Wait until every socket is released."""
        await eventually(lambda: not self.open_sockets, within_s)


def transport_of(context: Context) -> Any:
    return context.socket._transport


@asynccontextmanager
async def serving(echo: EchoServer, limits: Limits | None = None) -> AsyncIterator[Listener]:
    listener = Listener(echo.http, cast(Any, echo), limits or Limits())
    await listener.start("127.0.0.1", 0)
    echo.port = listener.port
    try:
        yield listener
    finally:
        for context in echo.contexts:
            if transport_of(context) is not None:
                transport_of(context).abort()
        await listener.stop()
        listener.end()


async def reset(raw: sockets.socket) -> None:
    """Reset a client's connection, without a close frame."""
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raw.close()


async def read_all(raw: sockets.socket) -> bytes:
    """All bytes that a client receives until the connection ends or is silent for a second."""
    loop = asyncio.get_running_loop()
    received = b""
    try:
        while chunk := await asyncio.wait_for(loop.sock_recv(raw, 1 << 20), 1):
            received += chunk
    except (TimeoutError, ConnectionError):
        pass
    return received


def frames_in(received: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and payload of each frame after the handshake's response."""
    at = received.index(b"\r\n\r\n") + 4
    while at + 2 <= len(received):
        opcode, length = received[at] & 15, received[at + 1]
        at += 2
        if length == 126:
            length, at = int.from_bytes(received[at : at + 2], "big"), at + 2
        elif length == 127:
            length, at = int.from_bytes(received[at : at + 8], "big"), at + 8
        yield opcode, received[at : at + length]
        at += length


def client_frame(first: int, payload: bytes = b"") -> bytes:
    """A masked frame with a mask of zeros; `first` is its first byte."""
    length = len(payload)
    if length < 126:
        return bytes([first, 0x80 | length]) + bytes(4) + payload
    if length < 65536:
        return bytes([first, 0xFE]) + length.to_bytes(2, "big") + bytes(4) + payload
    return bytes([first, 0xFF]) + length.to_bytes(8, "big") + bytes(4) + payload


def payload(number: int, size: int = 0) -> bytes:
    return orjson.dumps({"n": number, "x": "ü" * size})


async def numbers(client: ClientConnection, count: int) -> list[int]:
    return [orjson.loads(await asyncio.wait_for(client.recv(), 5))["n"] for _ in range(count)]


def push(context: Context, data: bytes, *, solicited: bool = False) -> None:
    assert context.connection is not None
    context.connection.send(encode_text_frame(data), solicited=solicited)


async def close_code(received: bytes) -> int:
    """Close code of the last frame, which must be a close frame."""
    opcode, data = list(frames_in(received))[-1]
    assert opcode == CLOSE
    return int.from_bytes(data[:2], "big")
