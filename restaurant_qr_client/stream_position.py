"""The position in a channel's stream: each event once, in order, none missing. Pure.

A frame with an epoch is a snapshot. The first one begins the numbering, one that comes instead of
a resume restarts it, and any other is the reply to a `get_*` action.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlencode


class FrameKind(Enum):
    """How to handle a frame."""

    SNAPSHOT = "snapshot"
    QUERY_REPLY = "query_reply"
    EVENT = "event"
    DUPLICATE = "duplicate"
    GAP = "gap"
    """An event is missing, so the channel must be resumed."""


class StreamPosition:
    """The position of one channel, across its connections."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.last: int | None = None

    @property
    def resume(self) -> str:
        """The query string that resumes after the last event."""
        if self.last is None:
            return ""
        return "?" + urlencode({"since": self.last, "epoch": self.epoch})

    def take(self, frame: Mapping[str, Any]) -> FrameKind:
        """Advance to a frame; returns how to handle it."""
        seq = frame.get("seq")
        if not isinstance(seq, int):
            return FrameKind.GAP
        if "epoch" in frame:
            return self._snapshot(seq, frame["epoch"], frame["data"].get("resumed") is False)
        if self.last is None or seq > self.last + 1:
            return FrameKind.GAP
        if seq <= self.last:
            return FrameKind.DUPLICATE
        self.last = seq
        return FrameKind.EVENT

    def _snapshot(self, seq: int, epoch: str, in_place_of_resume: bool) -> FrameKind:
        if self.last is None or in_place_of_resume:
            self.epoch, self.last = epoch, seq
            return FrameKind.SNAPSHOT
        return FrameKind.QUERY_REPLY if epoch == self.epoch else FrameKind.GAP
