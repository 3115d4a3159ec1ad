"""One process's network: stands in for Ray's handles and the sockets."""

import asyncio
from typing import TYPE_CHECKING

from engine.streams import HostUnavailable, Stream
from tests.simulation.loop import Process

if TYPE_CHECKING:
    from tests.simulation.cluster import Cluster, Incarnation

SECRET = bytes(32)


class SimNetwork:
    """The `Network` of one gateway or host.

    It caches the handle of each host, so that it may reach an incarnation that was replaced.
    """

    def __init__(self, name: str, cluster: "Cluster", process: Process) -> None:
        self.name = name
        self.process = process
        self._cluster = cluster
        self._handles: dict[str, Incarnation] = {}

    async def connect(self, host: str, stream: Stream) -> str:
        incarnation = await self._find(host)
        await asyncio.sleep(self._cluster.delay())
        if not incarnation.process.alive:
            raise HostUnavailable(f"{incarnation}: refused")
        self._cluster.open(self, stream, incarnation)
        stream.send_preface(SECRET, self.name)
        return str(incarnation)

    async def incarnation(self, host: str) -> str:
        self._handles.pop(host, None)
        return str(await self._find(host))

    def forget_handle(self, incarnation: "Incarnation") -> None:
        """Drop the handle of that incarnation."""
        if self._handles.get(incarnation.name) is incarnation:
            del self._handles[incarnation.name]

    async def _find(self, host: str) -> "Incarnation":
        cluster = self._cluster
        found = self._handles.get(host)
        if found is None:
            found = self._handles[host] = cluster.find(host)
        await asyncio.sleep(cluster.delay() + cluster.startup_delay_s(found))
        if cluster.faults.happens("connect_lost") or not found.process.alive:
            await asyncio.sleep(cluster.detection_delay())
            self.forget_handle(found)
            raise HostUnavailable(f"{found}: lost")
        return found
