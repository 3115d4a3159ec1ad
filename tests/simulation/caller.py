"""One process's view of all hosts: what stands for Ray's handles and calls."""

import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.messages import Exchanged, Feed, Message, Reply
from tests.simulation.life import Does, Life
from tests.simulation.loop import Process

if TYPE_CHECKING:
    from tests.simulation.cluster import Cluster


class Caller:
    """One process's `Hosts`. What travels is pickled, as it is on its way through Ray."""

    def __init__(self, name: str, cluster: "Cluster", process: Process) -> None:
        self.name = name
        self.process = process
        self._cluster = cluster
        self._handles: dict[str, Life] = {}

    def drop(self, life: Life) -> None:
        if self._handles.get(life.name) is life:
            del self._handles[life.name]

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        packed = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
        replies: list[Reply] = await self._call(
            host, lambda carried: carried.deliver(pickle.loads(packed)), tuple(batch)
        )
        return replies

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        packed = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
        exchanged: Exchanged = await self._call(
            host,
            lambda carried: carried.exchange(gateway, cursor, pickle.loads(packed)),
            tuple(batch),
        )
        return exchanged

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        feed: Feed = await self._call(
            host, lambda carried: carried.poll(gateway, cursor), ("poll", cursor)
        )
        return feed

    async def _call(self, host: str, does: Does, batch: tuple[Any, ...]) -> Any:
        life = self._handles.get(host)
        if life is None:
            life = self._handles[host] = self._cluster.find(host)
        return await self._cluster.call(self, life, does, batch)
