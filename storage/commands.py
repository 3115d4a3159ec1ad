"""Sends commands to a store over one shared connection, or over redis-py's connection pool.

Frequent commands to a single server share a `PipelinedConnection`. redis-py sends commands that are
rare, large or wait in the server, and all commands to a Sentinel's master or a cluster.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from redis.asyncio.cluster import RedisCluster

from storage.connect import FAILURES, connect, disconnect
from storage.endpoint import Command, endpoint_of
from storage.pipelined import PipelinedConnection
from storage.status import check
from storage.store import StoreStatus


class Commands(Protocol):
    """The client of a store. Methods raise the exceptions in `FAILURES`."""

    @property
    def in_order(self) -> bool:
        """Whether the commands of one call are executed in order."""

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round trip. Returns their replies in order; an error reply is an
        exception in that list."""

    async def run_dedicated(self, commands: Sequence[Command]) -> list[Any]:
        """Like `run`, on a connection that is not shared: for commands that take long or wait in
        the server, and for `WAIT`, which confirms the writes of its own connection."""

    async def status(self) -> StoreStatus:
        """See `Store.check`."""

    async def recover(self) -> None:
        """Prepare for the next call after a failure. Raises nothing."""

    async def close(self) -> None: ...


class PooledCommands:
    """Commands over a client of redis-py, which takes a connection of its pool for each call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        client.set_response_callback("SET", _unchanged)  # redis-py returns a bool, even with GET
        self.in_order = not isinstance(client, RedisCluster)

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        if [command[0] for command in commands] == ["PING"]:  # a cluster cannot route it by key
            return [await self._client.ping()]
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        return replies

    async def run_dedicated(self, commands: Sequence[Command]) -> list[Any]:
        return await self.run(commands)

    async def status(self) -> StoreStatus:
        return await check(self._client)

    async def recover(self) -> None:
        """Fetch the current slot map of a cluster."""
        if not self.in_order:
            with suppress(*FAILURES):
                await self._client.nodes_manager.initialize()

    async def close(self) -> None:
        await disconnect(self._client)


class PipelinedCommands(PooledCommands):
    """`run` uses one shared connection; everything else uses the pool of a client of redis-py."""

    def __init__(self, client: Any, connection: PipelinedConnection) -> None:
        super().__init__(client)
        self._connection = connection

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        return await self._connection.run(commands)

    async def run_dedicated(self, commands: Sequence[Command]) -> list[Any]:
        return await super().run(commands)

    async def close(self) -> None:
        await self._connection.close()
        await super().close()


def _unchanged(reply: Any, **options: Any) -> Any:
    return reply


def commands_to(url: str, timeout_s: float) -> Commands:
    """The client of the store at a URL. Raises ValueError for an invalid one, as `connect`."""
    client = connect(url, timeout_s)
    endpoint = endpoint_of(client)
    if endpoint is None:
        return PooledCommands(client)
    return PipelinedCommands(client, PipelinedConnection(endpoint, timeout_s))
