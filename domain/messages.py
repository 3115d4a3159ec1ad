"""What entities tell each other: the effects of one entity's change on another.

Each is settled when it is sent: its receiver may find nothing to do, but does not refuse. They are
stored in outboxes, so a field may be added here but never taken away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from domain.entity import Origin
from domain.notification import Notification
from protocol.statuses import CallReason, OrderStatus, PaymentStatus


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One wished-for thing with its price settled (minor units)."""

    name: str
    quantity: int
    unit_price: int
    notes: str = ""
    menu_item_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderCard:
    """What others know of an order; a higher `version` replaces a lower one.

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
    """The session is closed. `origin` is set where the table's own caller asked for it."""

    session_id: int
    origin: Origin | None = None


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
    card: OrderCard


@dataclass(frozen=True, slots=True)
class CallUnheard:
    """The waiter who was called has no live connection."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallOverdue:
    """Nobody acknowledged the call in time; the session's own timer."""

    call_id: str
    step: int


@dataclass(frozen=True, slots=True)
class CallHeard:
    """Somebody acknowledged the call's notification."""

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
    """To a waiter and to a restaurant: somebody else acknowledged it."""

    notification_id: str
    at: datetime
    by: str


# --- to a restaurant -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderReported:
    """An order is new or has changed, and what people are told of that.

    `paid` is what just came in (minor units); `completed` where that paid it fully for the first
    time.
    """

    card: OrderCard
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
    """Nobody came: to all waiters of the zone (step 1), then to the managers (step 2)."""

    notification: Notification
    zone: str
    step: int


@dataclass(frozen=True, slots=True)
class CallTimed:
    """How long a call took, in seconds; one of the two at a time."""

    reason: CallReason
    acknowledged_s: float | None = None
    resolved_s: float | None = None


@dataclass(frozen=True, slots=True)
class PriceItems:
    """A question: what do these menu items cost now? Answered in the result, nothing changes."""

    ids: tuple[int, ...]


MESSAGES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        CreateTable, GuestsChanged, SessionEnded, OpenSession, OrderChanged, CallUnheard,
        CallOverdue, CallHeard, OpenOrder, CreateWaiter, Notify, Acknowledged, OrderReported,
        TableReported, EscalateCall, CallTimed, PriceItems,
    )
}  # fmt: skip


@cache
def _adapter(cls: type) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def encode_message(message: Any) -> dict[str, Any]:
    """A message as something that encodes to JSON."""
    return {"type": type(message).__name__, "data": message}


def decode_message(stored: Mapping[str, Any]) -> Any:
    """The message that `encode_message` was given, from decoded JSON."""
    return _adapter(MESSAGES[stored["type"]]).validate_python(stored["data"])
