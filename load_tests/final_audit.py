"""Ends a load test in one process: waits until all parties are done, then audits stored data."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.pool import Pool

from load_tests import invariants
from load_tests.client import LoadClient
from load_tests.commands import REQUEST_ERRORS, Refused
from load_tests.world import LoadWorld

CONCURRENCY = 20
MAX_AUDITED = 20_000
"""Orders and sessions; of more, a sample is audited."""
AMOUNTS = {"order": invariants.of_order, "session": invariants.of_session}


class FinalAudit:
    """Runs beside the users from the start. Calls `report` once with the counters' report."""

    def __init__(self, world: LoadWorld, report: Callable[[dict[str, Any]], None]) -> None:
        self._world = world
        self._report = report
        self._token = world.tokens.of("admin")
        self._done = False
        self._is_unreachable = False
        self._greenlet = gevent.spawn(self._run)

    def end_now(self) -> None:
        """End before the workload is complete."""
        if not self._done:
            self._greenlet.kill()
            self._finish()

    def _run(self) -> None:
        world = self._world
        gevent.sleep(world.schedule.length_s)
        grace = time.perf_counter() + world.max_wait_s
        while world.open_parties and time.perf_counter() < grace:
            gevent.sleep(0.2)
        if world.open_parties:
            world.recorder.failure("parties did not end", TimeoutError(str(world.open_parties)))
        Pool(CONCURRENCY).map(_check_tail, list(world.clients))
        self._finish()

    def _finish(self) -> None:
        self._done = True
        self._audit()
        self._report(self._world.recorder.counters.report())

    def _audit(self) -> None:
        """Check that nothing acknowledged is lost or repeated, and that amounts agree."""
        ledger = self._world.recorder.ledger
        pool = Pool(CONCURRENCY)
        audits = (
            ("order", list(ledger.orders), ledger.losses_of_order),
            ("session", list(ledger.sessions), ledger.losses_of_session),
        )
        for kind, ids, losses in audits:
            sample = self._world.random.sample(ids, min(len(ids), MAX_AUDITED))
            for id_ in sample:
                pool.spawn(self._audit_one, kind, id_, losses)
        pool.join()

    def _audit_one(
        self, kind: str, id_: int, losses: Callable[[int, dict[str, Any] | None], list[str]]
    ) -> None:
        recorder = self._world.recorder
        data: dict[str, Any] | None
        if self._is_unreachable:
            return
        try:
            data = self._world.api.get(f"audit of a {kind}", f"/{kind}s/{id_}", self._token)
        except Refused as refused:
            if refused.code != "not_found":
                return
            data = None
        except REQUEST_ERRORS:
            self._is_unreachable = True  # recorded already as a failure
            return
        recorder.counters.count("audited")
        for loss in (*losses(id_, data), *(AMOUNTS[kind](data) if data else ())):
            recorder.loss(loss)


def _check_tail(client: LoadClient) -> None:
    with suppress(*REQUEST_ERRORS):  # recorded already
        client.check_tail()
