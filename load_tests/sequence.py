"""The check of what one client hears on one channel: each event once, in order, none missing.

Pure. A frame is a snapshot where it has an `epoch`, an answer where it is an ack or an error, and
an event otherwise. After a violation the check goes on from the frame that broke the rule, so that
one mistake is one violation.
"""

from enum import Enum

from load_tests.channels import Channel, Frame

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
        self._missing: set[int] = set()
        self._seen_there = 0
        self.epoch: str | None = None
        self.last: int | None = None
        self.replaced = 0
        """Snapshots that came in place of a resume."""

    @property
    def resume(self) -> str:
        """The query that asks for what was missed; empty before the first snapshot."""
        return "" if self.last is None else f"?since={self.last}&epoch={self.epoch}"

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
        self._take_event(str(type_), seq)
        return Heard.EVENT

    def _take_snapshot(self, frame: Frame) -> Heard:
        seq, epoch = frame.get("seq"), frame["epoch"]
        if frame.get("type") != self._channel.snapshot or not isinstance(seq, int):
            raise ProtocolViolation(Rule.UNKNOWN, f"snapshot {frame.get('type')} (seq {seq})")
        before = self.last
        in_place_of_resume = frame["data"].get("resumed") is False
        if before is not None and not in_place_of_resume:
            if epoch == self.epoch:
                self._seen_there = max(self._seen_there, seq)
            return Heard.LOOK
        self.replaced += in_place_of_resume
        stepped_back = before is not None and epoch == self.epoch and seq < before
        if epoch != self.epoch:
            self._seen_there = 0
        self.epoch, self.last = epoch, seq
        self._missing.clear()
        if stepped_back:
            raise ProtocolViolation(Rule.STEP_BACK, f"snapshot of seq {seq} after {before}")
        return Heard.SNAPSHOT

    def _take_event(self, type_: str, seq: int) -> None:
        last = self.last
        if last is None:
            raise ProtocolViolation(Rule.NO_SNAPSHOT, f"{type_} (seq {seq})")
        if seq == last + 1:
            self.last = seq
        elif seq > last:
            if len(self._missing) < MOST_MISSING:
                self._missing.update(range(last + 1, min(seq, last + MOST_MISSING)))
            self.last = seq
            raise ProtocolViolation(Rule.GAP, f"{type_} (seq {seq}) after {last}")
        elif seq in self._missing:
            self._missing.discard(seq)
            raise ProtocolViolation(Rule.OUT_OF_ORDER, f"{type_} (seq {seq}) after {last}")
        else:
            raise ProtocolViolation(Rule.DOUBLE, f"{type_} (seq {seq}) after {last}")
