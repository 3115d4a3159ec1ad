"""What goes on record beside the history: all that was refused, was forced, or touches money."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.device import SignIn
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.statuses import ItemStatus, OrderStatus

_ALWAYS = (
    c.Pay, c.Refund, c.ReplaceItems, c.ReplaceMenu, c.ChangeMenuItem, c.AddDevice, c.RemoveDevice,
    SignIn,
)  # fmt: skip
"""What touches money, and who else may come to."""
_VOIDS = (OrderStatus.CANCELLED, ItemStatus.VOIDED)
_TOLD = (
    "status", "item_id", "amount", "method", "force", "reason", "price", "available",
    "guests_count", "waiter_id", "table_id", "notification_id", "is_active",
    "guest_opens_table", "expected_version", "device_id", "label", "foreign_id",
)  # fmt: skip
"""Fields of commands that are put on record where they are given; all of them are short."""


def on_record(command: Any, refused: Code | None) -> bool:
    """Whether what was asked for, and answered so, leaves an event in the audit."""
    if not isinstance(command, c.Command | SignIn):  # a question of the service's own
        return False
    if refused is not None:
        return refused is not Code.UNAVAILABLE
    return (
        isinstance(command, _ALWAYS)
        or getattr(command, "force", False)
        or getattr(command, "status", None) in _VOIDS
    )


def audit_event(
    command: c.Command | SignIn,
    caller: Caller,
    now: datetime,
    refused: Code | None,
    result: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Who asked for what, when, from where, and what came of it: `done`, or the error's code.
    `result` is what was answered beside that: an amount that was given back, a menu's version."""
    given = {name: getattr(command, name, None) for name in _TOLD} | dict(result)
    return {
        "type": getattr(command, "action", type(command).__name__),
        "outcome": "done" if refused is None else refused,
        "at": now,
        "by": caller.subject,
        "role": caller.role,
        "from": caller.address or None,
        "request_id": getattr(command, "request_id", None),
        "data": {name: value for name, value in given.items() if value is not None},
    }
