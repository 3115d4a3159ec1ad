"""Commands of any number of callers over one connection, which is opened when it is needed.

redis-py needs a pool, task switches and several objects for each command. Here hiredis encodes and
decodes, and all commands of a turn of the event loop are one write.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TimedOut

from storage.endpoint import Command, Endpoint
from storage.wire import Wire

MAX_WAITING = 10_000
"""Batches that wait for their answers or for a connection. Further ones fail at once, unsent."""


class PipelinedConnection:
    """`run` for any number of callers over one connection, which is opened when it is needed."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[Wire] | None = None
        self._callers = 0
        self._closed = False

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """The answers in order; a command's error is its answer, as an exception. Raises
        redis.RedisError and OSError if the connection fails or `timeout_s` pass without an answer:
        then it is unknown which commands were executed. A cancelled caller's commands are executed
        nevertheless, and their answers dropped."""
        if not commands:
            return []
        if self._callers >= MAX_WAITING:
            raise ConnectionLost(f"more than {MAX_WAITING} calls wait for the store")
        self._callers += 1
        try:
            wire = self._wire
            if wire is None or wire.is_closed or wire.has_ended():
                wire = await self._connect()
            return await wire.send(commands)
        finally:
            self._callers -= 1

    async def close(self) -> None:
        """Close the connection for good; whoever waits gets an error."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.abort(ConnectionLost("the connection was closed"))

    async def _connect(self) -> Wire:
        """The new connection, which all callers share. Outlives a cancelled caller."""
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

    def _opened(self, task: "asyncio.Task[Wire]") -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._wire = task.result()

    async def _open(self) -> Wire:
        wire = Wire(self._timeout_s)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._endpoint.open(wire)
                for answer in await wire.send(self._endpoint.greeting):
                    if isinstance(answer, Exception):
                        raise answer
        except TimeoutError:
            wire.abort(ConnectionLost("no connection"))
            raise TimedOut(f"no connection to the store within {self._timeout_s:g} s") from None
        except BaseException:
            wire.abort(ConnectionLost("no connection"))
            raise
        return wire
