"""Messages of clients to the gateway's own server: sizes, fragments, violations and floods."""

import asyncio
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.message_assembler import MAX_FRAGMENTS
from gateway.server.websocket import PING_BURST, PINGS_PER_S
from restaurant_qr_wire.channels import MAX_FRAME_BYTES
from tests.gateway.echo_server import (
    CLOSE,
    CONTINUATION,
    ECHO,
    FIN,
    MAX_FRAMES,
    PING,
    PONG,
    TEXT,
    EchoServer,
    client_frame,
    close_code,
    frames_in,
    payload,
    push,
    read_all,
    reset,
)


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
