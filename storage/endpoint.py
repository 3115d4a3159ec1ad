"""The address and greeting of a single server, as redis-py reads them from its URL."""

import asyncio
import socket
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool

Command = tuple[str | bytes | int | float, ...]
"""The name and the arguments."""


def endpoint_of(client: Any) -> "Endpoint | None":
    """The server of a client. None for a Sentinel's and for a cluster, whose servers change."""
    if not isinstance(client, Redis) or isinstance(client.connection_pool, SentinelConnectionPool):
        return None
    return Endpoint(client.connection_pool.make_connection())


class Endpoint:
    """The server that a connection of redis-py would connect to. That connection is never opened:
    it has the values of the URL and builds the TLS context from them."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def greeting(self) -> list[Command]:
        """The first commands of a connection."""
        connection = self._connection
        hello: Command = ("HELLO", 3)
        if connection.username or connection.password:
            hello += ("AUTH", connection.username or "default", connection.password or "")
        greeting = [hello]
        if connection.client_name:
            greeting.append(("CLIENT", "SETNAME", connection.client_name))
        if connection.db:
            greeting.append(("SELECT", connection.db))
        return greeting

    async def open(self, protocol: asyncio.Protocol) -> None:
        """Connect `protocol`. Raises OSError, which includes errors of TLS."""
        loop, connection = asyncio.get_running_loop(), self._connection
        if isinstance(connection, UnixDomainSocketConnection):
            await loop.create_unix_connection(lambda: protocol, connection.path)
            return
        tls = connection.ssl_context.get() if isinstance(connection, SSLConnection) else None
        transport, _ = await loop.create_connection(
            lambda: protocol, connection.host, connection.port, ssl=tls
        )
        if connection.socket_keepalive:
            opened = transport.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in connection.socket_keepalive_options.items():
                opened.setsockopt(socket.IPPROTO_TCP, option, value)
