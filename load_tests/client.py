"""The protocol's client for load users: one channel of one entity, over as many connections as it
takes.

Every frame is checked (`sequence.py`). A lost connection is opened again and resumed from the last
`seq`; commands still unanswered are sent again under the same `request_id`.
"""

import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event

from load_tests.asking import PATIENCE_S, Asking
from load_tests.channels import Channel, Frame
from load_tests.commands import BUSINESS, Answer, Ended, GaveUp, Refused
from load_tests.link import Link
from load_tests.record import Record
from load_tests.sequence import Heard, ProtocolViolation, Rule, Sequence

TAIL_S = 5.0
"""Within which every event comes that a snapshot knows of."""


class Client:
    """`state` is the data of the last snapshot or event; `hear` is called with each of them."""

    def __init__(
        self,
        record: Record,
        url: str,
        channel: Channel,
        id_: int,
        token: str,
        hear: Callable[[Frame], None] | None = None,
    ) -> None:
        self._record = record
        self._channel = channel
        self._id = id_
        self._hear = hear
        self._sequence = Sequence(channel)
        self._replaced = 0
        self._changed = Event()
        self.state: dict[str, Any] = {}
        place = url.replace("http", "ws", 1) + channel.path_of(id_)
        self._link = Link(
            record,
            token,
            lambda: place + self._sequence.resume,
            self._connected,
            self._take,
            self._changed.set,
        )
        self._asking = Asking(record, channel, self._link, self._violated)
        self.cut = self._link.cut
        self.abandon = self._link.abandon

    def open(self) -> None:
        """Connect, until the first snapshot. Raises Ended or GaveUp."""
        self._link.start()
        self.wait_until(bool, PATIENCE_S)

    def request(
        self, action: str, *, business: Collection[str] = BUSINESS, **fields: Any
    ) -> Answer:
        """Send an action and wait for its ack. Raises Refused, Ended or GaveUp."""
        return self._asking.request(action, business, fields)

    def wait_until(self, holds: Callable[[dict[str, Any]], bool], seconds: float) -> None:
        """Until the state is such. Raises GaveUp or Ended."""
        deadline = time.perf_counter() + seconds
        while not holds(self.state):
            self._link.raise_if_ended()
            self._changed.clear()
            if not self._changed.wait(max(0.0, deadline - time.perf_counter())):
                raise GaveUp(f"{self._channel.name}: waited {seconds:.0f} s in vain")

    def check_tail(self) -> None:
        """Ask for a snapshot: every event up to it must come by itself."""
        self.request(self._channel.look)
        deadline = time.perf_counter() + TAIL_S
        while self._sequence.is_behind and time.perf_counter() < deadline:
            gevent.sleep(0.02)
        if self._sequence.is_behind:
            self._violated(ProtocolViolation(Rule.TAIL, f"after {self._sequence.last}"))

    def close(self) -> None:
        """Check that nothing is missing, and leave with a close frame."""
        if not self._link.is_over and self.state:
            with suppress(Refused, Ended, GaveUp):  # written down where it happened
                self.check_tail()
        self._link.leave()

    # --- what the link tells ---------------------------------------------------------------------

    def _connected(self, began: float) -> None:
        resumes = self._sequence.last is not None
        self._replaced = self._sequence.replaced
        self._asking.resume(began, self._caught_up if resumes else None)

    def _caught_up(self, began: float) -> None:
        how = "resumed" if self._sequence.replaced == self._replaced else "replaced"
        self._record.tally.count(how)
        self._record.request("RESUME", f"{self._channel.name}: {how}", began)

    def _take(self, frame: Frame, at: float) -> None:
        before = self.state
        try:
            heard = self._sequence.take(frame)
            if heard is Heard.ANSWER:
                self._asking.answered(frame)
        except ProtocolViolation as violation:
            self._violated(violation)
            return
        if heard is Heard.ANSWER or heard is Heard.LOOK:
            return
        self.state = frame["data"]
        if heard is Heard.EVENT:
            self._record.tally.count("events")
            self._record.heard(frame, before, at, catching_up=self._asking.is_catching_up)
        self._changed.set()
        if self._hear is not None:
            try:
                self._hear(frame)
            except Exception as error:  # a user's mistake must not look like a lost connection
                traceback.print_exc()
                self._record.failure(f"{self._channel.name}: user", error)

    def _violated(self, violation: ProtocolViolation) -> None:
        self._record.violation(self._channel, self._id, violation)
