"""Sends the commands of all callers over one connection, which is opened on first use.

redis-py needs a pool, task switches and several objects for each command. Here hiredis encodes and
decodes, and all commands of one iteration of the event loop are sent in one write.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TimedOut

from storage.endpoint import Command, Endpoint
from storage.resp_connection import RespConnection

MAX_WAITING = 10_000
"""Maximum number of calls that wait for a connection or for their replies. Further calls fail
immediately, without being sent."""


class PipelinedConnection:
    """A connection to one server, shared by all callers. If it ends, the next call reconnects."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._connection: RespConnection | None = None
        self._connecting: asyncio.Task[RespConnection] | None = None
        self._callers = 0
        self._closed = False

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands. Returns their replies in order; an error reply is an exception in that
        list. Raises redis.RedisError and OSError if the connection fails or there is no reply
        within `timeout_s` seconds: it is unknown which commands were executed. If the caller is
        cancelled, its commands are executed nevertheless and their replies dropped."""
        if not commands:
            return []
        if self._callers >= MAX_WAITING:
            raise ConnectionLost(f"cannot send: {MAX_WAITING} calls already wait for the store")
        self._callers += 1
        try:
            connection = self._connection
            if connection is None or connection.is_closed or connection.has_ended():
                connection = await self._connect()
            return await connection.send(commands)
        finally:
            self._callers -= 1

    async def close(self) -> None:
        """Close the connection permanently. Waiting and later calls raise redis.ConnectionError."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.abort(ConnectionLost("the connection was closed"))

    async def _connect(self) -> RespConnection:
        """Open a connection. Concurrent callers wait for the same one; if a caller is cancelled,
        the others still get it."""
        if self._closed:
            raise ConnectionLost("the connection was closed")
        connecting = self._connecting
        if connecting is None:
            connecting = self._connecting = asyncio.create_task(self._open())
            connecting.add_done_callback(self._opened)
        await asyncio.wait({connecting})
        if connecting.cancelled():
            raise ConnectionLost("the connection was closed")
        return connecting.result()

    def _opened(self, task: "asyncio.Task[RespConnection]") -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._connection = task.result()

    async def _open(self) -> RespConnection:
        connection = RespConnection(self._timeout_s)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._endpoint.open(connection)
                for reply in await connection.send(self._endpoint.handshake):
                    if isinstance(reply, Exception):
                        raise reply
        except TimeoutError:
            connection.abort(ConnectionLost("the connection was not established"))
            raise TimedOut(f"no connection to the store within {self._timeout_s:g} s") from None
        except BaseException:
            connection.abort(ConnectionLost("the connection was not established"))
            raise
        return connection
