"""The listening port of a gateway: addresses, sharing, shutdown and a stalled event loop."""

import asyncio
import socket
import time
from contextlib import closing, suppress

import httpx
import pytest
from websockets.asyncio.client import connect

from gateway.server.listen_sockets import ListenError, bind_sockets, is_free, listening_addresses
from gateway.server.watchdog import Watchdog
from tests.eventually import eventually
from tests.gateway.echo_server import HANDSHAKE, EchoServer, serving


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("localhost", ("127.0.0.1", "::1")),
        ("127.0.0.1", ("127.0.0.1", "::1")),
        ("::1", ("::1", "127.0.0.1")),
        ("[::1]", ("::1", "127.0.0.1")),
        ("127.0.0.2", ("127.0.0.2", "127.0.0.1", "::1")),
        ("0.0.0.0", ("0.0.0.0", "::")),
        ("::", ("0.0.0.0", "::")),
        ("192.168.1.20", ("192.168.1.20", "127.0.0.1", "::1")),
    ],
)
def test_a_configured_host_is_listened_on_over_ipv4_and_ipv6(
    host: str, addresses: tuple[str, ...]
) -> None:
    assert listening_addresses(host) == addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_clients_reach_a_gateway_by_every_name_of_this_machine(host: str) -> None:
    echo = EchoServer()
    async with serving(echo), httpx.AsyncClient() as http:
        assert (await http.get(f"http://{host}:{echo.port}/")).text == "a page"
        async with connect(f"ws://{host}:{echo.port}/") as client:
            await client.send("hello")
            assert await client.recv()


def test_a_machine_without_ipv6_listens_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    bind = socket.socket.bind

    class WithoutIpv6(socket.socket):
        def bind(self, address: object) -> None:
            if self.family == socket.AF_INET6:
                raise OSError(99, "Cannot assign requested address")
            bind(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "socket", WithoutIpv6)
    for host in ("127.0.0.1", "0.0.0.0", "localhost", "::"):
        (only,) = bind_sockets(host, 0, is_shared=True)
        with closing(only):
            assert only.family == socket.AF_INET


async def test_gateways_of_a_machine_share_a_port_and_another_installation_is_refused() -> None:
    echo = EchoServer()
    async with serving(echo) as listener:
        shared = bind_sockets("127.0.0.1", listener.port, is_shared=True)
        ports = {each.getsockname()[:2] for each in shared}
        for each in shared:
            each.close()
        own = {each.getsockname()[:2] for each in listener._sockets}
        assert ports == own
        assert ("127.0.0.1", listener.port) in ports
        assert not is_free("127.0.0.1", listener.port)
        with pytest.raises(ListenError, match="set RESTAURANT_QR_PORT to a free port"):
            bind_sockets("127.0.0.1", listener.port, is_shared=False)
    assert is_free("127.0.0.1", echo.port)


async def test_a_stopping_gateway_serves_connections_in_its_backlog() -> None:
    echo = EchoServer()
    async with serving(echo) as listener:
        waiting = []
        for _ in range(20):  # the kernel accepts them while the loop does not run
            raw = socket.create_connection(("127.0.0.1", listener.port))
            raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            waiting.append(raw)
        port = listener.port
        await listener.stop()
        for raw in waiting:
            raw.setblocking(False)
            response = b""
            async with asyncio.timeout(5):
                while chunk := await asyncio.get_running_loop().sock_recv(raw, 4096):
                    response += chunk
            assert response.endswith(b"a page")
            raw.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("steps", [0, 1, 3])
async def test_a_gateway_that_stops_while_it_reopens_its_port_closes_it(steps: int) -> None:
    async with serving(EchoServer()) as listener:
        port = listener.port
        assert listener._tick is not None
        listener._tick.cancel()
        listener._watchdog._is_shut = True
        listener._turn(asyncio.get_running_loop())
        assert listener._reopening is not None
        for _ in range(steps):
            await asyncio.sleep(0)
        await listener.stop()
        await asyncio.wait({listener._reopening})
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert listener._tick is None


async def test_a_request_that_was_accepted_is_finished_before_the_gateway_ends() -> None:
    echo = EchoServer()
    echo.allowed.clear()
    async with serving(echo) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(HANDSHAKE)
        await eventually(lambda: echo.scopes)
        stopping = asyncio.create_task(listener.stop())
        done, _ = await asyncio.wait({stopping}, timeout=0.2)
        assert not done
        echo.allowed.set()
        await stopping
        assert b" 101 " in await reader.readline()
        writer.close()


async def test_a_stalled_gateway_gets_no_connections_until_its_loop_runs_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.server.listener.Watchdog", lambda: Watchdog(stall_s=0.3))
    monkeypatch.setattr("gateway.server.listener.TICK_S", 0.05)
    monkeypatch.setattr("gateway.server.watchdog.CHECK_INTERVAL_S", 0.05)
    echo = EchoServer()
    async with serving(echo) as listener:
        deadline = time.monotonic() + 5
        refused = False
        while not refused and time.monotonic() < deadline:
            time.sleep(0.05)  # noqa: ASYNC251  # stalls the loop
            with socket.socket() as raw:
                refused = raw.connect_ex(("127.0.0.1", listener.port)) != 0
        assert refused

        async def page() -> str | None:
            async with httpx.AsyncClient() as http:
                with suppress(httpx.TransportError):
                    return (await http.get(f"http://127.0.0.1:{listener.port}/")).text
            return None

        assert await eventually(page) == "a page"
    assert "event loop stalled" in caplog.text
    assert "listening again" in caplog.text
