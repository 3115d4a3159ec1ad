"""The audit entries of commands that were refused, were forced, or touch money or access."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import UNSET

from domain.device.rules import SignIn
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.statuses import ItemStatus, OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedRead(c.Command):
    """A read that the gateway denied, for the audit. No client sends this command.

    `foreign_id` is the requested id, if the caller must not find out whether it exists.
    """

    action: str
    foreign_id: int | None = None


_ALWAYS_AUDITED = (
    c.Pay, c.Refund, c.ReplaceItems, c.VoidItems, c.ReplaceMenu, c.ImportMenu, c.ChangeMenuItem,
    c.AddDevice, c.RemoveDevice, SignIn,
)  # fmt: skip
"""Commands that concern money or grant access. They are audited even if they succeed."""
_VOIDING_STATUSES = (OrderStatus.CANCELLED, ItemStatus.VOIDED)
_FIELDS = (
    "status", "item_id", "amount", "method", "force", "reason", "price", "available", "portions",
    "guests_count", "waiter_id", "table_id", "notification_id", "is_active",
    "guest_opens_table", "expected_version", "device_id", "label", "foreign_id",
)  # fmt: skip
"""Fields of commands that audit entries contain. All values are short."""


def is_audited(command: Any, refused: Code | None) -> bool:
    """Whether a command is audited. `refused` is the error code if it was refused."""
    if not isinstance(command, c.Command | SignIn):  # an internal message
        return False
    if refused is not None:
        return refused is not Code.UNAVAILABLE
    return (
        isinstance(command, _ALWAYS_AUDITED)
        or getattr(command, "force", False)
        or getattr(command, "status", None) in _VOIDING_STATUSES
    )


def audit_event(
    command: c.Command | SignIn,
    caller: Caller,
    now: datetime,
    refused: Code | None,
    result: Mapping[str, Any],
) -> Mapping[str, Any]:
    """The audit entry of a command, with its caller, address, time, fields and outcome: `done` or
    the error code. `result` has further fields of its ack, such as a refunded amount."""
    values = {name: getattr(command, name, None) for name in _FIELDS} | dict(result)
    return {
        "type": getattr(command, "action", type(command).__name__),
        "outcome": "done" if refused is None else refused,
        "at": now,
        "by": caller.subject,
        "role": caller.role,
        "from": caller.address or None,
        "request_id": getattr(command, "request_id", None),
        "data": {name: value for name, value in values.items() if value not in (None, UNSET)},
    }
