"""Sockets of streams: Unix sockets within a node, TCP between nodes, with TLS if Ray uses it."""

import asyncio
import os
import secrets
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from uuid import uuid4

from engine.streams import PROTOCOL, Endpoint, HostUnavailable, IncomingStream, Stream

CONNECT_TIMEOUT_S = 5.0
HAS_ABSTRACT_SOCKETS = sys.platform == "linux"
"""Whether Unix sockets can have names without files, so that a killed process leaves no file."""


class StreamListener:
    """The listening sockets of a host, each opened on first use. `accept` is called for each
    authenticated stream."""

    def __init__(
        self, node: str, address: str, accept: Callable[[IncomingStream], None],
        ports: range = range(1),
    ) -> None:  # fmt: skip
        self.incarnation = uuid4().hex
        self._node, self._address, self._ports = node, address, ports
        self._accept = accept
        self._secret = secrets.token_bytes(32)
        self._unix: asyncio.Future[str] | None = None
        self._tcp: asyncio.Future[tuple[str, int]] | None = None

    async def endpoint(self, node: str) -> Endpoint:
        """The endpoint to which a process on that node connects. Raises OSError if no port is
        free."""
        address: str | tuple[str, int]
        if node == self._node and HAS_ABSTRACT_SOCKETS:
            if self._unix is None or (self._unix.done() and self._unix.exception()):
                self._unix = asyncio.ensure_future(self._listen_unix())
            address = await asyncio.shield(self._unix)
        else:
            if self._tcp is None or (self._tcp.done() and self._tcp.exception()):
                self._tcp = asyncio.ensure_future(self._listen_tcp())
            address = await asyncio.shield(self._tcp)
        return Endpoint(address, self._secret, self.incarnation)

    def _new(self) -> IncomingStream:
        return IncomingStream(self._secret, self._accept)

    async def _listen_unix(self) -> str:
        path = f"\0restaurant-qr-{self.incarnation}"
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind(path)
            await asyncio.get_running_loop().create_unix_server(self._new, sock=sock)
        except BaseException:
            sock.close()
            raise
        return path

    async def _listen_tcp(self) -> tuple[str, int]:
        loop, tls = asyncio.get_running_loop(), tls_context(os.environ, server=True)
        ports = list(self._ports)
        first = secrets.randbelow(len(ports))
        for port in ports[first:] + ports[:first]:
            try:
                server = await loop.create_server(self._new, self._address, port, ssl=tls)
            except OSError:
                continue
            bound: int = server.sockets[0].getsockname()[1]
            return self._address, bound
        raise OSError(
            f"cannot listen because no port from {ports[0]} to {ports[-1]} is free: extend "
            "stream_ports"
        )


async def connect(endpoint: Endpoint, name: str, stream: Stream) -> None:
    """Connect a stream and send its preface. Raises HostUnavailable."""
    if endpoint.protocol != PROTOCOL:
        raise HostUnavailable(
            f"cannot connect because the host uses stream protocol {endpoint.protocol} and this "
            f"release {PROTOCOL}: finish the upgrade"
        )
    loop, address = asyncio.get_running_loop(), endpoint.address
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            if isinstance(address, str):
                await loop.create_unix_connection(lambda: stream, sock=await _connect_unix(address))
            else:
                tls = tls_context(os.environ, server=False)
                await loop.create_connection(lambda: stream, *address, ssl=tls)
    except (OSError, TimeoutError) as error:
        raise HostUnavailable(f"cannot connect: {error or type(error).__name__}") from error
    stream.send_preface(endpoint.secret, name)


async def _connect_unix(path: str) -> socket.socket:
    """Connect a Unix socket, because uvloop cannot connect to an abstract name."""
    sock = socket.socket(socket.AF_UNIX)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, path)
    except BaseException:
        sock.close()
        raise
    return sock


def tls_context(environment: Mapping[str, str], *, server: bool) -> ssl.SSLContext | None:
    """A context for mutual TLS with the certificates of Ray's own connections; None if Ray does not
    use TLS."""
    if environment.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return None
    purpose = ssl.Purpose.CLIENT_AUTH if server else ssl.Purpose.SERVER_AUTH
    context = ssl.create_default_context(purpose, cafile=environment["RAY_TLS_CA_CERT"])
    context.load_cert_chain(environment["RAY_TLS_SERVER_CERT"], environment["RAY_TLS_SERVER_KEY"])
    if server:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
