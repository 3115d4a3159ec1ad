"""Records what load users measure and check: Locust's events, counters, lags."""

import time
from collections.abc import Collection
from random import Random
from typing import Any

from locust.env import Environment

from load_tests.channels import Channel, Frame
from load_tests.commands import EXPECTED_REFUSALS, Refused, Reply
from load_tests.counters import LOSS, Counters
from load_tests.lag import Fact, Lags, facts_of
from load_tests.ledger import Ledger
from load_tests.stream_checker import ProtocolViolation


class Loss(Exception):
    """Something acknowledged is lost or repeated."""


class Recorder:
    """The records of one Locust process."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.counters = Counters()
        self.ledger = Ledger()
        self.random = Random()
        self._lags = Lags()

    # --- requests --------------------------------------------------------------------------------

    def request(
        self, kind: str, name: str, began: float, exception: Exception | None = None
    ) -> None:
        """Record a request for Locust's statistics, ended now."""
        self._fire(kind, name, time.perf_counter() - began, exception)

    def command_done(
        self,
        kind: str,
        name: str,
        began: float,
        reply: Reply | Refused,
        expected: Collection[str] = EXPECTED_REFUSALS,
    ) -> None:
        """Record a command's result; expected rejections are no failure."""
        self.counters.count("commands")
        if isinstance(reply, Refused):
            if reply.code not in expected:
                self.request(kind, name, began, reply)
                return
            self.counters.count("refused")
            name = f"{name}: {reply.code}"
        self.request(kind, name, began)

    # --- lag -------------------------------------------------------------------------------------

    def caused(self, fact: Fact, reply: Reply) -> None:
        """Record a command that caused this fact; retried commands are not measured."""
        if reply.once and reply.data.get("changed"):
            for name, lag in self._lags.sent(fact, reply.sent_at):
                self._fire("LAG", name, lag)

    def event_received(
        self, frame: Frame, before: dict[str, Any], at: float, *, catching_up: bool
    ) -> None:
        """Record an event; events of a resumed connection have their own lag."""
        name = f"{frame['type']} (after a lost connection)" if catching_up else frame["type"]
        for fact in facts_of(frame, before):
            for _, lag in self._lags.received(fact, name, at):
                self._fire("LAG", name, lag)

    # --- violations ---------------------------------------------------------------------

    def violation(self, channel: Channel, id_: int, violation: ProtocolViolation) -> None:
        self.counters.violation(violation.rule.value, f"{channel.name} {id_}: {violation}")
        self._fire("CHECK", f"{channel.name}: {violation.rule.value}", 0.0, violation)

    def loss(self, text: str) -> None:
        self.counters.violation(LOSS, text)
        self._fire("CHECK", LOSS, 0.0, Loss(text))

    def failure(self, name: str, exception: Exception) -> None:
        """Record a failure that is not a request."""
        self._fire("CHECK", name, 0.0, exception)

    def _fire(
        self, kind: str, name: str, seconds: float, exception: Exception | None = None
    ) -> None:
        self._environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=seconds * 1000,
            response_length=0,
            exception=exception,
            context={},
        )
