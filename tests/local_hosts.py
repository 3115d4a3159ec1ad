"""A transport between hosts in one process, with the faults that a test chooses.

Messages and replies are pickled on their way, as Ray would. A host is killed by forgetting it:
what it held in memory is gone, what it stored is not.
"""

import asyncio
import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from actors.host import Host, HostSettings
from actors.messages import Exchanged, Feed, Message, Reply
from actors.placement import Placement
from actors.transport import HostGone
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

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        if host in self.silent:
            raise HostGone(f"{host} is silent")
        self.delivered.append((host, batch))
        carried = self._host(host)
        replies = await carried.deliver(pickle.loads(pickle.dumps(batch)))
        if host in self.deaf or self.hosts.get(host) is not carried:
            raise HostGone(f"{host}: the answer was lost")
        answer: list[Reply] = pickle.loads(pickle.dumps(replies))
        return answer

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        if host in self.silent:
            raise HostGone(f"{host} is silent")
        self.delivered.append((host, batch))
        carried = self._host(host)
        exchanged = await carried.exchange(gateway, cursor, pickle.loads(pickle.dumps(batch)))
        if host in self.deaf or self.hosts.get(host) is not carried:
            raise HostGone(f"{host}: the answer was lost")
        answer: Exchanged = pickle.loads(pickle.dumps(exchanged))
        return answer

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        if host in self.silent:
            await asyncio.sleep(0.01)
            raise HostGone(f"{host} is silent")
        carried = self._host(host)
        poll = asyncio.ensure_future(carried.poll(gateway, cursor))
        while not poll.done():
            await asyncio.wait({poll}, timeout=0.02)
            if self.hosts.get(host) is not carried:
                poll.cancel()
                raise HostGone(f"{host} was killed")
        feed: Feed = pickle.loads(pickle.dumps(poll.result()))
        return feed

    def kill(self, host: str) -> None:
        """End a host at once: its memory, timers and what it was about to send are gone."""
        killed = self.hosts.pop(host, None)
        if killed is not None:
            killed.close()

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            self.hosts[name] = Host(
                name, self.store, self, self.placement, self.clock, self.settings
            )
        return self.hosts[name]
