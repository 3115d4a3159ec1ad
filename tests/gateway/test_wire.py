"""Frames written straight to uvicorn's transport, between a real server and real clients."""

import asyncio
import gc
import socket as sockets
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import httpx
import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.connection import Connection
from gateway.inbox import Inbox
from gateway.ingress import DirectSockets
from gateway.strainer import AT_ONCE
from gateway.uvicorn_socket import UvicornSocket
from gateway.wire import EXTENSION, framed
from protocol.errors import CloseCode

MAX_FRAMES = 100
MAX_BYTES = 200_000


class Stand:
    """An application whose sockets the test writes to, behind the middleware of the product."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.protocols: list[Any] = []
        self.open = 0
        self.port = 0
        self.arrived = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        wire = scope["extensions"][EXTENSION]
        connection = Connection(1, send, MAX_FRAMES, MAX_BYTES, wire)
        self.connections.append(connection)
        self.protocols.append(cast(Any, send).__self__)
        self.open += 1
        self.arrived.set()
        try:
            while (await receive())["type"] == "websocket.receive":
                if connection.closed:  # as who is turned away, it is not listened to any more
                    await connection.drained()
                    return
                await connection.room()
                connection.push(framed(b'{"echo":1}'))
        except asyncio.CancelledError:
            if not connection.gave_up:
                raise
        finally:
            self.open -= 1
            connection.abandon()

    async def connect(self, **how: Any) -> tuple[ClientConnection, Connection]:
        self.arrived.clear()
        client = await connect(f"ws://127.0.0.1:{self.port}/", **how)
        await self.arrived.wait()
        return client, self.connections[-1]

    async def slow(self) -> tuple[sockets.socket, Connection]:
        """A client that has shaken hands, takes little and reads nothing."""
        self.arrived.clear()
        raw = sockets.socket()
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", self.port))
        await loop.sock_sendall(raw, _HANDSHAKE)
        await self.arrived.wait()
        transport = self.protocols[-1].transport
        transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
        return raw, self.connections[-1]

    async def all_gone(self, within_s: float = 3.0) -> None:
        async with asyncio.timeout(within_s):
            while self.open:
                await asyncio.sleep(0.01)


_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def _serve(app: ASGIApp) -> tuple[uvicorn.Server, asyncio.Task[None], int]:
    config = uvicorn.Config(
        DirectSockets(app), port=0, log_level="warning", lifespan="off", ws=UvicornSocket
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return server, running, server.servers[0].sockets[0].getsockname()[1]


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    stand = Stand()
    server, running, stand.port = await _serve(stand)
    yield stand
    for protocol in stand.protocols:
        protocol.transport.abort()
    for task in list(server.server_state.tasks):
        task.cancel()
    server.should_exit = True
    await running


def payload(number: int, size: int = 0) -> bytes:
    return orjson.dumps({"n": number, "x": "ü" * size})


async def numbers(client: ClientConnection, count: int) -> list[int]:
    return [orjson.loads(await asyncio.wait_for(client.recv(), 5))["n"] for _ in range(count)]


async def read_all(raw: sockets.socket) -> bytes:
    """All that the server has for a client, until it ends or is silent."""
    loop = asyncio.get_running_loop()
    received = b""
    try:
        while chunk := await asyncio.wait_for(loop.sock_recv(raw, 1 << 20), 1):
            received += chunk
    except (TimeoutError, ConnectionError):
        pass
    return received


def frames_in(received: bytes) -> Iterable[tuple[int, bytes]]:
    """Opcode and payload of each frame after the handshake's answer."""
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


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_frames_of_every_size_arrive_whole_and_in_order(
    stand: Stand, compression: str | None
) -> None:
    client, connection = await stand.connect(max_size=None, compression=compression)
    sizes = [0, 50, 60, 61, 62, 63, 1000, 32_760, 32_768, 40_000, 0]
    for number, size in enumerate(sizes):
        connection.push(framed(payload(number, size)))
        await asyncio.sleep(0.02)  # by the wire alone, or where it is full, by uvicorn's `send`
    received = [orjson.loads(await asyncio.wait_for(client.recv(), 5)) for _ in sizes]
    assert received == [{"n": n, "x": "ü" * size} for n, size in enumerate(sizes)]
    await client.close()
    await stand.all_gone()


