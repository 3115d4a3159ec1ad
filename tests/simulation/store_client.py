"""The store client of a simulated process: `Commands` over a faulty network."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TimedOut

from storage import keys
from storage.endpoint import Command
from storage.status import PROBE_MS
from storage.store import StoreStatus
from tests.simulation.faults import Faults
from tests.simulation.loop import Process
from tests.simulation.server import Server

TIMEOUT_S = 2.0


class StoreLink:
    """The network between clients and the server. While it `is_down`, no command arrives."""

    def __init__(self, server: Server, network: Process, faults: Faults, rng: Random) -> None:
        self._server = server
        self._network = network
        self._faults = faults
        self._rng = rng
        self.is_down = False

    async def round_trip(self, commands: list[Command]) -> list[Any]:
        """Send commands and return their replies. A sent command runs even if its sender dies or
        times out."""
        reply: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        request_s, reply_s = (0.0001 + self._rng.random() * 0.001 for _ in range(2))
        happens, replication_id = self._faults.happens, self._server.replication_id
        if self.is_down or happens("store_refuses_connection"):
            self._network.later(request_s, _fail, reply, ConnectionLost("refused"))
        elif happens("store_writes_after_timeout"):
            late = TIMEOUT_S + self._rng.random() * 6.0
            self._network.later(TIMEOUT_S, _fail, reply, TimedOut("timed out"))
            self._network.later(late, self._execute, replication_id, commands, reply, None)
        elif happens("store_reply_lost"):
            self._network.later(request_s, self._execute, replication_id, commands, reply, None)
            self._network.later(request_s + reply_s, _fail, reply, ConnectionLost("answer lost"))
        elif len(commands) > 1 and happens("store_pipeline_cut"):
            done = commands[: self._rng.randrange(len(commands))]
            self._network.later(request_s, self._execute, replication_id, done, reply, None)
            self._network.later(request_s + reply_s, _fail, reply, ConnectionLost("cut"))
        else:
            if happens("store_slow"):
                request_s += self._rng.random() * 1.9
            self._network.later(request_s, self._execute, replication_id, commands, reply, reply_s)
        return await reply

    def _execute(
        self,
        replication_id: bytes,
        commands: list[Command],
        reply: asyncio.Future[list[Any]],
        reply_s: float | None,
    ) -> None:
        if replication_id != self._server.replication_id:  # the connection was lost in the restart
            _fail(reply, ConnectionLost("reset"))
            return
        replies = [self._server.run(*command) for command in commands]
        if reply_s is not None:
            self._network.later(reply_s, _resolve, reply, replies)


def _fail(reply: asyncio.Future[Any], error: Exception) -> None:
    if not reply.done():
        reply.set_exception(error)
        reply.exception()  # marks it as retrieved: the caller may be dead


def _resolve(reply: asyncio.Future[Any], value: Any) -> None:
    if not reply.done():
        reply.set_result(value)


class SimStoreClient:
    """One process's `Commands`."""

    in_order = True

    def __init__(self, store_link: StoreLink) -> None:
        self._link = store_link

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        return await self._link.round_trip(list(commands)) if commands else []

    async def run_dedicated(self, commands: Sequence[Command]) -> list[Any]:
        return await self.run(commands)

    async def status(self) -> StoreStatus:
        probe = ("SET", keys.probe(0), 1, "PX", PROBE_MS)
        _, backed_up_at, info = await self._link.round_trip(
            [probe, ("GET", keys.backup()), ("INFO",)]
        )
        clock = info["server_time_usec"] / 1e6
        return StoreStatus(0.0, 0, 0, clock, float(backed_up_at or 0))

    async def recover(self) -> None:
        """Does nothing: no connection state is kept."""

    async def close(self) -> None:
        """Does nothing: no connection is open."""
