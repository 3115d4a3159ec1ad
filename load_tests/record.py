"""Where everything that a load user meets is written down: Locust's events, the tally, the lags."""

import time
from collections.abc import Collection
from random import Random
from typing import Any

from locust.env import Environment

from load_tests.channels import Channel, Frame
from load_tests.commands import BUSINESS, Answer, Refused
from load_tests.lag import Fact, Lags, facts_of
from load_tests.ledger import Ledger
from load_tests.sequence import ProtocolViolation
from load_tests.tally import LOSS, Tally


class Loss(Exception):
    """Something acknowledged is not there, or there twice."""


class Record:
    """One Locust process's book of a test."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.tally = Tally()
        self.ledger = Ledger()
        self.random = Random()
        self._lags = Lags()

    # --- requests --------------------------------------------------------------------------------

    def request(
        self, kind: str, name: str, began: float, exception: Exception | None = None
    ) -> None:
        """One line of Locust's statistics: a request that began then and ends now."""
        self._fire(kind, name, time.perf_counter() - began, exception)

    def answered(
        self,
        kind: str,
        name: str,
        began: float,
        answer: Answer | Refused,
        business: Collection[str] = BUSINESS,
    ) -> None:
        """A command's end; a refusal as on any evening is no failure."""
        self.tally.count("commands")
        if isinstance(answer, Refused):
            if answer.code not in business:
                self.request(kind, name, began, answer)
                return
            self.tally.count("refused")
            name = f"{name}: {answer.code}"
        self.request(kind, name, began)

    # --- lag -------------------------------------------------------------------------------------

    def caused(self, fact: Fact, answer: Answer) -> None:
        """A command made this fact; nothing is measured where it had to be sent twice."""
        if answer.once and answer.data.get("changed"):
            for name, lag in self._lags.sent(fact, answer.sent_at):
                self._fire("LAG", name, lag)

    def heard(self, frame: Frame, before: dict[str, Any], at: float, *, catching_up: bool) -> None:
        """An event arrived; after a lost connection its lag is of another kind."""
        name = f"{frame['type']} (after a lost connection)" if catching_up else frame["type"]
        for fact in facts_of(frame, before):
            for _, lag in self._lags.heard(fact, name, at):
                self._fire("LAG", name, lag)

    # --- what must not be ------------------------------------------------------------------------

    def violation(self, channel: Channel, id_: int, violation: ProtocolViolation) -> None:
        self.tally.violation(violation.rule.value, f"{channel.name} {id_}: {violation}")
        self._fire("CHECK", f"{channel.name}: {violation.rule.value}", 0.0, violation)

    def loss(self, text: str) -> None:
        self.tally.violation(LOSS, text)
        self._fire("CHECK", LOSS, 0.0, Loss(text))

    def failure(self, name: str, exception: Exception) -> None:
        """Something went wrong that is not a request."""
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