async def test_both_ways_keep_one_order(stand: Stand) -> None:
    """A client that reads in jerks: the wire is full, free and full again."""
    raw, connection = await stand.slow()
    loop = asyncio.get_running_loop()
    ways = []
    received = b""
    for jerk in range(20):
        for number in range(40):
            connection.push(framed(payload(40 * jerk + number, 2000)), asked_for=True)
            ways.append(connection._writer is None)
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while connection._writer is not None:  # until it is free again
                received += await loop.sock_recv(raw, 1 << 16)
    received += await read_all(raw)
    texts = [orjson.loads(text)["n"] for opcode, text in frames_in(received) if opcode == 1]
    assert texts == list(range(800))
    assert ways.count(True) > 20, "the wire was not used"
    assert ways.count(False) > 20, "the queue was not used"
    raw.close()


async def test_what_is_written_in_one_turn_leaves_in_one_call(stand: Stand) -> None:
    client, connection = await stand.connect()
    transport = stand.protocols[-1].transport
    calls: list[bytes] = []
    write = transport.write
    with pytest.MonkeyPatch.context() as patch:

        def counted(data: bytes) -> None:
            calls.append(data)
            write(data)

        patch.setattr(transport, "write", counted)
        for number in range(10):
            connection.push(framed(payload(number)))
        assert await numbers(client, 10) == list(range(10))
    assert len(calls) == 1


async def test_a_close_comes_after_what_was_written_before_it(stand: Stand) -> None:
    client, connection = await stand.connect()
    for number in range(5):
        connection.push(framed(payload(number)))
    connection.close(CloseCode.RESTART, "restarting")
    connection.push(framed(payload(99)))
    assert await numbers(client, 5) == [0, 1, 2, 3, 4]
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(client.recv(), 5)
    assert client.close_code == 1012
    await stand.all_gone()


async def test_who_reads_slowly_is_closed_with_4408_after_whole_frames(stand: Stand) -> None:
    raw, connection = await stand.slow()
    transport = stand.protocols[-1].transport
    sent = 0
    while not connection.closed:
        connection.push(framed(payload(sent, 500)))
        sent += 1
        await asyncio.sleep(0)
        assert sent < 2000, "never given up"
        assert transport.get_write_buffer_size() < 200_000
    assert not connection._queue
    received = list(frames_in(await read_all(raw)))
    texts = [orjson.loads(text)["n"] for opcode, text in received if opcode == 1]
    assert texts == list(range(len(texts)))
    assert received[-1][0] == 8
    assert int.from_bytes(received[-1][1][:2], "big") == 4408
    raw.close()
    await stand.all_gone()


async def test_a_burst_in_one_turn_does_not_fill_the_memory_of_a_slow_socket(stand: Stand) -> None:
    """The wire takes what the limits allow, and leaves the rest to the bounded queue."""
    raw, connection = await stand.slow()
    transport = stand.protocols[-1].transport
    one = framed(payload(1, 5000))
    for _ in range(2000):  # 20 MB: a feed may bring 16 at once
        connection.push(one)
    for _ in range(20):
        await asyncio.sleep(0)
    assert transport.get_write_buffer_size() <= 2 * MAX_BYTES
    raw.close()


async def test_a_socket_that_is_lost_while_frames_wait_lets_its_task_go(stand: Stand) -> None:
    raw, connection = await stand.slow()
    while connection._writer is None:
        connection.push(framed(payload(0, 2000)), asked_for=True)
        await asyncio.sleep(0)
    connection.push(framed(payload(0, 2000)))
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raw.close()
    await stand.all_gone()
    assert connection.closed


