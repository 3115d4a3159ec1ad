"""The end of an evening in one process: wait until all have left, then ask whether all is true."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.pool import Pool

from load_tests.client import Client
from load_tests.commands import TROUBLE, Refused
from load_tests.world import World

AT_ONCE = 20
MOST_AUDITED = 20_000
"""Orders, and sessions; of more a sample is taken."""


class Closing:
    """Runs beside the users from the start; `report` is called once, with the tally's report."""

    def __init__(self, world: World, report: Callable[[dict[str, Any]], None]) -> None:
        self._world = world
        self._report = report
        self._token = world.tokens.of("admin")
        self._done = False
        self._given_up = False
        self._greenlet = gevent.spawn(self._run)

    def end_now(self) -> None:
        """The test was stopped before the evening was over."""
        if not self._done:
            self._greenlet.kill()
            self._finish()

    def _run(self) -> None:
        world = self._world
        gevent.sleep(world.evening.length_s)
        grace = time.perf_counter() + world.patience_s
        while world.open_parties and time.perf_counter() < grace:
            gevent.sleep(0.2)
        if world.open_parties:
            world.record.failure("parties did not end", TimeoutError(str(world.open_parties)))
        Pool(AT_ONCE).map(_check_tail, list(world.clients))
        self._finish()

    def _finish(self) -> None:
        self._done = True
        self._audit()
        self._report(self._world.record.tally.report())

    def _audit(self) -> None:
        """Nothing acknowledged is lost, nothing was done twice. Nobody there: nothing is asked."""
        ledger = self._world.record.ledger
        pool = Pool(AT_ONCE)
        audits = (
            ("order", list(ledger.orders), ledger.losses_of_order),
            ("session", list(ledger.sessions), ledger.losses_of_session),
        )
        for kind, ids, losses in audits:
            chosen = self._world.random.sample(ids, min(len(ids), MOST_AUDITED))
            for id_ in chosen:
                pool.spawn(self._audit_one, kind, id_, losses)
        pool.join()

    def _audit_one(
        self, kind: str, id_: int, losses: Callable[[int, dict[str, Any] | None], list[str]]
    ) -> None:
        record = self._world.record
        data: dict[str, Any] | None
        if self._given_up:
            return
        try:
            data = self._world.api.look(f"audit of a {kind}", f"/{kind}s/{id_}", self._token)
        except Refused as refused:
            if refused.code != "not_found":
                return
            data = None
        except TROUBLE:
            self._given_up = True  # written down already, as a failure
            return
        record.tally.count("audited")
        for loss in losses(id_, data):
            record.loss(loss)


def _check_tail(client: Client) -> None:
    with suppress(*TROUBLE):  # written down already
        client.check_tail()
