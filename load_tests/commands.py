"""The commands of one client that are not answered yet, and what is sent again at a reconnect.

Pure. A command keeps its `request_id` however often it is sent: the server then does it once.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from load_tests.channels import Frame
from load_tests.sequence import ProtocolViolation, Rule

BUSINESS = frozenset(
    {
        "invalid_transition",
        "item_unavailable",
        "overpayment",
        "session_closed",
        "table_inactive",
        "table_occupied",
        "unsettled",
    }
)
"""Refusals that happen on any evening: two people wanted the same, one was first."""


class Refused(Exception):
    """The server said no: its code."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class GaveUp(Exception):
    """There was no answer in time, however often it was asked."""


class Ended(Exception):
    """The server closed the channel for good."""


TROUBLE = (Refused, Ended, GaveUp)
"""Other outcomes of a request. All but time-outs have been recorded already."""


@dataclass(frozen=True)
class Answer:
    """What an ack or a response says; `once` where a single try was enough. Seconds."""

    data: dict[str, Any]
    sent_at: float
    once: bool


@dataclass
class Command:
    """One action; `tell` is called with its answer. `sent_on` is the connection's number."""

    action: str
    fields: dict[str, Any]
    sent_at: float
    tell: Callable[[Frame], object] = lambda frame: None
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent_on: int = 0
    tries: int = 0

    def frame(self) -> Frame:
        return {"action": self.action, "request_id": self.request_id, **self.fields}


class Unanswered:
    """A client's commands that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[str, Command] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command: Command) -> None:
        self._waiting[command.request_id] = command

    def forget(self, command: Command) -> None:
        self._waiting.pop(command.request_id, None)

    def not_sent_on(self, connection: int) -> list[Command]:
        """What this connection has not carried yet."""
        return [each for each in self._waiting.values() if each.sent_on != connection]

    def take(self, frame: Frame) -> None:
        """Give an ack or error to its command. Raises where there is none."""
        request_id = frame.get("request_id")
        command = self._waiting.pop(request_id, None) if isinstance(request_id, str) else None
        if command is None:
            what = frame.get("error") or "ack"
            raise ProtocolViolation(Rule.STRAY, f"{what} (request {request_id})")
        command.tell(frame)
