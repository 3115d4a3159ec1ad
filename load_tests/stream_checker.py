"""Checks a channel's frames: each event once, in order, none missing.

Pure. The Python client's `StreamPosition` tracks the position; this checks what a server must not
do. After a violation the check continues from the frame that caused it, so that one mistake is one
violation.
"""

from enum import Enum

from load_tests.channels import Channel, Frame
from restaurant_qr_client.stream_position import FrameKind, StreamPosition

MAX_MISSING = 10_000


class ReceivedKind(Enum):
    """Kinds of frames for their receiver."""

    EVENT = "event"
    SNAPSHOT = "snapshot"
    """It replaces all events up to its `seq`."""
    QUERY_REPLY = "look"
    """The reply to a `get_*` action; it does not change the position."""
    REPLY = "answer"


class Rule(Enum):
    """Rules that a server must obey."""

    GAP = "gap"
    DOUBLE = "double"
    OUT_OF_ORDER = "out of order"
    STEP_BACK = "step back"
    NO_SNAPSHOT = "event before snapshot"
    UNKNOWN = "unknown message"
    MISSING_TAIL = "last events missing"
    UNEXPECTED_REPLY = "reply without a request"
    CHANGED_RESULT = "another result for the same request"


class ProtocolViolation(Exception):
    """The server broke a rule of the protocol."""

    def __init__(self, rule: Rule, where: str) -> None:
        super().__init__(f"{rule.value}: {where}")
        self.rule = rule


class StreamChecker:
    """Checks the frames of one channel across connections."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._position = StreamPosition()
        self._missing: set[int] = set()
        self._snapshot_seq = 0
        self.replaced = 0
        """Snapshots received instead of a resume."""

    @property
    def last(self) -> int | None:
        return self._position.last

    @property
    def epoch(self) -> str | None:
        return self._position.epoch

    @property
    def resume(self) -> str:
        """The query that resumes; empty before the first snapshot."""
        return self._position.resume

    @property
    def is_behind(self) -> bool:
        """Whether a `get_*` reply included events that have not arrived."""
        return self.last is not None and self._snapshot_seq > self.last

    def check(self, frame: Frame) -> ReceivedKind:
        """Check a frame and return its kind. Raises ProtocolViolation."""
        type_ = frame.get("type")
        if "error" in frame or type_ == "ack":
            return ReceivedKind.REPLY
        if "epoch" in frame:
            return self._check_snapshot(frame)
        seq = frame.get("seq")
        if type_ not in self._channel.events or not isinstance(seq, int) or "data" not in frame:
            raise ProtocolViolation(Rule.UNKNOWN, f"{type_} (seq {seq})")
        if self._position.take(frame) is not FrameKind.EVENT:
            self._violate(f"{type_} (seq {seq})", seq)
        return ReceivedKind.EVENT

    def _check_snapshot(self, frame: Frame) -> ReceivedKind:
        seq = frame.get("seq")
        if frame.get("type") != self._channel.snapshot or not isinstance(seq, int):
            raise ProtocolViolation(Rule.UNKNOWN, f"snapshot {frame.get('type')} (seq {seq})")
        before, epoch = self._position.last, self._position.epoch
        kind = self._position.take(frame)
        if kind is FrameKind.QUERY_REPLY:
            self._snapshot_seq = max(self._snapshot_seq, seq)
        if kind is not FrameKind.SNAPSHOT:
            return ReceivedKind.QUERY_REPLY
        self.replaced += before is not None
        self._missing.clear()
        if epoch != self._position.epoch:
            self._snapshot_seq = 0
        elif before is not None and seq < before:
            raise ProtocolViolation(Rule.STEP_BACK, f"snapshot of seq {seq} after {before}")
        return ReceivedKind.SNAPSHOT

    def _violate(self, what: str, seq: int) -> None:
        """Raise for an event that is not the next one; the check continues from it."""
        last = self._position.last
        if last is None:
            raise ProtocolViolation(Rule.NO_SNAPSHOT, what)
        if seq > last:
            if len(self._missing) < MAX_MISSING:
                self._missing.update(range(last + 1, min(seq, last + MAX_MISSING)))
            self._position.last = seq
            raise ProtocolViolation(Rule.GAP, f"{what} after {last}")
        if seq in self._missing:
            self._missing.discard(seq)
            raise ProtocolViolation(Rule.OUT_OF_ORDER, f"{what} after {last}")
        raise ProtocolViolation(Rule.DOUBLE, f"{what} after {last}")
