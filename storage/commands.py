"""How commands reach a store: over one shared connection, or over redis-py's pool.

A single server gets all frequent commands over a `PipelinedConnection`. redis-py carries what is
rare, large or waits in the server, and everything for a Sentinel or a cluster.
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
    """Every method raises what `FAILURES` lists."""

    @property
    def in_order(self) -> bool:
        """Whether the commands of one call are executed in order."""

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, in order, in one round trip. A command's error is its answer, as an
        exception."""

    async def run_apart(self, commands: Sequence[Command]) -> list[Any]:
        """The same on a connection that is not shared: for commands that take long
        or wait, and for `WAIT`, which confirms the writes of its own connection."""

    async def status(self) -> StoreStatus:
        """See `Store.check`."""

    async def recover(self) -> None:
        """Call after a failure. Raises nothing."""

    async def close(self) -> None: ...


class PooledCommands:
    """Commands over a client of redis-py, which takes a connection of its pool for each call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        client.set_response_callback("SET", _as_it_is)  # redis-py makes it a bool, with GET too
        self.in_order = not isinstance(client, RedisCluster)

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        if [command[0] for command in commands] == ["PING"]:  # names no node of a cluster
            return [await self._client.ping()]
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers

    async def run_apart(self, commands: Sequence[Command]) -> list[Any]:
        return await self.run(commands)

    async def status(self) -> StoreStatus:
        return await check(self._client)

    async def recover(self) -> None:
        """Ask a cluster which of its nodes has what now."""
        if not self.in_order:
            with suppress(*FAILURES):
                await self._client.nodes_manager.initialize()

    async def close(self) -> None:
        await disconnect(self._client)


class PipelinedCommands(PooledCommands):
    """`run` over one connection, everything else over the pool of a client of redis-py."""

    def __init__(self, client: Any, connection: PipelinedConnection) -> None:
        super().__init__(client)
        self._connection = connection

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        return await self._connection.run(commands)

    async def run_apart(self, commands: Sequence[Command]) -> list[Any]:
        return await super().run(commands)

    async def close(self) -> None:
        await self._connection.close()
        await super().close()


def _as_it_is(answer: Any, **options: Any) -> Any:
    return answer


def commands_to(url: str, timeout_s: float) -> Commands:
    """Commands to the store at a URL, see `connect`. Raises ValueError."""
    client = connect(url, timeout_s)
    endpoint = endpoint_of(client)
    if endpoint is None:
        return PooledCommands(client)
    return PipelinedCommands(client, PipelinedConnection(endpoint, timeout_s))
