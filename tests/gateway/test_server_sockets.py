"""Sockets of the gateway's own server, with real clients: what they are sent, and how they end."""

import asyncio
import gc
from collections.abc import AsyncIterator

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.receive_queue import MAX_MESSAGES
from gateway.server.websocket import PicowsSocket
from gateway.settings import Limits
from protocol.errors import CloseCode
from tests.eventually import eventually
from tests.gateway.echo_server import (
    CLOSE,
    ECHO,
    FIN,
    MAX_BYTES,
    PING,
    TEXT,
    Context,
    EchoServer,
    client_frame,
    close_code,
    frames_in,
    numbers,
    payload,
    push,
    read_all,
    reset,
    serving,
    transport_of,
)


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
