"""The address and handshake of a single server, as redis-py parses them from its URL."""

import asyncio
import socket
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool

Command = tuple[str | bytes | int | float, ...]
"""A command's name and arguments."""


def endpoint_of(client: Any) -> "Endpoint | None":
    """The endpoint of a client's server; None for a Sentinel or a cluster, whose servers change."""
    if not isinstance(client, Redis) or isinstance(client.connection_pool, SentinelConnectionPool):
        return None
    return Endpoint(client.connection_pool.make_connection())


class Endpoint:
    """The server of a redis-py connection. The connection is never opened; it provides the values
    of the URL and builds the TLS context from them."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def handshake(self) -> list[Command]:
        """The first commands of a new connection: protocol, credentials, name, database."""
        connection = self._connection
        hello: Command = ("HELLO", 3)
        if connection.username or connection.password:
            hello += ("AUTH", connection.username or "default", connection.password or "")
        handshake = [hello]
        if connection.client_name:
            handshake.append(("CLIENT", "SETNAME", connection.client_name))
        if connection.db:
            handshake.append(("SELECT", connection.db))
        return handshake

    async def open(self, protocol: asyncio.Protocol) -> None:
        """Connect `protocol` to the server. Raises OSError, also for TLS errors."""
        loop, connection = asyncio.get_running_loop(), self._connection
        if isinstance(connection, UnixDomainSocketConnection):
            await loop.create_unix_connection(lambda: protocol, connection.path)
            return
        tls = connection.ssl_context.get() if isinstance(connection, SSLConnection) else None
        transport, _ = await loop.create_connection(
            lambda: protocol, connection.host, connection.port, ssl=tls
        )
        if connection.socket_keepalive:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in connection.socket_keepalive_options.items():
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
