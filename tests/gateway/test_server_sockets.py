"""Sockets of the gateway's own server, with real clients: order, limits and closing."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.frames import encode_text_frame
from gateway.server.message_assembler import MAX_FRAGMENTS
from gateway.server.receive_queue import MAX_MESSAGES
from gateway.server.websocket import PING_BURST, PINGS_PER_S, PicowsSocket
from gateway.settings import Limits
from protocol.errors import CloseCode
from restaurant_qr_wire.channels import MAX_FRAME_BYTES
from tests.eventually import eventually
from tests.gateway.echo_server import (
    ECHO,
    MAX_BYTES,
    MAX_FRAMES,
    Context,
    EchoServer,
    client_frame,
    frames_in,
    read_all,
    reset,
    serving,
    transport_of,
)

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
FIN = 0x80


@pytest.fixture
async def echo() -> AsyncIterator[EchoServer]:
    echo = EchoServer()
    async with serving(echo):
        yield echo


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


class TestOutbound:
    @pytest.mark.parametrize("compression", [None, "deflate"])
    async def test_frames_of_every_size_arrive_whole_and_in_order(
        self, echo: EchoServer, compression: str | None
    ) -> None:
        client, context = await echo.connect(max_size=None, compression=compression)
        sizes = [0, 50, 60, 61, 62, 63, 1000, 32_760, 32_768, 40_000, 0]
        for number, size in enumerate(sizes):
            push(context, payload(number, size))
        received = [orjson.loads(await asyncio.wait_for(client.recv(), 5)) for _ in sizes]
        assert received == [{"n": n, "x": "ü" * size} for n, size in enumerate(sizes)]
        await client.close()
        await echo.wait_released()

    async def test_a_client_that_reads_in_bursts_gets_every_frame_in_order(
        self, echo: EchoServer
    ) -> None:
        """The socket is blocked and writable in turn: frames are queued and written."""
        raw, context = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        was_blocked = []
        received = b""
        for burst in range(20):
            for number in range(40):
                push(context, payload(40 * burst + number, 2000), solicited=True)
                was_blocked.append(context.socket.is_blocked)
                await asyncio.sleep(0)
            async with asyncio.timeout(5):
                while context.socket.is_blocked:
                    received += await loop.sock_recv(raw, 1 << 16)
        received += await read_all(raw)
        texts = [orjson.loads(text)["n"] for opcode, text in frames_in(received) if opcode == TEXT]
        assert texts == list(range(800))
        assert was_blocked.count(False) > 20, "no frame was written"
        assert was_blocked.count(True) > 20, "no frame was queued"
        raw.close()

    async def test_frames_of_one_loop_iteration_are_sent_in_one_write(
        self, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, context = await echo.connect()
        calls: list[bytes] = []
        transport = transport_of(context)

        class Counting:
            def write(self, data: bytes) -> None:
                calls.append(data)
                transport.write(data)

        monkeypatch.setattr(context.socket, "_transport", Counting())
        for number in range(10):
            push(context, payload(number))
        assert await numbers(client, 10) == list(range(10))
        assert len(calls) == 1
        monkeypatch.undo()

    async def test_frames_sent_before_a_close_arrive_before_it(self, echo: EchoServer) -> None:
        client, context = await echo.connect()
        assert context.connection is not None
        for number in range(5):
            push(context, payload(number))
        context.connection.close(CloseCode.RESTART, "restarting")
        push(context, payload(99))
        assert await numbers(client, 5) == [0, 1, 2, 3, 4]
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(client.recv(), 5)
        assert (client.close_code, client.close_reason) == (1012, "restarting")
        await echo.wait_released()

    @pytest.mark.attack("floods")
    async def test_a_slow_consumer_gets_whole_frames_and_close_code_4408(
        self, echo: EchoServer
    ) -> None:
        raw, context = await echo.connect_slow()
        assert context.connection is not None
        sent = 0
        while not context.connection.is_closed:
            push(context, payload(sent, 500))
            sent += 1
            await asyncio.sleep(0)
            assert sent < 2000, "never closed"
            assert transport_of(context).get_write_buffer_size() < MAX_BYTES
        received = await read_all(raw)
        texts = [orjson.loads(text)["n"] for opcode, text in frames_in(received) if opcode == TEXT]
        assert texts == list(range(len(texts)))
        assert await close_code(received) == 4408
        raw.close()
        await echo.wait_released()

    async def test_a_burst_to_a_slow_socket_is_buffered_up_to_the_limit(
        self, echo: EchoServer
    ) -> None:
        raw, context = await echo.connect_slow()
        transport = transport_of(context)
        for _ in range(2000):  # 20 MB: a feed may bring 16 at once
            push(context, payload(1, 5000))
        for _ in range(20):
            await asyncio.sleep(0)
        assert transport.get_write_buffer_size() <= 2 * MAX_BYTES
        raw.close()

    async def test_a_socket_that_cannot_be_written_to_does_not_stop_the_others(
        self, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (first, one), (second, two) = await echo.connect(), await echo.connect()

        class Failing:
            def write(self, data: bytes) -> None:
                raise RuntimeError("by the test")

        with monkeypatch.context() as patch:
            patch.setattr(one.socket, "_transport", Failing())
            push(one, payload(1))
            push(two, payload(1))
            assert await numbers(second, 1) == [1]
        push(two, payload(2))
        assert await numbers(second, 1) == [2]
        await first.close()


class TestInbound:
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, MAX_FRAME_BYTES])
    async def test_a_message_of_any_allowed_size_is_read(self, echo: EchoServer, size: int) -> None:
        client, context = await echo.connect(compression=None)
        for message in ("x" * size, b"y" * size):
            await client.send(message)
            await client.recv()
        assert context.received == ["x" * size, b"y" * size]
        await client.close()

    async def test_fragments_are_one_message_with_pings_between(self, echo: EchoServer) -> None:
        client, context = await echo.connect(compression=None)
        whole = "grüß ".encode() + b"x" * 60_000
        client.transport.write(
            client_frame(TEXT, whole[:3])
            + client_frame(FIN | PING, b"p")
            + client_frame(CONTINUATION)
            + client_frame(CONTINUATION, whole[3:30_000])
            + client_frame(FIN | CONTINUATION, whole[30_000:])
            + client_frame(FIN | TEXT, b"next")
        )
        assert [await client.recv() for _ in range(2)] == [ECHO.decode()] * 2
        assert context.received == [whole.decode(), "next"]
        await client.close()

    @pytest.mark.attack("frames")
    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            (client_frame(FIN | TEXT, b"x" * (MAX_FRAME_BYTES + 1)), 1009),
            (bytes([FIN | TEXT, 0xFF]) + (2**40).to_bytes(8, "big") + bytes(4), 1009),
            (client_frame(TEXT, b"x" * 40_000) + client_frame(CONTINUATION, b"x" * 40_000), 1009),
            (client_frame(TEXT) + client_frame(CONTINUATION) * MAX_FRAGMENTS, 1009),
            (client_frame(FIN | CONTINUATION, b"x"), 1002),
            (client_frame(TEXT, b"x") + client_frame(FIN | TEXT, b"x"), 1002),
            (client_frame(FIN | 0x3, b"x"), 1002),
            (client_frame(PING, b"x"), 1002),
            (client_frame(FIN | PING, b"x" * 126), 1002),
            (client_frame(FIN | 0x40 | TEXT, b"x"), 1002),
            (bytes([FIN | TEXT, 1]) + b"x", 1002),
            (client_frame(FIN | TEXT, b"\xff"), 1007),
            (client_frame(TEXT, b"\xc3") + client_frame(FIN | CONTINUATION, b"x"), 1007),
            (client_frame(FIN | CLOSE, b"\x03"), 1002),
        ],
        ids=[
            "large", "endless", "large_in_fragments", "many_fragments", "continues_nothing",
            "begins_twice", "unknown_opcode", "ping_in_fragments", "large_ping", "extension",
            "unmasked", "not_utf8", "fragments_not_utf8", "close_of_one_byte",
        ],
    )  # fmt: skip
    async def test_a_frame_against_rfc_6455_closes_its_socket_with_the_code_of_the_violation(
        self, echo: EchoServer, sent: bytes, code: int
    ) -> None:
        raw, context = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(raw, sent)
        assert await close_code(await read_all(raw)) == code
        assert context.received == []
        raw.close()
        await echo.wait_released()

    @pytest.mark.attack("oversized")
    async def test_client_that_keeps_sending_receives_the_close_code(
        self, echo: EchoServer
    ) -> None:
        """The connection is not reset, and further data is discarded."""
        client, _ = await echo.connect(compression=None)
        with suppress(ConnectionClosed):
            await client.send("x" * 20_000_000)
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009

    @pytest.mark.attack("floods")
    async def test_burst_of_small_messages_does_not_block_the_loop(self, echo: EchoServer) -> None:
        client, context = await echo.connect(compression=None)
        one, ping = client_frame(FIN | TEXT), client_frame(FIN | PING)
        turns, done = 0, asyncio.Event()

        async def count_turns() -> None:
            nonlocal turns
            while not done.is_set():
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count_turns())
        client.transport.write(one * 3000 + ping * 3000 + one * 3000)
        for _ in range(6000):
            assert await client.recv() == ECHO.decode()
        done.set()
        await counting
        assert turns >= 6000
        await client.send("one more")
        assert await client.recv() == ECHO.decode()
        assert len(context.received) == 6001
        await client.close()

    @pytest.mark.attack("floods")
    async def test_messages_of_a_client_that_does_not_read_are_not_read(
        self, echo: EchoServer
    ) -> None:
        raw, context = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        message = client_frame(FIN | TEXT, b"x" * 1000)
        echo.is_solicited = True
        while not context.socket.is_blocked:
            push(context, payload(0, 2000), solicited=True)
            await asyncio.sleep(0)
        for _ in range(MAX_FRAMES // 2 + 10):
            push(context, payload(0), solicited=True)
        sending = asyncio.create_task(loop.sock_sendall(raw, message * 20_000))
        done, _ = await asyncio.wait({sending}, timeout=1)
        assert not done, "the gateway has read 20 MB"
        assert len(context.received) <= 1
        sending.cancel()
        await reset(raw)
        await echo.wait_released()

    @pytest.mark.attack("floods")
    async def test_pings_are_answered_within_a_limit(self, echo: EchoServer) -> None:
        LIMIT_VIOLATIONS.drain()
        raw, _ = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        sent = 5 * PING_BURST
        await loop.sock_sendall(raw, client_frame(FIN | PING, b"p") * sent)
        await loop.sock_sendall(raw, client_frame(FIN | TEXT, b"t"))
        answered = [opcode for opcode, _ in frames_in(await read_all(raw))].count(PONG)
        assert PING_BURST <= answered < PING_BURST + 20 * PINGS_PER_S
        assert LIMIT_VIOLATIONS.drain() == {"pings": sent - answered}
        raw.close()

    async def test_a_message_before_a_close_frame_is_handled(self, echo: EchoServer) -> None:
        raw, context = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        close = client_frame(FIN | CLOSE, (1000).to_bytes(2, "big"))
        await loop.sock_sendall(raw, client_frame(FIN | TEXT, b"last") * 3 + close)
        assert await close_code(await read_all(raw)) == 1000
        raw.close()
        await echo.wait_released()
        assert context.received == ["last"] * 3

    async def test_a_close_frame_without_a_code_is_answered(self, echo: EchoServer) -> None:
        raw, _ = await echo.connect_slow()
        await asyncio.get_running_loop().sock_sendall(raw, client_frame(FIN | CLOSE))
        assert await close_code(await read_all(raw)) == 1000
        raw.close()
        await echo.wait_released()

    @pytest.mark.parametrize(
        ("code", "answer"),
        [(code, code) for code in (1000, 1003, 1007, 1014, 3000, 4999)]
        + [(code, 1002) for code in (999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)],
    )
    async def test_a_close_code_is_echoed_unless_it_is_reserved(
        self, echo: EchoServer, code: int, answer: int
    ) -> None:
        raw, _ = await echo.connect_slow()
        frame = client_frame(FIN | CLOSE, code.to_bytes(2, "big") + b"bye")
        await asyncio.get_running_loop().sock_sendall(raw, frame)
        assert await close_code(await read_all(raw)) == answer
        raw.close()
        await echo.wait_released()


class TestClosing:
    async def test_a_lost_socket_with_frames_in_its_queue_is_released(
        self, echo: EchoServer
    ) -> None:
        raw, context = await echo.connect_slow()
        while not context.socket.is_blocked:
            push(context, payload(0, 2000), solicited=True)
            await asyncio.sleep(0)
        push(context, payload(0, 2000))
        await reset(raw)
        await echo.wait_released()
        assert context.connection is not None
        assert context.connection.is_closed
        push(context, payload(1))

    @pytest.mark.attack("floods")
    async def test_client_that_floods_after_the_close_is_aborted_and_freed(
        self, echo: EchoServer
    ) -> None:
        raw, context = await echo.connect_slow()
        loop = asyncio.get_running_loop()
        context.socket.close(CloseCode.UNAUTHENTICATED, "revoked", timeout_s=0.3)
        message = client_frame(FIN | TEXT, b"x" * 1000)

        async def flood() -> None:
            async with asyncio.timeout(10):
                while True:
                    await loop.sock_sendall(raw, message * 1000)

        with pytest.raises(ConnectionError):
            await flood()
        assert context.received == []
        raw.close()
        await echo.wait_released()

    async def test_closed_sockets_keep_no_references(self, echo: EchoServer) -> None:
        for _ in range(5):
            client, context = await echo.connect()
            push(context, payload(1))
            await numbers(client, 1)
            await client.close()
        await echo.wait_released()
        echo.contexts.clear()
        del context
        gc.collect()
        sockets = [each for each in gc.get_objects() if isinstance(each, PicowsSocket)]
        assert all(each._transport is each._ws is each._owner is None for each in sockets)


class TestHeartbeat:
    @pytest.fixture
    async def echo(self) -> AsyncIterator[EchoServer]:
        echo = EchoServer()
        async with serving(echo, Limits(ping_interval_s=0.2)):
            yield echo

    @pytest.mark.attack("half-open")
    async def test_a_client_that_answers_no_ping_is_closed(self, echo: EchoServer) -> None:
        LIMIT_VIOLATIONS.drain()
        raw, _ = await echo.connect_slow()
        client, _ = await echo.connect()
        received = await read_all(raw)
        assert [opcode for opcode, _ in frames_in(received)] == [PING, CLOSE]
        assert await close_code(received) == 1011
        assert LIMIT_VIOLATIONS.drain() == {"ping_time": 1}
        await client.send("still here")
        assert await client.recv() == ECHO.decode()
        raw.close()
        await client.close()
        await echo.wait_released()


async def test_a_client_with_queued_messages_is_not_closed_for_a_missing_pong(
    echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pong is queued behind its messages while reading is paused."""
    may_continue = asyncio.Event()

    async def wait(self: Context, message: str | bytes) -> None:
        self.received.append(message)
        await may_continue.wait()

    monkeypatch.setattr(Context, "on_message", wait)
    client, context = await echo.connect()
    for _ in range(MAX_MESSAGES + 1):
        await client.send("hello")
    await eventually(lambda: context.socket._received and context.socket._received.is_paused)
    assert context.socket.ping()
    assert context.socket.ping()
    assert not context.socket.is_closed
    may_continue.set()
    await client.close()
    await echo.wait_released()
    assert len(context.received) == MAX_MESSAGES + 1


async def test_any_frame_of_a_client_answers_a_ping(echo: EchoServer) -> None:
    """Otherwise a pause of reading could delay a pong until the socket is closed."""
    raw, context = await echo.connect_slow()
    assert context.socket.ping()
    await asyncio.get_running_loop().sock_sendall(raw, client_frame(FIN | TEXT, b"hello"))
    await eventually(lambda: context.received)
    assert context.socket.ping()
    assert not context.socket.ping()
    assert await close_code(await read_all(raw)) == 1011
    raw.close()
    await echo.wait_released()
