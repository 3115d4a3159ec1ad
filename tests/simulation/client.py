"""The store's client: as much of `redis.asyncio.Redis` as `RedisStore` uses, over a faulty way."""

import asyncio
from random import Random
from typing import Any

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TimedOut

from tests.simulation.faults import Faults
from tests.simulation.loop import Process
from tests.simulation.server import Server

TIME_OUT_S = 2.0
Command = tuple[Any, ...]


class Way:
    """All that lies between clients and the server. While it is `away`, nothing gets there."""

    def __init__(self, server: Server, network: Process, faults: Faults, chance: Random) -> None:
        self._server = server
        self._network = network
        self._faults = faults
        self._chance = chance
        self.away = False

    async def trip(self, commands: list[Command]) -> list[Any]:
        """There, done, and back. Who asked may die or give up meanwhile; what is sent is sent."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        there, back = (0.0001 + self._chance.random() * 0.001 for _ in range(2))
        happens, life = self._faults.happens, self._server.life
        if self.away or happens("store_refuses"):
            self._network.later(there, _fail, answer, ConnectionLost("refused"))
        elif happens("store_acts_after_time_out"):
            late = TIME_OUT_S + self._chance.random() * 6.0
            self._network.later(TIME_OUT_S, _fail, answer, TimedOut("timed out"))
            self._network.later(late, self._act, life, commands, answer, None)
        elif happens("store_answer_lost"):
            self._network.later(there, self._act, life, commands, answer, None)
            self._network.later(there + back, _fail, answer, ConnectionLost("answer lost"))
        elif len(commands) > 1 and happens("store_pipeline_cut"):
            done = commands[: self._chance.randrange(len(commands))]
            self._network.later(there, self._act, life, done, answer, None)
            self._network.later(there + back, _fail, answer, ConnectionLost("cut"))
        else:
            if happens("store_slow"):
                there += self._chance.random() * 1.9
            self._network.later(there, self._act, life, commands, answer, back)
        return await answer

    def _act(
        self,
        life: bytes,
        commands: list[Command],
        answer: asyncio.Future[list[Any]],
        back: float | None,
    ) -> None:
        if life != self._server.life:  # its connection has not outlived the server
            _fail(answer, ConnectionLost("reset"))
            return
        answers = [self._server.run(*command) for command in commands]
        if back is not None:
            self._network.later(back, _give, answer, answers)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # who asked may be dead and never look


def _give(answer: asyncio.Future[Any], value: Any) -> None:
    if not answer.done():
        answer.set_result(value)


class Client:
    """One process's client."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def pipeline(self, transaction: bool = True) -> "Pipe":
        assert not transaction
        return Pipe(self._way)

    async def get(self, key: str) -> Any:
        return await self._one("GET", key)

    async def ping(self) -> Any:
        return await self._one("PING")

    async def set(
        self, key: str, value: Any, nx: bool = False, get: bool = False, ex: int | None = None
    ) -> Any:
        how = ["NX"] * nx + ["GET"] * get + ([] if ex is None else ["EX", ex])
        return await self._one("SET", key, value, *how)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _one(self, *command: Any) -> Any:
        [answer] = await self._way.trip([command])
        return answer


class Pipe:
    """Commands of one round trip."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._commands: list[Command] = []

    def execute_command(self, *command: Any) -> None:
        self._commands.append(command)

    def set(self, key: str, value: Any, px: int) -> None:
        self._commands.append(("SET", key, value, "PX", px))

    def get(self, key: str) -> None:
        self._commands.append(("GET", key))

    def info(self) -> None:
        self._commands.append(("INFO",))

    def hget(self, key: str, name: str) -> None:
        self._commands.append(("HGET", key, name))

    def hsetnx(self, key: str, name: str, value: Any) -> None:
        self._commands.append(("HSETNX", key, name, value))

    def hkeys(self, key: str) -> None:
        self._commands.append(("HKEYS", key))

    def hset(self, key: str, name: str, value: Any) -> None:
        self._commands.append(("HSET", key, name, value))

    def incrby(self, key: str, by: int) -> None:
        self._commands.append(("INCRBY", key, by))

    def zrange(self, key: str, low: Any, high: Any, byscore: bool, offset: int, num: int) -> None:
        assert byscore
        self._commands.append(("ZRANGE", key, low, high, "BYSCORE", "LIMIT", offset, num))

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        if not self._commands:
            return []
        answers = await self._way.trip(self._commands)
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        return answers
