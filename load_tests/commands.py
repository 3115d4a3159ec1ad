"""The commands of one client that wait for a reply, and which to send again after a reconnect.

Pure. A command keeps its `request_id` however often it is sent: the server executes it once.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from load_tests.channels import Frame
from load_tests.stream_checker import ProtocolViolation, Rule

EXPECTED_REFUSALS = frozenset(
    {
        "invalid_transition",
        "item_unavailable",
        "overpayment",
        "price_changed",
        "session_closed",
        "table_inactive",
        "table_occupied",
        "unsettled",
    }
)
"""Rejections that are normal: two clients requested the same, one was first."""


class Refused(Exception):
    """The server rejected the command with a code."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class RequestTimeout(Exception):
    """No reply in time, despite retries."""


class ChannelClosed(Exception):
    """The server closed the channel for good."""


REQUEST_ERRORS = (Refused, ChannelClosed, RequestTimeout)
"""Outcomes other than success. All but time-outs have been recorded already."""


@dataclass(frozen=True)
class Reply:
    """The data of an ack or response; `once` if a single attempt sufficed. Seconds."""

    data: dict[str, Any]
    sent_at: float
    once: bool


@dataclass
class Command:
    """One action; `on_reply` receives its reply. `sent_on` is the connection's number."""

    action: str
    fields: dict[str, Any]
    sent_at: float
    on_reply: Callable[[Frame], object] = lambda frame: None
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent_on: int = 0
    tries: int = 0

    def frame(self) -> Frame:
        return {"action": self.action, "request_id": self.request_id, **self.fields}


class PendingCommands:
    """A client's commands that wait for a reply, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[str, Command] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command: Command) -> None:
        self._waiting[command.request_id] = command

    def discard(self, command: Command) -> None:
        self._waiting.pop(command.request_id, None)

    def not_sent_on(self, connection: int) -> list[Command]:
        """Commands not yet sent on this connection."""
        return [each for each in self._waiting.values() if each.sent_on != connection]

    def resolve(self, frame: Frame) -> None:
        """Pass an ack or error to its command. Raises ProtocolViolation if there is none."""
        request_id = frame.get("request_id")
        command = self._waiting.pop(request_id, None) if isinstance(request_id, str) else None
        if command is None:
            what = frame.get("error") or "ack"
            raise ProtocolViolation(Rule.UNEXPECTED_REPLY, f"{what} (request {request_id})")
        command.on_reply(frame)
