"""Where a channel stands: each event once, in order, none missing. Pure.

A frame with an epoch is a snapshot. The first one begins the numbering, one that comes in place of
a resume begins it anew, and any other is the answer to a `get_*` action.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlencode


class Heard(Enum):
    """What a frame is to its receiver."""

    SNAPSHOT = "snapshot"
    LOOK = "look"
    EVENT = "event"
    SEEN = "seen"
    GAP = "gap"
    """The channel has to be resumed first."""


class Sequence:
    """Of one channel, across its connections."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.last: int | None = None

    @property
    def resume(self) -> str:
        """The query that asks for what was missed."""
        if self.last is None:
            return ""
        return "?" + urlencode({"since": self.last, "epoch": self.epoch})

    def take(self, frame: Mapping[str, Any]) -> Heard:
        seq = frame.get("seq")
        if not isinstance(seq, int):
            return Heard.GAP
        if "epoch" in frame:
            return self._snapshot(seq, frame["epoch"], frame["data"].get("resumed") is False)
        if self.last is None or seq > self.last + 1:
            return Heard.GAP
        if seq <= self.last:
            return Heard.SEEN
        self.last = seq
        return Heard.EVENT

    def _snapshot(self, seq: int, epoch: str, in_place_of_resume: bool) -> Heard:
        if self.last is None or in_place_of_resume:
            self.epoch, self.last = epoch, seq
            return Heard.SNAPSHOT
        return Heard.LOOK if epoch == self.epoch else Heard.GAP
