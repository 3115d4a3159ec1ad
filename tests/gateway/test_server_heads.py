"""Request heads on the gateway's own server: handshakes, other requests, and refusals."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.frames import REJECT_TIMEOUT_S
from gateway.server.protocol import ConnectionProtocol
from gateway.server.request_head import MAX_HEAD_BYTES, BadHead, read_handshake
from tests.eventually import eventually
from tests.gateway.echo_server import (
    ECHO,
    HANDSHAKE,
    REJECTED_PATH,
    EchoServer,
    client_frame,
    frames_in,
    serving,
)

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Accept value for `KEY` in RFC 6455, 1.3."""
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

FIREFOX = (
    b"GET /ws/tables/5/ HTTP/1.1\r\nHost: localhost:9000\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\n"
    b"Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nSec-WebSocket-Version: 13\r\n"
    b"Origin: http://localhost:9000\r\nSec-WebSocket-Protocol: bearer, abc.def.ghi\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nDNT: 1\r\nSec-GPC: 1\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: websocket\r\n"
    b"Sec-Fetch-Site: same-origin\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
    b"Upgrade: websocket\r\n\r\n"
)
SAFARI = (
    b"GET /ws/tables/5/ HTTP/1.1\r\nHost: localhost:9000\r\nOrigin: http://localhost:9000\r\n"
    b"Upgrade: websocket\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bearer,abc.def.ghi\r\n"
    b"Sec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    b"User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    b"(KHTML, like Gecko) Version/18.1 Safari/605.1.15\r\n\r\n"
)
NGINX = (
    b"GET /ws/tables/5/ HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
    b"Host: eat.example\r\nX-Forwarded-For: 203.0.113.7\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: bearer, abc.def.ghi\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
RECORDED = {"firefox": FIREFOX, "safari": SAFARI, "nginx": NGINX}


async def open_connection(
    echo: EchoServer, sent: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    writer.write(sent)
    return reader, writer


async def head_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readuntil(b"\r\n\r\n")


async def read_until_end(reader: asyncio.StreamReader) -> bytes:
    """All bytes until the connection ends or is reset."""
    received = b""
    async with asyncio.timeout(5):
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                received += chunk
    return received


async def send_until_reset(writer: asyncio.StreamWriter) -> None:
    """Send until the server resets the connection."""
    async with asyncio.timeout(5 * REJECT_TIMEOUT_S):
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0.02)


class TestHandshakes:
    @pytest.mark.parametrize("head", RECORDED.values(), ids=RECORDED.keys())
    @pytest.mark.parametrize("step", [1, 7, 10_000])
    async def test_a_recorded_handshake_opens_a_socket_however_it_is_split(
        self, echo: EchoServer, head: bytes, step: int
    ) -> None:
        reader, writer = await open_connection(echo)
        for at in range(0, len(head), step):
            writer.write(head[at : at + step])
            await writer.drain()
        response = await head_of(reader)
        assert response.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: " + ACCEPT in response
        assert b"Sec-WebSocket-Protocol: bearer\r\n" in response
        assert b"extensions" not in response.lower()
        (scope,) = echo.scopes
        assert scope["path"] == "/ws/tables/5/"
        assert scope["subprotocols"] == ["bearer", "abc.def.ghi"]
        assert scope["client"][0] == "127.0.0.1"
        writer.write(client_frame(0x81, b"hello"))
        assert await reader.readexactly(2 + len(ECHO)) == b"\x81\x0a" + ECHO
        writer.transport.abort()

    async def test_frames_sent_together_with_the_handshake_are_read(self, echo: EchoServer) -> None:
        echo.allowed.clear()
        reader, writer = await open_connection(echo, HANDSHAKE + client_frame(0x81, b"early"))
        await eventually(lambda: echo.scopes)
        writer.write(client_frame(0x81, b"x" * 60_000) + client_frame(0x81, b"later"))
        await writer.drain()
        echo.allowed.set()
        await head_of(reader)
        assert await reader.readexactly(3 * (2 + len(ECHO))) == (b"\x81\x0a" + ECHO) * 3
        assert echo.contexts[0].received == ["early", "x" * 60_000, "later"]
        writer.transport.abort()

    async def test_a_client_that_disconnects_during_authorization_opens_no_socket(
        self, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = asyncio.Event()
        connection_lost = ConnectionProtocol.connection_lost

        def on_lost(protocol: ConnectionProtocol, exc: Exception | None) -> None:
            connection_lost(protocol, exc)
            lost.set()

        monkeypatch.setattr(ConnectionProtocol, "connection_lost", on_lost)
        echo.allowed.clear()
        _, writer = await open_connection(echo, HANDSHAKE)
        await eventually(lambda: echo.scopes)
        writer.transport.abort()
        await lost.wait()
        echo.allowed.set()
        client, _ = await echo.connect()
        await client.close()
        await echo.wait_released()
        assert len(echo.contexts) == 1

    async def test_a_connection_can_open_a_socket_after_other_requests(
        self, echo: EchoServer
    ) -> None:
        """Load balancers that reuse connections do so."""
        reader, writer = await open_connection(echo, GET * 2)
        for _ in range(2):
            assert b" 200 OK" in await head_of(reader)
            assert await reader.readexactly(6) == b"a page"
        writer.write(FIREFOX)
        assert b" 101 " in await head_of(reader)
        writer.write(client_frame(0x81, b"hello"))
        assert await reader.readexactly(2 + len(ECHO)) == b"\x81\x0a" + ECHO
        assert echo.scopes[0]["subprotocols"] == ["bearer", "abc.def.ghi"]
        writer.transport.abort()

    @pytest.mark.attack("handshakes")
    @pytest.mark.parametrize(
        ("head", "status"),
        [
            (HANDSHAKE.replace(b"GET / ", b"GET /?" + b"x" * 20_000 + b" "), 431),
            (HANDSHAKE.replace(b"n: 13", b"n: 12"), 426),
            (HANDSHAKE.replace(b"GET", b"POST"), 405),
            (HANDSHAKE.replace(b"dGhl", b"dGh"), 400),
            (HANDSHAKE.replace(b"Sec-WebSocket-Key", b"X-Key"), 400),
            (HANDSHAKE.replace(b"Host: localhost", b"Host: a\r\nHost: b"), 400),
            (HANDSHAKE.replace(b"Host: localhost", b"X: y"), 400),
            (HANDSHAKE.replace(b"localhost", b"localhost\r\nContent-Length: 5"), 400),
            (HANDSHAKE.replace(b"localhost", b"localhost\r\nTransfer-Encoding: chunked"), 400),
            (HANDSHAKE.replace(b"localhost", b"localhost\r\n folded"), 400),
            (HANDSHAKE.replace(b"localhost", b"local\x00host"), 400),
            (HANDSHAKE.replace(b"GET / ", b"GET  / "), 400),
            (HANDSHAKE.replace(b"GET / ", b"GET http://evil/ "), 400),
            (HANDSHAKE.replace(b"1.1", b"1.0"), 400),
        ],
        ids=[
            "large", "version", "post", "bad_key", "no_key", "two_hosts", "no_host", "body",
            "chunked", "folded", "nul", "two_blanks", "absolute", "http10",
        ],
    )  # fmt: skip
    async def test_an_invalid_handshake_is_answered_and_ends(
        self, echo: EchoServer, head: bytes, status: int
    ) -> None:
        reader, writer = await open_connection(echo, head)
        response = await read_until_end(reader)
        assert response.startswith(b"HTTP/1.1 %d " % status)
        assert b'"code":"invalid_message"' in response
        assert (b"Sec-WebSocket-Version: 13\r\n" in response) == (status == 426)
        assert not echo.scopes
        writer.close()

    @pytest.mark.attack("handshakes")
    async def test_an_invalid_handshake_after_a_request_is_answered_and_ends(
        self, echo: EchoServer
    ) -> None:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
        reader, writer = await open_connection(echo, GET)
        await reader.readuntil(b"a page")
        writer.write(HANDSHAKE.replace(b"n: 13", b"n: 12"))
        assert b" 426 " in await head_of(reader)
        writer.write(b"x" * 100)
        await read_until_end(reader)
        assert not failures
        writer.close()

    async def test_a_handshake_that_picows_cannot_take_is_closed_and_released(
        self, echo: EchoServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        released: list[object] = []
        monkeypatch.setattr(echo, "release", released.append)
        monkeypatch.setattr("gateway.server.protocol.hand_over", None)
        reader, writer = await open_connection(echo, HANDSHAKE)
        assert await read_until_end(reader) == b""
        assert len(released) == 1
        assert "cannot hand a connection to picows" in caplog.text
        writer.close()

    async def test_a_request_for_no_websocket_upgrade_gets_a_page(self, echo: EchoServer) -> None:
        for head in (
            GET,
            HANDSHAKE.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
            HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: close"),
        ):
            reader, writer = await open_connection(echo, head)
            assert b" 200 OK" in await head_of(reader), head
            writer.transport.abort()
        assert not echo.scopes

    async def test_tokens_in_a_handshake_are_not_logged(
        self, echo: EchoServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.NOTSET):
            for head in (FIREFOX, FIREFOX.replace(b"n: 13", b"n: 12"), GET):
                reader, writer = await open_connection(echo, head)
                await head_of(reader)
                writer.write(b"nonsense")
                await writer.drain()
                writer.transport.abort()
            await echo.wait_released()
        assert "abc.def.ghi" not in caplog.text

    def test_upgrade_and_connection_headers_are_read_in_any_case_and_number(self) -> None:
        head = HANDSHAKE.replace(
            b"Connection: Upgrade", b"CONNECTION:keep-alive\r\nconnection:\tTE , uPGRADE"
        ).replace(b"Upgrade: websocket", b"uPgRaDe:WebSocket")
        handshake = read_handshake(head[:-4])
        assert handshake is not None
        assert handshake.key == KEY

    def test_a_head_with_an_invalid_header_name_is_refused(self) -> None:
        with pytest.raises(BadHead):
            read_handshake(HANDSHAKE.replace(b"Host:", b"Ho st:")[:-4])


class TestRejections:
    @pytest.mark.attack("handshakes")
    async def test_a_rejected_client_gets_error_and_close_code_and_is_disconnected(
        self, echo: EchoServer
    ) -> None:
        """Even if the client neither reads nor closes."""
        head = HANDSHAKE.replace(b"GET / ", f"GET {REJECTED_PATH} ".encode())
        reader, writer = await open_connection(echo, head)
        response = await head_of(reader)
        assert b"Sec-WebSocket-Accept: " + ACCEPT in response
        frames = list(frames_in(response + await read_until_end(reader)))
        assert frames[0] == (1, b'{"code":"forbidden"}')
        assert frames[1] == (8, (4403).to_bytes(2, "big") + b"forbidden")
        with pytest.raises(ConnectionError):
            await send_until_reset(writer)
        writer.close()


class TestSlowHeads:
    @pytest.fixture
    async def echo(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EchoServer]:
        for module in ("protocol", "http"):
            monkeypatch.setattr(f"gateway.server.{module}.HEAD_TIMEOUT_S", 0.3)
        monkeypatch.setattr("gateway.server.http.REST_TIMEOUT_S", 0.3)
        echo = EchoServer()
        async with serving(echo):
            yield echo

    @pytest.mark.attack("handshakes")
    @pytest.mark.parametrize("before", [b"", GET], ids=["first", "later"])
    @pytest.mark.parametrize("sent", [GET[:-2], HANDSHAKE[:-2], b"G"], ids=["get", "ws", "letter"])
    async def test_a_head_that_takes_too_long_ends_its_connection(
        self, echo: EchoServer, before: bytes, sent: bytes
    ) -> None:
        LIMIT_VIOLATIONS.drain()
        reader, writer = await open_connection(echo, before)
        if before:
            await head_of(reader)
            await reader.readexactly(6)
        writer.write(sent)
        response = await read_until_end(reader)
        assert response == b"" if before else response.startswith(b"HTTP/1.1 408 ")
        assert LIMIT_VIOLATIONS.drain() == {"head_time": 1}
        writer.close()

    @pytest.mark.attack("handshakes")
    async def test_a_client_that_sends_nothing_is_disconnected(self, echo: EchoServer) -> None:
        LIMIT_VIOLATIONS.drain()
        reader, writer = await open_connection(echo)
        assert await read_until_end(reader) == b""
        assert LIMIT_VIOLATIONS.drain() == {}
        writer.close()

    @pytest.mark.attack("handshakes")
    async def test_a_client_that_withholds_the_rest_of_an_answered_body_is_disconnected(
        self, echo: EchoServer
    ) -> None:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        reader, writer = await open_connection(echo, head + b"x")
        assert b" 200 OK" in await head_of(reader)
        await reader.readexactly(6)
        assert await read_until_end(reader) == b""
        writer.close()

    @pytest.mark.attack("oversized")
    @pytest.mark.parametrize("before", [b"", GET], ids=["first", "later"])
    async def test_a_head_that_is_too_large_ends_its_connection(
        self, echo: EchoServer, before: bytes
    ) -> None:
        LIMIT_VIOLATIONS.drain()
        reader, writer = await open_connection(echo, before)
        if before:
            await head_of(reader)
            await reader.readexactly(6)
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD_BYTES + 100))
        response = await read_until_end(reader)
        assert response == b"" if before else response.startswith(b"HTTP/1.1 431 ")
        assert LIMIT_VIOLATIONS.drain() == {"head": 1}
        writer.close()


async def test_a_connection_serves_many_requests(echo: EchoServer) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{echo.port}") as http:
        for _ in range(20):
            response = await http.get("/")
            assert response.text == "a page"
            assert response.headers["date"]
