"""Simulates the part of Ray that the product uses: named actors that start, are found, are lost and
are killed.

Each incarnation of an actor is a process with a real `Host`. Two of one name may run at the same
time, each with its own streams.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from engine.host import Host, HostSettings
from engine.messages import Activate, Resubscribe
from engine.peers import Peers
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import IncomingStream, Item, Stream
from storage.store import Store
from tests.simulation.connection import VERY_LATE_S, Connection
from tests.simulation.faults import Faults
from tests.simulation.loop import Process, SimLoop
from tests.simulation.network import SECRET, SimNetwork
from tests.simulation.randomness import SimClock
from tests.simulation.trace import Trace

IDLE_CHECK_S = 5.0


@dataclass(eq=False, slots=True)
class Incarnation:
    """One process of an actor. The first stream that reaches it creates its host."""

    name: str
    number: int
    process: Process
    network: SimNetwork
    clock: SimClock
    ready_at: float
    host: Host | None = None

    def __str__(self) -> str:
        return f"{self.name}#{self.number}"


class Cluster:
    """All actors and the connections to them."""

    def __init__(
        self,
        loop: SimLoop,
        network: Process,
        rng: Random,
        faults: Faults,
        trace: Trace,
        store: Callable[[], Store],
        settings: HostSettings,
        announced: Placement,
    ) -> None:
        self.faults = faults
        self.announced = announced
        self.running: list[Incarnation] = []
        self._loop = loop
        self._network = network
        self._rng = rng
        self._trace = trace
        self._store = store
        self._settings = settings
        self._names: dict[str, Incarnation] = {}
        self._connections: list[Connection] = []
        self._started = 0

    async def fetch_placement(self) -> Placement:
        """The newest announced placement."""
        await asyncio.sleep(self.delay())
        return self.announced

    def delay(self) -> float:
        """Seconds that a Ray operation takes."""
        if self.faults.happens("ray_late"):
            return self._rng.random() * self._rng.choice((1.0, 1.0, VERY_LATE_S))
        return 0.0002 + self._rng.random() * 0.002

    def detection_delay(self) -> float:
        """Seconds until a loss is detected."""
        return self._rng.random() * self._rng.choice((0.01, 0.5, 3.0))

    # --- actors ----------------------------------------------------------------------------------

    def find(self, name: str) -> Incarnation:
        """The actor of that name, started if there is none."""
        found = self._names.get(name)
        if found is None:
            self._started += 1
            process = Process(f"{name}#{self._started}")
            network = SimNetwork(name, self, process)
            clock = SimClock(self._loop, self._rng.uniform(-0.05, 0.05))
            ready_at = self._loop.time() + self._rng.random() * self._rng.choice((0.02, 1.5))
            found = Incarnation(name, self._started, process, network, clock, ready_at)
            self._names[name] = found
            self.running.append(found)
            self._trace.add("start", str(found))
        return found

    def is_current(self, incarnation: Incarnation) -> bool:
        return self._names.get(incarnation.name) is incarnation

    def startup_delay_s(self, incarnation: Incarnation) -> float:
        """Seconds until it is ready."""
        return max(0.0, incarnation.ready_at - self._loop.time())

    def kill(self, incarnation: Incarnation, why: str) -> None:
        """End its process with all its state and pending work."""
        self._trace.add(why, str(incarnation))
        self.running.remove(incarnation)
        if self.is_current(incarnation):
            del self._names[incarnation.name]
        self.end(incarnation.process)

    def start_duplicate(self, incarnation: Incarnation, cut_off: Collection[SimNetwork]) -> None:
        """Start a second incarnation while the first keeps serving callers that are not
        `cut_off`."""
        self._trace.add("double", str(incarnation), *(network.name for network in cut_off))
        del self._names[incarnation.name]
        for network in cut_off:
            network.forget_handle(incarnation)
            self._cut(incarnation.process, network.process)

    def _host_of(self, incarnation: Incarnation) -> Host:
        """The host, created on the first call, in its own process."""
        if incarnation.host is None:
            peers, watcher = (
                Peers(incarnation.network),
                PlacementWatcher(self.announced, self.fetch_placement),
            )
            incarnation.host = Host(
                incarnation.name, self._store(), peers, watcher, incarnation.clock,
                self._settings,
            )  # fmt: skip
            incarnation.process.spawn(watcher.run())
            incarnation.process.later(IDLE_CHECK_S, self._evict_idle, incarnation, peers)
        return incarnation.host

    def _evict_idle(self, incarnation: Incarnation, peers: Peers) -> None:
        """Stop an actor that has been idle, unless a message has arrived since."""
        host = incarnation.host
        assert host is not None
        peers.close_old()
        if host.evict_idle() and not host.is_required:
            self._network.later(0.0, self._stop_if_idle, incarnation, peers)
        else:
            incarnation.process.later(IDLE_CHECK_S, self._evict_idle, incarnation, peers)

    def _stop_if_idle(self, incarnation: Incarnation, peers: Peers) -> None:
        if not incarnation.process.alive or incarnation.host is None:
            return
        if incarnation.host.evict_idle():
            self.faults.note("actor_stopped")
            self.kill(incarnation, "leave")
        else:
            incarnation.process.later(IDLE_CHECK_S, self._evict_idle, incarnation, peers)

    # --- connections -----------------------------------------------------------------------------

    def open(self, caller: SimNetwork, stream: Stream, incarnation: Incarnation) -> None:
        """Connect a caller's stream to an actor."""

        def accept() -> IncomingStream:
            self._host_of(incarnation)
            return IncomingStream(SECRET, partial(self._attach, incarnation))

        near, far = (caller.process, stream), (incarnation.process, accept)
        self._connections.append(Connection(near, far, self._rng, self.faults))

    def end(self, process: Process) -> None:
        """Kill a process; its peers detect it after a delay."""
        process.kill()
        self._cut(process)

    def _cut(self, *processes: Process) -> None:
        """Cut the connections of a process, or between two."""
        for connection in list(self._connections):
            if all(connection.connects(process) for process in processes):
                self._connections.remove(connection)
                connection.cut()

    def _attach(self, incarnation: Incarnation, incoming: IncomingStream) -> None:
        """Attach a stream to the host and trace its messages."""
        host = self._host_of(incarnation)
        host.attach(incoming)

        def receive(stream: Stream, items: Sequence[Item]) -> None:
            messages = [message for _, message in items]
            self._trace.add("arrive", str(incarnation), incoming.peer, *messages)
            for message in messages:
                if isinstance(message, Activate | Resubscribe):
                    self.faults.note(type(message).__name__.lower())
            host.post(stream, items)

        incoming.receive = receive
