"""A client's commands on their way: each is sent until it is answered, on whatever connection."""

import time
from collections.abc import Callable, Collection
from typing import Any

import gevent
from gevent.event import AsyncResult

from load_tests.channels import Channel, Frame
from load_tests.commands import Answer, Command, Ended, GaveUp, Refused, Unanswered
from load_tests.evening import back_off
from load_tests.link import Link
from load_tests.record import Record
from load_tests.sequence import ProtocolViolation, Rule
from restaurant_qr_client.protocol import RETRIED

ANSWER_S = 10.0
"""After which a connection counts as dead."""
PATIENCE_S = 60.0
ASKED_TWICE = 0.02
"""Share of commands that are sent again although they were answered."""


class Asking:
    """One client's."""

    def __init__(
        self,
        record: Record,
        channel: Channel,
        link: Link,
        violated: Callable[[ProtocolViolation], None],
    ) -> None:
        self._record = record
        self._channel = channel
        self._link = link
        self._violated = violated
        self._unanswered = Unanswered()
        self._probe: Command | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether a connection that resumes has not shown yet that all has come."""
        return self._probe is not None

    def request(self, action: str, business: Collection[str], fields: dict[str, Any]) -> Answer:
        """Send an action and wait for its ack; refusals of `business` are no failure."""
        command = Command(action, fields, time.perf_counter())
        name = f"{self._channel.name} {action}"
        try:
            answer = self._insist(command)
        except Refused as refused:
            self._record.answered("WS", name, command.sent_at, refused, business)
            raise
        except GaveUp as error:
            self._record.request("WS", name, command.sent_at, error)
            raise
        self._record.answered("WS", name, command.sent_at, answer)
        if self._record.random.random() < ASKED_TWICE:
            self._ask_twice(command, answer)
        return answer

    def answered(self, frame: Frame) -> None:
        """An ack or error. Raises ProtocolViolation where nobody waits for it."""
        if "request_id" in frame:
            self._unanswered.take(frame)

    def resume(self, began: float, told: Callable[[float], None] | None) -> None:
        """A new connection: look first, where it resumes, then send again what waits.

        The answer to the look, told with when the connection was begun, has all that was missed
        before it.
        """
        if self._probe is not None:
            self._unanswered.forget(self._probe)
            self._probe = None
        if told is not None:
            self._probe = Command(self._channel.look, {}, began)
            self._probe.tell = lambda _: self._caught_up(told, began)
            self._unanswered.add(self._probe)
            self._send(self._probe)
        for command in self._unanswered.not_sent_on(self._link.number):
            self._send(command)

    def _caught_up(self, told: Callable[[float], None], began: float) -> None:
        self._probe = None
        told(began)

    def _insist(self, command: Command) -> Answer:
        deadline = command.sent_at + PATIENCE_S
        try:
            while True:
                frame = self._try(command)
                code = None if frame is None else frame.get("code")
                if frame is not None and code not in RETRIED:
                    break
                if time.perf_counter() > deadline:
                    raise GaveUp(f"{command.action}: {code or 'no answer'} for {PATIENCE_S:.0f} s")
                self._record.tally.count(code or "unanswered")
                if frame is None:
                    self._link.cut()
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
            self._link.raise_if_ended()
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
            self._violated(ProtocolViolation(Rule.CHANGED_RESULT, str(refused)))
        except (Ended, GaveUp):
            pass
        else:
            if second != first.data and command.action != self._channel.look:
                where = f"{command.action}: {first.data}, then {second}"
                self._violated(ProtocolViolation(Rule.CHANGED_RESULT, where))
