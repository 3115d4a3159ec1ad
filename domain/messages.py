"""The messages between entities, which effects and timers contain.

A receiver may ignore a message but must not refuse it. Messages are stored in outboxes, so fields
may be added with a default but not removed, and a renamed class or field declares its stored name
(`protocol/stored_names.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter

from domain.entity import READY_GRACE_S, RequestRef
from domain.menu.state import MenuContent
from domain.notifications import Notification
from domain.order.line import OrderLine
from domain.order.number import OrderNumber
from domain.portions import AskReservation, ReservationAnswered, ReservationDue, ReturnPortions
from protocol.commands import Command, MenuLine, Reserves
from protocol.statuses import CallReason, OrderStatus, PaymentStatus
from protocol.stored_names import stored_form, stored_name, stored_under


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """A summary of an order for other entities. A summary with a higher `version` replaces one with
    a lower version. Amounts are in minor units. `table_id` and `number` are None in messages of
    earlier releases."""

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
    number: int | None = None


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
    """The session is closed. `request_ref` is set if a client's request to the table has caused
    it."""

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
    empty_minutes: int = 0


@dataclass(frozen=True, slots=True)
class EmptyDue:
    """A timer of the session: nothing was ordered in time."""


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """`notes_bytes` is the size of the notes that a guest has added."""

    summary: OrderSummary = field(metadata=stored_under("card"))
    notes_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CallUndelivered:
    """The waiter who was called is not connected."""

    stored_as: ClassVar[str] = "CallUnheard"

    call_id: str


@dataclass(frozen=True, slots=True)
class EscalationDue:
    """A timer of the session: the call was not acknowledged in time and takes this step."""

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
    """`number` is None if it was sent by an earlier release."""

    session_id: int
    table_id: int
    table_number: str
    waiter_id: int | None
    currency: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    is_confirmed: bool = False
    number: OrderNumber | None = None
    ready_grace_s: int = READY_GRACE_S


@dataclass(frozen=True, slots=True)
class ReadyDue:
    """All items have been ready for the grace period. A timer of the order."""


# --- to a waiter ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateWaiter:
    name: str
    restaurant_name: str


@dataclass(frozen=True, slots=True)
class Notify:
    """To a waiter or a restaurant: adds a notification. `session_id` is set for a call: if the
    waiter is not connected, the waiter reports that to this session."""

    notification: Notification
    session_id: int | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """To a waiter or a restaurant: a notification was acknowledged elsewhere."""

    notification_id: str
    at: datetime
    by: str


# --- to a restaurant -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderReported:
    """An order is new or has changed, with its new notifications.

    `paid` is the amount of new payments, in minor units. `completed`: whether they paid the order
    in full for the first time.
    """

    summary: OrderSummary = field(metadata=stored_under("card"))
    notifications: tuple[Notification, ...] = ()
    paid: int = 0
    completed: bool = False


@dataclass(frozen=True, slots=True)
class TableReported:
    """A table is new or has changed. `data` are the fields of its `table_update`."""

    table_id: int
    version: int
    waiter_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EscalateCall:
    """A call escalates: to all waiters of the zone (step 1) or to the managers (step 2)."""

    notification: Notification
    zone: str
    step: int


@dataclass(frozen=True, slots=True)
class CallDurationReported:
    """The time from a call until it was acknowledged or resolved, in seconds. Exactly one of the
    two is set."""

    stored_as: ClassVar[str] = "CallTimed"

    reason: CallReason
    acknowledged_s: float | None = None
    resolved_s: float | None = None


@dataclass(frozen=True, slots=True)
class HandOverMenu:
    """Has a restaurant whose state contains the menu create the menu's own entity."""


# --- to a menu -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateMenu:
    restaurant_name: str
    currency: str
    timezone: str
    content: MenuContent = field(default_factory=MenuContent)


@dataclass(frozen=True, slots=True)
class PriceLines:
    """Prices the menu lines of an order, reserves portions of those items that are counted in the
    name of a request, and reads the menu's settings. The fields of the result are those of Inputs:
    `reservation` only if portions are reserved, and `business_day`, which takes a while, only if it
    `is_dated`."""

    lines: tuple[MenuLine, ...]
    request_ref: RequestRef | None = None
    reserves: Reserves = Reserves.NOTHING
    is_dated: bool = False

    @classmethod
    def of(cls, command: Command, request_ref: RequestRef | None) -> "PriceLines":
        """The message for the menu lines of a command."""
        lines = tuple(line for line in command.priced_lines if isinstance(line, MenuLine))
        reserves = request_ref is not None and command.reserves is not Reserves.NOTHING
        return cls(lines, request_ref, command.reserves) if reserves else cls(lines)


@dataclass(frozen=True, slots=True)
class ExportMenu:
    """Read a menu as it is stored. The reply's result has its `content`."""


@dataclass(frozen=True, slots=True)
class ItemAvailableAgain:
    """An item that was unavailable until now is available. A timer of the menu."""

    item_id: int


@dataclass(frozen=True, slots=True)
class PauseEnded:
    """The pause of guests' orders is over. A timer of the menu."""


MESSAGES: dict[str, type] = {
    stored_name(cls): cls
    for cls in (
        CreateTable, GuestsChanged, SessionEnded, OpenSession, OrderChanged, CallUndelivered,
        EmptyDue, EscalationDue, CallAcknowledged, OpenOrder, ReadyDue, CreateWaiter, Notify,
        Acknowledged, OrderReported, TableReported, EscalateCall, CallDurationReported,
        HandOverMenu, CreateMenu, PriceLines, ExportMenu, ItemAvailableAgain, PauseEnded,
        AskReservation, ReservationDue, ReservationAnswered, ReturnPortions,
    )
}  # fmt: skip


@cache
def _adapter(cls: type) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def encode_message(message: Any) -> dict[str, Any]:
    """A message as a mapping that can be encoded as JSON."""
    return {"type": stored_name(type(message)), "data": stored_form(message)}


def decode_message(stored: Mapping[str, Any]) -> Any:
    """The message that `encode_message` returned, from decoded JSON. Raises KeyError and
    pydantic.ValidationError."""
    return _adapter(MESSAGES[stored["type"]]).validate_python(stored["data"])
