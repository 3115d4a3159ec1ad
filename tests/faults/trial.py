"""One trial: clients at work, a fault, and the invariants afterwards."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from engine.placement import Mode
from load_tests.bench.servers import token
from load_tests.channels import SESSION
from protocol.ids import Address, Kind
from tests.faults.api import TrialApi
from tests.faults.client import TrialClient
from tests.faults.cluster import WORKERS, Cluster
from tests.faults.faults import Fault
from tests.faults.final_checks import violations
from tests.faults.injections import Injection, Target
from tests.faults.probe import Probe
from tests.faults.restaurant import TrialRestaurant, create_restaurant
from tests.faults.socket import now
from tests.faults.table_workload import TableWorkload
from tests.faults.trial_log import TrialLog

MIN_ACKS = 10
"""Acknowledged commands of every probe before the fault, and again after it."""
RECOVERY_TIMEOUT_S = 150.0
"""Seconds within which every channel must work again."""


@dataclass(frozen=True)
class Size:
    """Restaurants, busy tables in each, and seconds between a table's commands."""

    restaurants: int
    tables: int
    think_s: float


LARGE = Size(restaurants=4, tables=2, think_s=0.3)
SMALL = Size(restaurants=2, tables=1, think_s=1.0)
"""For placement `entity`: a machine starts only one or two actors a second."""


@dataclass(frozen=True)
class Outcome:
    """Results as seen by clients, in seconds, for the channel hit hardest."""

    fault: str
    first_ack_s: float | None
    longest_wait_s: float
    client_errors: dict[str, int]
    counts: dict[str, int]
    violations: list[str]

    def as_row(self) -> dict[str, Any]:
        return asdict(self) | {"workers": WORKERS}


class Trial:
    """The clients of one trial on a running cluster."""

    def __init__(self, cluster: Cluster, fault: Fault) -> None:
        self._cluster = cluster
        self._fault = fault
        modes = {deployed.placement for deployed in (fault.before, fault.after or fault.before)}
        self._size = SMALL if Mode.ENTITY in modes else LARGE
        self._log = TrialLog(Random(os.urandom(8)))
        self._urls = cluster.gateway_urls()
        self._api = TrialApi(self._log, self._urls)
        self._stop = asyncio.Event()
        self._restaurants: list[TrialRestaurant] = []
        self._probes: list[Probe] = []

    async def run(self) -> Outcome:
        """Run the trial. Raises the error of a client that could not continue."""
        try:
            async with asyncio.TaskGroup() as workers:
                await self._open(workers)
                await self._wait_for_acks(now())
                self._log.client_errors.clear()
                target = Target(self._cluster, self._probed_sessions(), self._fault.before)
                inject = await asyncio.to_thread(self._fault.prepare, target)
                injected_at, recovered_at = await self._inject(inject)
                self._stop.set()
            await asyncio.gather(
                *(
                    screen.check_tail()
                    for restaurant in self._restaurants
                    for screen in restaurant.screens
                )
            )
            self._log.violations += await asyncio.to_thread(self._not_deployed)
            found = await violations(self._api, self._log.ledger, self._restaurants)
            self._log.violations += found
        finally:
            await self._close()
        return self._outcome(injected_at, recovered_at)

    async def _open(self, workers: asyncio.TaskGroup) -> None:
        size, urls = self._size, self._urls
        numbers = range(1, size.restaurants + 1)
        self._restaurants = await asyncio.gather(
            *(create_restaurant(self._api, number, size.tables + 1) for number in numbers)
        )
        for restaurant in self._restaurants:
            first, *others = restaurant.tables
            answer = await self._api.send("POST", f"/tables/{first}/sessions", {"guests_count": 2})
            session = TrialClient(self._log, urls, SESSION, answer["session_id"], token())
            restaurant.sessions_by_table[first] = [session.id]
            await asyncio.gather(session.open(), restaurant.watch(self._log, urls))
            self._probes.append(Probe(restaurant, session))
            workers.create_task(self._probes[-1].run(self._stop))
            for id_ in others:
                table = TableWorkload(self._log, self._api, urls, restaurant, id_, size.think_s)
                workers.create_task(table.run(self._stop))

    def _probed_sessions(self) -> list[Address]:
        return [
            Address(
                Kind.SESSION, restaurant.sessions_by_table[restaurant.tables[0]][0], restaurant.id
            )
            for restaurant in self._restaurants
        ]

    async def _inject(self, inject: Injection) -> tuple[float, float]:
        """Inject the fault; returns when it was injected and when all channels had recovered."""
        injected_at = now()
        await asyncio.to_thread(inject)
        await self._wait_for_acks(now())
        return injected_at, now()

    def _not_deployed(self) -> list[str]:
        """Expected hosts of the sessions that do not run."""
        after = self._fault.after or self._fault.before
        wanted = {after.host_of(session) for session in self._probed_sessions()}
        missing = wanted - {actor.host for actor in self._cluster.actors()}
        return [f"{name} does not run" for name in sorted(missing)]

    async def _wait_for_acks(self, moment: float) -> None:
        """Wait until every probe has `MIN_ACKS` commands acknowledged that were sent after a
        moment."""
        deadline = now() + RECOVERY_TIMEOUT_S
        while not all(
            sum(ack.sent >= moment for ack in probe.acks) >= MIN_ACKS for probe in self._probes
        ):
            assert now() < deadline, "a channel has not recovered"
            await asyncio.sleep(0.05)

    async def _close(self) -> None:
        screens = [screen for restaurant in self._restaurants for screen in restaurant.screens]
        await asyncio.gather(*(screen.abort() for screen in screens), return_exceptions=True)
        await self._api.close()

    def _outcome(self, injected_at: float, recovered_at: float) -> Outcome:
        first = [probe.first_after(injected_at) for probe in self._probes]
        counts: Counter[str] = self._log.counts
        counts["orders"] = sum(len(restaurant.orders) for restaurant in self._restaurants)
        return Outcome(
            self._fault.name,
            None if self._fault.is_gradual else max(each for each in first if each is not None),
            max(probe.longest(injected_at, recovered_at) for probe in self._probes),
            _plain(self._log.client_errors),
            _plain(counts),
            self._log.violations,
        )


def _plain(counter: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counter.items()) if count}