async def test_a_client_that_floods_reads_nothing_and_goes_lets_its_task_go(stand: Stand) -> None:
    """Its task waits for room, which nobody makes any more."""
    raw, connection = await stand.slow()
    loop = asyncio.get_running_loop()
    while connection._writer is None:
        connection.push(framed(payload(0, 2000)), asked_for=True)
        await asyncio.sleep(0)
    for _ in range(MAX_FRAMES // 2 + 10):
        connection.push(framed(payload(0)), asked_for=True)
    await loop.sock_sendall(raw, b"\x81\x82\0\0\0\0{}")
    await asyncio.sleep(0.1)
    assert stand.open == 1
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raw.close()
    await stand.all_gone()


async def test_what_is_written_to_a_lost_socket_is_forgotten(stand: Stand) -> None:
    client, connection = await stand.connect()
    client.transport.abort()
    for number in range(100):
        connection.push(framed(payload(number)))
        await asyncio.sleep(0.001)
    await stand.all_gone()
    wire = connection._wire
    assert isinstance(wire, UvicornSocket)
    assert len(wire._frames) == 0
    assert not wire.write(framed(b"{}").encoded)


async def test_a_wire_that_fails_does_not_stop_the_others(stand: Stand) -> None:
    (first, one), (second, two) = await stand.connect(), await stand.connect()
    transport = stand.protocols[0].transport

    def failing(data: bytes) -> None:
        raise RuntimeError("a mistake of the transport")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "write", failing)
        one.push(framed(payload(1)))
        two.push(framed(payload(1)))
        assert await numbers(second, 1) == [1]
    two.push(framed(payload(2)))
    assert await numbers(second, 1) == [2]
    await first.close()


async def test_nothing_is_kept_of_sockets_that_have_gone(stand: Stand) -> None:
    gc.collect()
    before = {id(each) for each in gc.get_objects() if isinstance(each, UvicornSocket)}
    for _ in range(5):
        client, connection = await stand.connect()
        connection.push(framed(payload(1)))
        await numbers(client, 1)
        await client.close()
    await stand.all_gone()
    stand.connections.clear()
    stand.protocols.clear()
    del connection
    await asyncio.sleep(0.1)
    gc.collect()
    sockets = [each for each in gc.get_objects() if isinstance(each, UvicornSocket)]
    assert not [socket for socket in sockets if id(socket) not in before]


async def test_what_is_too_large_is_not_kept_while_it_comes(stand: Stand) -> None:
    """Ten megabytes, and the last byte does not come; then it does, and the socket lives on."""
    raw, _ = await stand.slow()
    loop = asyncio.get_running_loop()
    size = 10_000_000
    head = b"\x81\xff" + size.to_bytes(8, "big") + bytes(4)
    await loop.sock_sendall(raw, head + b"x" * (size - 1))
    buffered = stand.protocols[-1].conn.reader.buffer
    assert len(buffered) < 100_000
    await loop.sock_sendall(raw, b"x")
    received = await read_all(raw)
    assert received.endswith(b'{"echo":1}')
    raw.close()


async def test_a_client_cannot_set_the_switches_of_the_server() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    headers = [(b"x-request-timeout-seconds", b"1"), (b"origin", b"https://eat.example")]
    scope = {"type": "websocket", "headers": headers, "path": "/"}

    async def send(message: Any) -> None: ...

    async def receive() -> Any: ...

    await DirectSockets(app)(scope, receive, send)
    names = [name for name, _ in seen[0]["headers"]]
    assert names.count(b"x-request-timeout-seconds") == 1
    assert (b"x-request-timeout-seconds", b"-1") in seen[0]["headers"]
    assert (b"origin", b"https://eat.example") in seen[0]["headers"]
    assert EXTENSION not in seen[0].get("extensions", {})


async def test_a_socket_holds_little_of_its_handshake(stand: Stand) -> None:
    given = {"user-agent": "a" * 3000, "accept-language": "b" * 3000, "x-request-id": "c"}
    client, _ = await stand.connect(additional_headers=given)
    protocol = stand.protocols[-1]
    held = str(vars(protocol))
    assert "x-request-id" in held
    assert "a" * 100 not in held
    assert "b" * 100 not in held
    await client.send("1")
    assert await client.recv() == '{"echo":1}'
    await client.close()


async def test_many_small_messages_at_once_are_read_in_their_order() -> None:
    inbox = Inbox()
    inbox.put_nowait(0)
    first = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    for number in range(1, 5):
        inbox.put_nowait(number)
    assert [await first, await inbox.get()] == [0, 1]
    inbox.put_nowait(5)
    assert [await inbox.get() for _ in range(4)] == [2, 3, 4, 5]
    assert inbox.empty()


