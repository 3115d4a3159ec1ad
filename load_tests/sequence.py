"""The check of what one client hears on one channel: each event once, in order, none missing.

Pure. Where a client stands is for the Python client's own `Sequence` to say; here is what a server
must not do. After a violation the check goes on from the frame that broke the rule, so that one
mistake is one violation.
"""

from enum import Enum

from load_tests.channels import Channel, Frame
from restaurant_qr_client.sequence import Heard as Told
from restaurant_qr_client.sequence import Sequence as Place

MOST_MISSING = 10_000


class Heard(Enum):
    """What a frame is to its receiver."""

    EVENT = "event"
    SNAPSHOT = "snapshot"
    """It stands for everything up to its `seq`."""
    LOOK = "look"
    """The answer to a `get_*` action: it moves nothing."""
    ANSWER = "answer"


class Rule(Enum):
    """What a server must never do."""

    GAP = "gap"
    DOUBLE = "double"
    OUT_OF_ORDER = "out of order"
    STEP_BACK = "step back"
    NO_SNAPSHOT = "event before snapshot"
    UNKNOWN = "unknown message"
    TAIL = "last events missing"
    STRAY = "answer that nobody waits for"
    CHANGED_RESULT = "another result for the same request"


class ProtocolViolation(Exception):
    """The server broke a rule of the protocol."""

    def __init__(self, rule: Rule, where: str) -> None:
        super().__init__(f"{rule.value}: {where}")
        self.rule = rule


class Sequence:
    """Where a client stands on a channel, across its connections."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._place = Place()
        self._missing: set[int] = set()
        self._seen_there = 0
        self.replaced = 0
        """Snapshots that came in place of a resume."""

    @property
    def last(self) -> int | None:
        return self._place.last

    @property
    def resume(self) -> str:
        """The query that asks for what was missed; empty before the first snapshot."""
        return self._place.resume

    @property
    def is_behind(self) -> bool:
        """Whether a `get_*` answer knew of events that have not come."""
        return self.last is not None and self._seen_there > self.last

    def take(self, frame: Frame) -> Heard:
        """Tell what the frame is. Raises ProtocolViolation where it may not come now."""
        type_ = frame.get("type")
        if "error" in frame or type_ == "ack":
            return Heard.ANSWER
        if "epoch" in frame:
            return self._take_snapshot(frame)
        seq = frame.get("seq")
        if type_ not in self._channel.events or not isinstance(seq, int) or "data" not in frame:
            raise ProtocolViolation(Rule.UNKNOWN, f"{type_} (seq {seq})")
        if self._place.take(frame) is not Told.EVENT:
            self._violate(f"{type_} (seq {seq})", seq)
        return Heard.EVENT

    def _take_snapshot(self, frame: Frame) -> Heard:
        seq = frame.get("seq")
        if frame.get("type") != self._channel.snapshot or not isinstance(seq, int):
            raise ProtocolViolation(Rule.UNKNOWN, f"snapshot {frame.get('type')} (seq {seq})")
        before, epoch = self._place.last, self._place.epoch
        told = self._place.take(frame)
        if told is Told.LOOK:
            self._seen_there = max(self._seen_there, seq)
        if told is not Told.SNAPSHOT:
            return Heard.LOOK
        self.replaced += before is not None
        self._missing.clear()
        if epoch != self._place.epoch:
            self._seen_there = 0
        elif before is not None and seq < before:
            raise ProtocolViolation(Rule.STEP_BACK, f"snapshot of seq {seq} after {before}")
        return Heard.SNAPSHOT

    def _violate(self, what: str, seq: int) -> None:
        """An event that is not the next one; the check goes on from it."""
        last = self._place.last
        if last is None:
            raise ProtocolViolation(Rule.NO_SNAPSHOT, what)
        if seq > last:
            if len(self._missing) < MOST_MISSING:
                self._missing.update(range(last + 1, min(seq, last + MOST_MISSING)))
            self._place.last = seq
            raise ProtocolViolation(Rule.GAP, f"{what} after {last}")
        if seq in self._missing:
            self._missing.discard(seq)
            raise ProtocolViolation(Rule.OUT_OF_ORDER, f"{what} after {last}")
        raise ProtocolViolation(Rule.DOUBLE, f"{what} after {last}")
