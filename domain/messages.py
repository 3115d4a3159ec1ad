"""The messages between entities: the effects of one entity's change on another.

A receiver may ignore a message but does not refuse it. Messages are stored in outboxes, so a field
may be added but never removed, and a rename declares the stored name (`protocol/stored_names.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter

from domain.entity import RequestRef
from domain.menu.state import MenuContent
from domain.notifications import Notification
from domain.order.line import OrderLine
from protocol.commands import MenuLine
from protocol.statuses import CallReason, OrderStatus, PaymentStatus
from protocol.stored_names import stored_form, stored_name, stored_under


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """A summary of an order for other entities; a higher `version` replaces a lower one.

    Amounts are minor units. `table_id` is None in messages of earlier releases.
    """

    order_id: int
    version: int
    status: OrderStatus
    payment_status: PaymentStatus
    total: int
    balance: int
    items_count: int
    table_number: str
    created_at: datetime
    table_id: int | None = None


# --- to a table ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateTable:
    number: str
    zone: str
    seats: int
    waiter_id: int | None
    restaurant_name: str
    currency: str
    call_escalation_s: float


@dataclass(frozen=True, slots=True)
class GuestsChanged:
    session_id: int
    guests_count: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is closed. `request_ref` is set where the table's own caller asked for it."""

    session_id: int
    request_ref: RequestRef | None = field(default=None, metadata=stored_under("origin"))


# --- to a session --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenSession:
    code: str
    table_id: int
    table_number: str
    zone: str
    guests_count: int
    waiter_id: int | None
    currency: str
    call_escalation_s: float
    started_at: datetime


@dataclass(frozen=True, slots=True)
class OrderChanged:
    summary: OrderSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class CallUndelivered:
    """The waiter who was called has no live connection."""

    stored_as: ClassVar[str] = "CallUnheard"

    call_id: str


@dataclass(frozen=True, slots=True)
class EscalationDue:
    """The call was not acknowledged in time. A timer of the session."""

    stored_as: ClassVar[str] = "CallOverdue"

    call_id: str
    step: int


@dataclass(frozen=True, slots=True)
class CallAcknowledged:
    """The call's notification was acknowledged."""

    stored_as: ClassVar[str] = "CallHeard"

    call_id: str
    at: datetime
    by: str


# --- to an order ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenOrder:
    session_id: int
    table_id: int
    table_number: str
    waiter_id: int | None
    currency: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]


# --- to a waiter ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateWaiter:
    name: str
    restaurant_name: str


@dataclass(frozen=True, slots=True)
class Notify:
    """To a waiter and to a restaurant: here is a notification.

    `session_id` is set for a call that must go on elsewhere where this waiter is not connected.
    """

    notification: Notification
    session_id: int | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """To a waiter and to a restaurant: the other one's notification was acknowledged."""

    notification_id: str
    at: datetime
    by: str


# --- to a restaurant -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderReported:
    """An order is new or has changed, with the notifications for it.

    `paid` is what just came in (minor units); `completed` where that paid it fully for the first
    time.
    """

    summary: OrderSummary = field(metadata=stored_under("card"))
    notifications: tuple[Notification, ...] = ()
    paid: int = 0
    completed: bool = False


@dataclass(frozen=True, slots=True)
class TableReported:
    """The table's `table_update` data as it now is."""

    table_id: int
    version: int
    waiter_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EscalateCall:
    """A call escalates: to all waiters of the zone (step 1), then to the managers (step 2)."""

    notification: Notification
    zone: str
    step: int


@dataclass(frozen=True, slots=True)
class CallDurationReported:
    """How long a call took, in seconds; one of the two at a time."""

    stored_as: ClassVar[str] = "CallTimed"

    reason: CallReason
    acknowledged_s: float | None = None
    resolved_s: float | None = None


@dataclass(frozen=True, slots=True)
class HandOverMenu:
    """Hand the menu over to an entity of its own, unless that was done."""


# --- to a menu -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateMenu:
    restaurant_name: str
    currency: str
    timezone: str
    content: MenuContent = field(default_factory=MenuContent)


@dataclass(frozen=True, slots=True)
class PriceLines:
    """Price the menu lines of an order. The reply's result has `lines`, each an OrderLine."""

    lines: tuple[MenuLine, ...]


MESSAGES: dict[str, type] = {
    stored_name(cls): cls
    for cls in (
        CreateTable, GuestsChanged, SessionEnded, OpenSession, OrderChanged, CallUndelivered,
        EscalationDue, CallAcknowledged, OpenOrder, CreateWaiter, Notify, Acknowledged,
        OrderReported, TableReported, EscalateCall, CallDurationReported, HandOverMenu,
        CreateMenu, PriceLines,
    )
}  # fmt: skip


@cache
def _adapter(cls: type) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def encode_message(message: Any) -> dict[str, Any]:
    """A message as something that encodes to JSON."""
    return {"type": stored_name(type(message)), "data": stored_form(message)}


def decode_message(stored: Mapping[str, Any]) -> Any:
    """The message that `encode_message` was given, from decoded JSON."""
    return _adapter(MESSAGES[stored["type"]]).validate_python(stored["data"])
