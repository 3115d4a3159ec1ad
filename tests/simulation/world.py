"""All parts of one seed's simulation."""

import asyncio
from collections.abc import Iterator
from dataclasses import astuple, replace
from random import Random
from typing import TYPE_CHECKING, Any

from engine.host import HostSettings
from engine.placement import Mode, Placement
from storage.commit import Limits, Ring
from storage.redis_store import RedisStore
from storage.store import Store
from tests.simulation.client_view import SnapshotChecker
from tests.simulation.cluster import Cluster
from tests.simulation.commit_log import CommitLog
from tests.simulation.faults import Faults
from tests.simulation.gateway import SimGateway
from tests.simulation.http_client import SimHttpClient
from tests.simulation.loop import Process, SimLoop
from tests.simulation.randomness import START, random_stream
from tests.simulation.request import SimRequest
from tests.simulation.server import Operation, Server
from tests.simulation.store_client import SimStoreClient, StoreLink
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.client import SimClient

PARTS = ("network", "store", "clients", "people", "disasters", "world")


class SimWorld:
    """Create it inside a running `SimLoop`."""

    def __init__(self, seed: int, loop: SimLoop) -> None:
        self.loop = loop
        self.rngs = {part: random_stream(seed, part) for part in PARTS}
        self.trace = Trace(loop)
        self.faults = Faults(seed, self.trace.add)
        self.network = Process("network")
        self.commit_log = CommitLog()
        self.snapshots = SnapshotChecker(self.commit_log)
        begin = START.timestamp()
        self.server = Server(lambda: begin + loop.time(), self._on_commit)
        self.store_link = StoreLink(self.server, self.network, self.faults, self.rngs["store"])
        self.gateways: list[SimGateway] = []
        self.clients: list[SimClient] = []
        self.requests: list[SimRequest] = []
        self.notification_ids: list[str] = []
        self.may_have_two_owners = False
        self.http = SimHttpClient(self.network, self.rngs["clients"], self.faults)
        rng = self.rngs["world"]
        self._limits = Limits(
            retention_s=30 * 86_400,
            journal=Ring(rng.choice((3, 10, 1000)), rng.choice((2_000, 256_000))),
        )
        settings = HostSettings(
            max_batch=rng.choice((1, 4, 1024)), idle_s=rng.choice((1.0, 8.0, 300.0))
        )
        self.cluster = Cluster(
            loop, self.network, self.rngs["network"], self.faults, self.trace, self.store,
            settings, random_placement(rng),
        )  # fmt: skip
        self.spans_hosts = self.cluster.announced.mode is Mode.ENTITY
        self._opened = 0
        for _ in range(2):
            self.start_gateway()

    def store(self) -> Store:
        """A store client for one process."""
        return RedisStore(SimStoreClient(self.store_link), self._limits)

    def start_gateway(self) -> None:
        self._opened += 1
        gateway = SimGateway(f"g{self._opened}", self.cluster, self.store)
        self.trace.add("open", gateway.name)
        self.gateways.append(gateway)

    def announce(self, placement: Placement) -> None:
        """Announce a placement; processes fetch it at different times."""
        number = self.cluster.announced.generation + 1
        self.cluster.announced = replace(placement, generation=number)
        self.may_have_two_owners = True
        self.trace.add("placement", *map(str, astuple(self.cluster.announced)))

    def pick_gateway(self, rng: Random) -> SimGateway | None:
        """A random gateway that accepts connections."""
        self.gateways = [gateway for gateway in self.gateways if gateway.process.alive]
        gateways = [gateway for gateway in self.gateways if gateway.is_open]
        return rng.choice(gateways) if gateways else None

    def outboxes(self) -> Iterator[tuple[str, bytes]]:
        """All undelivered effects and timers in the store."""
        for name in self.server.names():
            if name.endswith(":out"):
                for entry in self.server.value_of(name):
                    yield name, entry

    def _on_commit(self, operations: list[Operation]) -> None:
        if not operations:
            self.faults.note("commit_fenced")
        entities = self.commit_log.append(self.server, operations)
        self.trace.add("commit", *(key.decode() for key in entities))


def random_placement(rng: Random) -> Placement:
    return Placement(rng.choice(list(Mode)), rng.choice((1, 2, 3)))


def change_shards(placement: Placement, rng: Random) -> Placement:
    """The placement with more or fewer shards, one pinned, or one moved."""
    if rng.random() < 0.5:
        return placement.moved(rng.randrange(placement.shards))
    shards = rng.choice((1, 2, 3, 4))
    pinned = frozenset({(rng.randint(1, 3), rng.randrange(shards))})
    alone = shards == 1 or rng.random() < 0.5
    return replace(placement, shards=shards, pinned=frozenset() if alone else pinned)


async def eventually(world: SimWorld, check: Any, timeout_s: float) -> bool:
    """Whether `check` becomes true within `timeout_s`."""
    end = world.loop.time() + timeout_s
    while not check():
        if world.loop.time() > end:
            return False
        await asyncio.sleep(0.25)
    return True
