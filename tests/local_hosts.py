"""A transport between hosts in one process, with the faults that a test chooses.

Messages and replies are pickled on their way, as Ray would. A host is killed by forgetting it:
what it held in memory is gone, what it stored is not.
"""

import asyncio
import pickle
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.host import Host, HostSettings
from actors.messages import Exchanged, Feed, Message, Reply
from actors.placement import Placement
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from storage.store import Store


class TestClock:
    """Wall-clock time that a test can move on."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class LocalHosts:
    """Starts a `Host` a name, on first use. `silent` hosts do not answer; `deaf` ones do the work
    but their answer is lost."""

    def __init__(
        self,
        store: Store,
        placement: Placement,
        clock: TestClock | None = None,
        settings: HostSettings | None = None,
        wrap: Callable[[Store], Store] = lambda store: store,
    ) -> None:
        self.store = wrap(store)
        self.placement = placement
        self.clock = clock or TestClock()
        self.settings = settings or HostSettings()
        self.hosts: dict[str, Host] = {}
        self.silent: set[str] = set()
        self.deaf: set[str] = set()
        self.delivered: list[tuple[str, Sequence[Message]]] = []
        self._calls: dict[str, set[asyncio.Future[Any]]] = {}

    async def look(self) -> Placement:
        """The newest placement: tests set it."""
        return self.placement

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        if host in self.silent:
            raise HostGone(f"{host} is silent")
        self.delivered.append((host, batch))
        replies = self._host(host).deliver(pickle.loads(pickle.dumps(batch)))
        answer: list[Reply] = await self._answered(host, replies)
        return answer

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        if host in self.silent:
            raise HostGone(f"{host} is silent")
        self.delivered.append((host, batch))
        exchanged = self._host(host).exchange(gateway, cursor, pickle.loads(pickle.dumps(batch)))
        answer: Exchanged = await self._answered(host, exchanged)
        return answer

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        if host in self.silent:
            await asyncio.sleep(0.01)
            raise HostGone(f"{host} is silent")
        feed: Feed = await self._answered(host, self._host(host).poll(gateway, cursor))
        return feed

    def kill(self, host: str) -> None:
        """End a host at once: its memory, timers and what it was about to send are gone."""
        killed = self.hosts.pop(host, None)
        if killed is not None:
            killed.close()
            for call in self._calls.pop(host, ()):
                call.cancel()

    async def _answered(self, host: str, call: Coroutine[Any, Any, Any]) -> Any:
        """What a host answers, unless it is killed meanwhile."""
        task = asyncio.ensure_future(call)
        calls = self._calls.setdefault(host, set())
        calls.add(task)
        task.add_done_callback(calls.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.cancelled():
            raise HostGone(f"{host} was killed")
        if host in self.deaf:
            raise HostGone(f"{host}: the answer was lost")
        return pickle.loads(pickle.dumps(task.result()))

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            whereabouts = Whereabouts(self.placement, self.look)
            self.hosts[name] = Host(name, self.store, self, whereabouts, self.clock, self.settings)
        return self.hosts[name]
