"""One trial: clients at work, a fault in their midst, and whether all is true in the end."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from actors.placement import Mode
from load_tests.bench.servers import token
from load_tests.channels import SESSION
from protocol.ids import Address, Kind
from tests.faults import audit
from tests.faults.api import Api
from tests.faults.book import Book
from tests.faults.client import Client
from tests.faults.cluster import WORKERS, Cluster
from tests.faults.faults import Fault, Site, Strike
from tests.faults.house import House, found
from tests.faults.link import now
from tests.faults.party import Table
from tests.faults.probe import Probe

CALM_ACKS = 10
"""Acknowledged commands of every probe before the fault, and again after it."""
AGAIN_S = 150.0
"""Within which every channel must work again."""


@dataclass(frozen=True)
class Size:
    """How many restaurants, tables with parties in each, and seconds between commands."""

    houses: int
    tables: int
    think_s: float


MANY = Size(houses=4, tables=2, think_s=0.3)
FEW = Size(houses=2, tables=1, think_s=1.0)
"""Where each entity is a process, of which a machine starts one or two a second."""


@dataclass(frozen=True)
class Outcome:
    """What clients saw. Seconds; of the channel that was hit hardest."""

    fault: str
    first_ack_s: float | None
    longest_wait_s: float
    met: dict[str, int]
    counts: dict[str, int]
    wrong: list[str]

    def as_row(self) -> dict[str, Any]:
        return asdict(self) | {"workers": WORKERS}


class Trial:
    """The clients of one trial on a cluster that serves."""

    def __init__(self, cluster: Cluster, fault: Fault) -> None:
        self._cluster = cluster
        self._fault = fault
        modes = {deployed.placement for deployed in (fault.before, fault.after or fault.before)}
        self._size = FEW if Mode.ENTITY in modes else MANY
        self._book = Book(Random(os.urandom(8)))
        self._urls = cluster.ways_in()
        self._api = Api(self._book, self._urls)
        self._enough = asyncio.Event()
        self._houses: list[House] = []
        self._probes: list[Probe] = []

    async def run(self) -> Outcome:
        """Raises what a client raised that could not go on."""
        try:
            async with asyncio.TaskGroup() as workers:
                await self._open(workers)
                await self._acks_after(now())
                self._book.met.clear()
                site = Site(self._cluster, self._watched(), self._fault.before)
                strike = await asyncio.to_thread(self._fault.aim, site)
                struck_at, again_at = await self._strike(strike)
                self._enough.set()
            await asyncio.gather(
                *(screen.check_tail() for house in self._houses for screen in house.screens)
            )
            self._book.wrong += await asyncio.to_thread(self._not_deployed)
            found = await audit.wrongs(self._api, self._book.ledger, self._houses)
            self._book.wrong += found
        finally:
            await self._close()
        return self._outcome(struck_at, again_at)

    async def _open(self, workers: asyncio.TaskGroup) -> None:
        size, urls = self._size, self._urls
        numbers = range(1, size.houses + 1)
        self._houses = await asyncio.gather(
            *(found(self._api, number, size.tables + 1) for number in numbers)
        )
        for house in self._houses:
            first, *others = house.tables
            answer = await self._api.send("POST", f"/tables/{first}/sessions", {"guests_count": 2})
            session = Client(self._book, urls, SESSION, answer["session_id"], token())
            house.sat[first] = [session.id]
            await asyncio.gather(session.open(), house.watch(self._book, urls))
            self._probes.append(Probe(house, session))
            workers.create_task(self._probes[-1].run(self._enough))
            for id_ in others:
                table = Table(self._book, self._api, urls, house, id_, size.think_s)
                workers.create_task(table.serve(self._enough))

    def _watched(self) -> list[Address]:
        return [
            Address(Kind.SESSION, house.sat[house.tables[0]][0], house.id) for house in self._houses
        ]

    async def _strike(self, strike: Strike) -> tuple[float, float]:
        """When it struck, and when all channels had worked again for a while."""
        struck_at = now()
        await asyncio.to_thread(strike)
        await self._acks_after(now())
        return struck_at, now()

    def _not_deployed(self) -> list[str]:
        """Hosts of what a fault leaves in place that do not carry the sessions."""
        after = self._fault.after or self._fault.before
        wanted = {after.host_of(session) for session in self._watched()}
        missing = wanted - {actor.host for actor in self._cluster.actors()}
        return [f"{name} does not run" for name in sorted(missing)]

    async def _acks_after(self, moment: float) -> None:
        """Until every probe has some commands acknowledged that were sent after a moment."""
        deadline = now() + AGAIN_S
        while not all(
            sum(ack.sent >= moment for ack in probe.acks) >= CALM_ACKS for probe in self._probes
        ):
            assert now() < deadline, "a channel does not work"
            await asyncio.sleep(0.05)

    async def _close(self) -> None:
        screens = [screen for house in self._houses for screen in house.screens]
        await asyncio.gather(*(screen.leave() for screen in screens), return_exceptions=True)
        await self._api.close()

    def _outcome(self, struck_at: float, again_at: float) -> Outcome:
        first = [probe.first_after(struck_at) for probe in self._probes]
        counts: Counter[str] = self._book.counts
        counts["orders"] = sum(len(house.orders) for house in self._houses)
        return Outcome(
            self._fault.name,
            None if self._fault.lasts else max(each for each in first if each is not None),
            max(probe.longest(struck_at, again_at) for probe in self._probes),
            _plain(self._book.met),
            _plain(counts),
            self._book.wrong,
        )


def _plain(counter: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counter.items()) if count}