async def test_who_sends_many_at_once_lets_others_have_their_turn_after_each() -> None:
    told: list[str] = []

    async def take(inbox: Inbox) -> None:
        for _ in range(3):
            told.append(await inbox.get())

    boxes = {name: Inbox() for name in "ab"}
    for name, inbox in boxes.items():
        for number in range(3):
            inbox.put_nowait(f"{name}{number}")
    await asyncio.gather(*map(take, boxes.values()))
    assert told == ["a0", "b0", "a1", "b1", "a2", "b2"]


class CountedInbox(Inbox):
    """Notes how many messages it has had at most."""

    most = 0

    def put_nowait(self, message: Any) -> None:
        super().put_nowait(message)
        type(self).most = max(self.most, len(self))


async def test_many_small_frames_in_one_piece_are_read_a_few_at_a_time(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.uvicorn_socket.Inbox", CountedInbox)
    client, _ = await stand.connect(compression=None)
    protocol = stand.protocols[-1]
    one, ping = b"\x81\x80\0\0\0\0", b"\x89\x80\0\0\0\0"
    turns, done = 0, asyncio.Event()

    async def others() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    client.transport.write(one * 3000 + ping * 3000 + one * 3000)
    for _ in range(6000):
        assert await client.recv() == '{"echo":1}'
    done.set()
    await beside
    assert 0 < CountedInbox.most <= AT_ONCE
    assert turns > 9000 / AT_ONCE
    await client.send("one more")
    assert await client.recv() == '{"echo":1}'
    assert not protocol.read_paused
    await client.close()


@pytest.mark.attack("floods")
async def test_who_floods_and_is_told_to_go_is_not_kept_in_memory(stand: Stand) -> None:
    """Nobody takes its messages any more: they are thrown away, a few at a time."""
    raw, connection = await stand.slow()
    loop = asyncio.get_running_loop()
    protocol = stand.protocols[-1]
    one = b"\x81\x80\0\0\0\0"
    await loop.sock_sendall(raw, one * 3000)
    while not protocol.queue.held:
        await asyncio.sleep(0)
    connection.close(CloseCode.UNAUTHENTICATED, "told to go")
    while not protocol.close_sent:
        await asyncio.sleep(0)
    kept = 0
    for _ in range(50):
        await loop.sock_sendall(raw, one * 10_000)
        await asyncio.sleep(0.01)
        kept = max(kept, len(protocol._strainer._unread))
    assert 0 < kept < 1024 * 1024
    raw.close()
    await stand.all_gone()


@pytest.mark.attack("handshakes")
@pytest.mark.parametrize(
    ("request_head", "answer"),
    [
        (_HANDSHAKE.replace(b"GET / ", b"GET /?" + b"x" * 20_000 + b" "), b"431"),
        (_HANDSHAKE.replace(b"n: 13", b"n: 12"), b"400"),
        (_HANDSHAKE.replace(b"n: 13", b"n: 12\r\nx-long: " + b"x" * 9000), b"431"),
        (_HANDSHAKE.replace(b"GET", b"POST"), b"405"),
        (_HANDSHAKE.replace(b"dGhl", b"dGh"), b"400"),
        (_HANDSHAKE.replace(b"Sec-WebSocket-Key", b"X-Key"), b"400"),
    ],
    ids=["large", "another version", "a long line", "a POST", "a bad key", "no key"],
)
async def test_a_handshake_that_is_not_one_is_answered_and_ends(
    stand: Stand, request_head: bytes, answer: bytes
) -> None:
    loop = asyncio.get_running_loop()
    with sockets.socket() as raw:
        raw.setblocking(False)
        await loop.sock_connect(raw, ("127.0.0.1", stand.port))
        await loop.sock_sendall(raw, request_head)
        received = b""
        async with asyncio.timeout(5):
            while chunk := await loop.sock_recv(raw, 4096):
                received += chunk
    assert received.startswith(b"HTTP/1.1 " + answer)
    assert not stand.protocols


async def test_a_reader_that_is_cancelled_takes_nothing_along() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait("kept")
    reader.cancel()
    await asyncio.wait({reader})
    assert await inbox.get() == "kept"


async def test_a_plain_request_passes(stand: Stand) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"http://127.0.0.1:{stand.port}/")
    assert answer.status_code == 500, "the stand serves no pages; the server is well"
