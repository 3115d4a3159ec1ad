"""Hosts in one process behind streams in memory, with the faults that a test chooses.

A killed host loses its streams and its memory; the store keeps its commits.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from engine.codec import decode
from engine.entity import LoadedEntity
from engine.host import Host, HostSettings
from engine.messages import Dropped, Message, Published, Reply
from engine.peers import Peers
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import PUSHED, HostUnavailable, IncomingStream, Item, Stream
from protocol.ids import Address
from storage.store import Store
from tests.pipes import Pipe

SECRET = bytes(32)


class TestClock:
    """A wall clock that a test can advance."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class LocalHosts:
    """Starts a `Host` for each name at its first use. No stream reaches `silent` hosts; `mute` ones
    handle messages, but what they send is lost, and the stream with it."""

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
        self.mute: set[str] = set()
        self.delivered: list[tuple[str, Sequence[Message]]] = []
        self.pushed: list[Published | Dropped] = []
        self._pipes: dict[str, list[Pipe]] = {}
        self._peers = Peers(self.network("test"))

    def network(self, caller: str) -> "LocalNetwork":
        """Network of one gateway or host to all hosts."""
        return LocalNetwork(self, caller)

    async def fetch_placement(self) -> Placement:
        """The current placement, which tests set."""
        return self.placement

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        """One reply a message. Raises HostUnavailable."""
        return await self._peers.deliver(host, batch)

    def entity(self, address: Address) -> LoadedEntity | None:
        """An entity as a host has it in memory."""
        for host in self.hosts.values():
            if (entity := host._cache.get(address)) is not None:
                return entity
        return None

    def kill(self, host: str) -> None:
        """End a host at once: it loses its memory, timers and unsent messages."""
        killed = self.hosts.pop(host, None)
        if killed is not None:
            killed.close()
        self.cut(host)

    def cut(self, host: str) -> None:
        """End all streams to a host, which keeps running."""
        for pipe in self._pipes.pop(host, ()):
            pipe.cut()

    def open(self, caller: str, host: str, stream: Stream) -> str:
        """Connect a stream to a host. Raises HostUnavailable."""
        if host in self.silent:
            raise HostUnavailable(f"{host} is silent")
        target = self._host(host)
        incoming = IncomingStream(SECRET, target.attach)
        pipe = Pipe(
            stream, incoming,
            lambda data: self._passes(host, data, to_host=True),
            lambda data: self._passes(host, data, to_host=False),
        )  # fmt: skip
        self._pipes.setdefault(host, []).append(pipe)
        stream.send_preface(SECRET, caller)
        return f"{host} {id(target)}"

    def _passes(self, host: str, data: bytes, *, to_host: bool) -> bool:
        if to_host and host in self.silent:
            return False
        if to_host:
            if batch := [body for _, body in items_of(data)]:
                self.delivered.append((host, batch))  # type: ignore[arg-type]
        else:
            self.pushed += [body for number, body in items_of(data) if number == PUSHED]  # type: ignore[misc]
        return to_host or host not in self.mute

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            watcher = PlacementWatcher(self.placement, self.fetch_placement)
            peers = Peers(self.network(name))
            self.hosts[name] = Host(name, self.store, peers, watcher, self.clock, self.settings)
        return self.hosts[name]


class LocalNetwork:
    """All hosts, as one caller connects to them."""

    def __init__(self, hosts: LocalHosts, caller: str) -> None:
        self._hosts, self._caller = hosts, caller

    async def connect(self, host: str, stream: Stream) -> str:
        await asyncio.sleep(0)
        return self._hosts.open(self._caller, host, stream)

    async def incarnation(self, host: str) -> str:
        return f"{host} {id(self._hosts.hosts.get(host))}"


def items_of(data: bytes) -> list[Item]:
    """Items of one write on a stream."""
    items, start = [], 0
    if data.startswith(b"RQST"):
        start = 39 + data[38]
    while start < len(data):
        end = start + 4 + int.from_bytes(data[start : start + 4])
        if end > start + 4:
            items.append(decode(data[start + 4 : end]))
        start = end
    return items
