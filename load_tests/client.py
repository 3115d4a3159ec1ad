"""The protocol's client for load users: one channel of one entity, over as many connections as it
takes.

Every frame is checked (`sequence.py`). A lost connection is opened again and resumed from the last
`seq`; commands still unanswered are sent again under the same `request_id`.
"""

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import AsyncResult, Event

from load_tests.channels import Channel, Frame
from load_tests.commands import RETRY, Answer, Command, Ended, GaveUp, Refused, Unanswered
from load_tests.evening import back_off
from load_tests.link import Link
from load_tests.record import Record
from load_tests.sequence import Heard, ProtocolViolation, Rule, Sequence

ANSWER_S = 10.0
"""After which a connection counts as dead."""
PATIENCE_S = 60.0
TAIL_S = 5.0
ASKED_TWICE = 0.02
"""Share of commands that are sent again although they were answered."""


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
        self._unanswered = Unanswered()
        self._probe: Command | None = None
        self._changed = Event()
        self.state: dict[str, Any] = {}
        place = url.replace("http", "ws", 1) + channel.path_of(id_)
        self._link = Link(
            record,
            token,
            lambda: place + self._sequence.resume,
            self._greet,
            self._take,
            self._changed.set,
        )
        self.cut = self._link.cut
        self.abandon = self._link.abandon

    # --- what users do ---------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, until the first snapshot. Raises Ended or GaveUp."""
        self._link.start()
        self.wait_until(lambda state: bool(state), PATIENCE_S)

    def request(self, action: str, **fields: Any) -> Answer:
        """Send an action and wait for its ack. Raises Refused, Ended or GaveUp."""
        command = Command(action, fields, time.perf_counter())
        name = f"{self._channel.name} {action}"
        try:
            answer = self._insist(command)
        except Refused as refused:
            self._record.answered("WS", name, command.sent_at, refused)
            raise
        except GaveUp as error:
            self._record.request("WS", name, command.sent_at, error)
            raise
        self._record.answered("WS", name, command.sent_at, answer)
        if self._record.random.random() < ASKED_TWICE:
            self._ask_twice(command, answer)
        return answer

    def wait_until(self, holds: Callable[[dict[str, Any]], bool], seconds: float) -> None:
        """Until the state is such. Raises GaveUp or Ended."""
        deadline = time.perf_counter() + seconds
        while not holds(self.state):
            self._raise_if_ended()
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
            self._violation(ProtocolViolation(Rule.TAIL, f"after {self._sequence.last}"))

    def close(self) -> None:
        """Check that nothing is missing, and leave with a close frame."""
        if not self._link.is_over and self.state:
            with suppress(Refused, Ended, GaveUp):  # written down where it happened
                self.check_tail()
        self._link.leave()

    # --- commands --------------------------------------------------------------------------------

    def _insist(self, command: Command) -> Answer:
        """Until it is answered, over as many connections as it takes."""
        deadline = command.sent_at + PATIENCE_S
        try:
            while True:
                frame = self._try(command)
                code = None if frame is None else frame.get("code")
                if frame is not None and code not in RETRY:
                    break
                if time.perf_counter() > deadline:
                    raise GaveUp(f"{command.action}: {code or 'no answer'} for {PATIENCE_S:.0f} s")
                self._record.tally.count(code or "unanswered")
                if frame is None:
                    self.cut()
                else:
                    gevent.sleep(back_off(command.tries, self._record.random))
                    command.sent_on = 0
        finally:
            self._unanswered.forget(command)
        if "error" in frame:
            raise Refused(str(code), frame["error"])
        return Answer(frame["data"], command.sent_at, once=command.tries == 1)

    def _try(self, command: Command) -> Frame | None:
        """Its answer on this connection or a later one; None: none in time."""
        waiting = AsyncResult()
        command.tell = waiting.set
        self._unanswered.add(command)
        self._send(command)
        try:
            answer: Frame = waiting.get(timeout=ANSWER_S)
        except gevent.Timeout:
            self._raise_if_ended()
            return None
        return answer

    def _send(self, command: Command) -> None:
        """Once on each connection; without one the next connection does it."""
        if not self._link.is_up or command.sent_on == self._link.number:
            return
        command.sent_on = self._link.number
        command.tries += 1
        if command.tries > 1:
            self._record.tally.count("sent again")
        self._link.send(command.frame())

    def _ask_twice(self, command: Command, first: Answer) -> None:
        """The same request again must get the same result."""
        again = Command(
            command.action, command.fields, time.perf_counter(), request_id=command.request_id
        )
        self._record.tally.count("sent again")
        try:
            second = self._insist(again).data
        except Refused as refused:
            self._violation(ProtocolViolation(Rule.CHANGED_RESULT, str(refused)))
        except (Ended, GaveUp):
            pass
        else:
            if second != first.data and command.action != self._channel.look:
                where = f"{command.action}: {first.data}, then {second}"
                self._violation(ProtocolViolation(Rule.CHANGED_RESULT, where))

    # --- what the link tells ---------------------------------------------------------------------

    def _greet(self, began: float) -> None:
        """On a connection that resumes: see what it brings, and send again what waits."""
        if self._probe is not None:
            self._unanswered.forget(self._probe)
        if self._sequence.last is not None:
            self._probe = Command(self._channel.look, {}, began, self._caught_up)
            self._probe_replaced = self._sequence.replaced
            self._unanswered.add(self._probe)
            self._send(self._probe)
        for command in self._unanswered.not_sent_on(self._link.number):
            self._send(command)

    def _caught_up(self, frame: Frame) -> None:
        """The answer to the first thing that was sent: what was missed has come before it."""
        assert self._probe is not None
        how = "resumed" if self._sequence.replaced == self._probe_replaced else "replaced"
        self._record.tally.count(how)
        self._record.request("RESUME", f"{self._channel.name}: {how}", self._probe.sent_at)
        self._probe = None

    def _take(self, frame: Frame, at: float) -> None:
        before = self.state
        try:
            heard = self._sequence.take(frame)
            if heard is Heard.ANSWER and "request_id" in frame:
                self._unanswered.take(frame)
        except ProtocolViolation as violation:
            self._violation(violation)
            return
        if heard is Heard.ANSWER or heard is Heard.LOOK:
            return
        self.state = frame["data"]
        if heard is Heard.EVENT:
            self._record.tally.count("events")
            self._record.heard(frame, before, at, catching_up=self._probe is not None)
        self._changed.set()
        if self._hear is not None:
            try:
                self._hear(frame)
            except Exception as error:  # a user's mistake must not look like a lost connection
                traceback.print_exc()
                self._record.failure(f"{self._channel.name}: user", error)

    def _raise_if_ended(self) -> None:
        if self._link.ended is not None:
            raise Ended(f"{self._channel.name}: closed with {self._link.ended}")

    def _violation(self, violation: ProtocolViolation) -> None:
        self._record.violation(self._channel, self._id, violation)
