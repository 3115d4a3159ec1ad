"""All parts of one seed, put together."""

import asyncio
from collections.abc import Iterator
from dataclasses import astuple, replace
from random import Random
from typing import TYPE_CHECKING, Any

from actors.host import HostSettings
from actors.placement import Mode, Placement
from storage.commit import Limits, Ring
from storage.redis_store import RedisStore
from storage.store import Store
from tests.simulation.chance import BEGIN, stream
from tests.simulation.client import Client, Way
from tests.simulation.cluster import Cluster
from tests.simulation.faults import Faults
from tests.simulation.front import Front
from tests.simulation.loop import Process, SimLoop
from tests.simulation.post import Post
from tests.simulation.server import Operation, Server
from tests.simulation.trace import Trace
from tests.simulation.truth import Truth
from tests.simulation.view import Snapshots
from tests.simulation.wish import Wish

if TYPE_CHECKING:
    from tests.simulation.device import Device

PARTS = ("network", "store", "clients", "people", "disasters", "world")


class World:
    """Made inside a running `SimLoop`."""

    def __init__(self, seed: int, loop: SimLoop) -> None:
        self.loop = loop
        self.chance = {part: stream(seed, part) for part in PARTS}
        self.trace = Trace(loop)
        self.faults = Faults(seed, self.trace.tell)
        self.network = Process("network")
        self.truth = Truth()
        self.snapshots = Snapshots(self.truth)
        begin = BEGIN.timestamp()
        self.server = Server(lambda: begin + loop.time(), self._committed)
        self.way = Way(self.server, self.network, self.faults, self.chance["store"])
        self.fronts: list[Front] = []
        self.devices: list[Device] = []
        self.wishes: list[Wish] = []
        self.notes: list[str] = []
        self.two_owners = False
        self.post = Post(self.network, self.chance["clients"], self.faults)
        chance = self.chance["world"]
        self._limits = Limits(
            retention_s=30 * 86_400,
            journal=Ring(chance.choice((3, 10, 1000)), chance.choice((2_000, 256_000))),
        )
        settings = HostSettings(
            max_batch=chance.choice((1, 4, 1024)), idle_s=chance.choice((1.0, 8.0, 300.0))
        )
        self.cluster = Cluster(
            loop, self.network, self.chance["network"], self.faults, self.trace, self.store,
            settings, some_placement(chance),
        )  # fmt: skip
        self.apart = self.cluster.announced.mode is Mode.ENTITY
        self._opened = 0
        for _ in range(2):
            self.open_front()

    def store(self) -> Store:
        """A store of a process's own."""
        return RedisStore(Client(self.way), self._limits)

    def open_front(self) -> None:
        self._opened += 1
        front = Front(f"g{self._opened}", self.cluster, self.store)
        self.trace.tell("open", front.name)
        self.fronts.append(front)

    def announce(self, placement: Placement) -> None:
        """The placement from now on. Everybody learns of it in their own time."""
        number = self.cluster.announced.generation + 1
        self.cluster.announced = replace(placement, generation=number)
        self.two_owners = True
        self.trace.tell("placement", *map(str, astuple(self.cluster.announced)))

    def front(self, chance: Random) -> Front | None:
        """Any gateway that takes connections."""
        self.fronts = [front for front in self.fronts if front.process.alive]
        fronts = [front for front in self.fronts if front.open]
        return chance.choice(fronts) if fronts else None

    def outboxes(self) -> Iterator[tuple[str, bytes]]:
        """Everything that still waits in the store to be delivered or to ring."""
        for name in self.server.names():
            if name.endswith(":out"):
                for entry in self.server.look(name):
                    yield name, entry

    def _committed(self, operations: list[Operation]) -> None:
        if not operations:
            self.faults.note("commit_fenced")
        entities = self.truth.committed(self.server, operations)
        self.trace.tell("commit", *(key.decode() for key in entities))


def some_placement(chance: Random) -> Placement:
    return Placement(chance.choice(list(Mode)), chance.choice((1, 2, 3)))


def changed(placement: Placement, chance: Random) -> Placement:
    """The same but for its shards: more or fewer, one pinned, one moved."""
    if chance.random() < 0.5:
        return placement.moved(chance.randrange(placement.shards))
    shards = chance.choice((1, 2, 3, 4))
    pinned = frozenset({(chance.randint(1, 3), chance.randrange(shards))})
    alone = shards == 1 or chance.random() < 0.5
    return replace(placement, shards=shards, pinned=frozenset() if alone else pinned)


async def eventually(world: World, check: Any, patience_s: float) -> bool:
    """Whether `check` becomes true in that time."""
    end = world.loop.time() + patience_s
    while not check():
        if world.loop.time() > end:
            return False
        await asyncio.sleep(0.25)
    return True
