"""What a session is, and what can happen to it. What may happen stands in `session.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.call import Call
from domain.messages import OrderCard
from domain.record import replace
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus, SessionStatus


@dataclass(frozen=True, slots=True)
class Session:
    """One party at one table. `orders` has the last reported state of each order,
    `notes_bytes` the size of all notes that its guests have sent with orders."""

    id: int
    restaurant_id: int
    session_code: str
    table_id: int
    table_number: str
    zone: str
    guests_count: int
    waiter_id: int | None
    currency: str
    call_escalation_s: float
    started_at: datetime
    status: SessionStatus = SessionStatus.OPEN
    closed_at: datetime | None = None
    notes_bytes: int = 0
    orders: Mapping[int, OrderCard] = field(default_factory=dict, metadata={"per_entry": True})
    calls: Mapping[str, Call] = field(default_factory=dict, metadata={"per_entry": True})

    @property
    def is_open(self) -> bool:
        return self.status is SessionStatus.OPEN

    @property
    def total(self) -> int:
        """What its orders cost, in minor units; cancelled ones cost nothing."""
        return sum(
            card.total for card in self.orders.values() if card.status is not OrderStatus.CANCELLED
        )

    @property
    def balance(self) -> int:
        """What is still to be paid, in minor units."""
        return sum(card.balance for card in self.orders.values())

    @property
    def home(self) -> Address:
        return self.at(Kind.RESTAURANT, self.restaurant_id)

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant_id)


@dataclass(frozen=True, slots=True)
class SessionOpened:
    session: Session


@dataclass(frozen=True, slots=True)
class GuestsCounted:
    guests_count: int


@dataclass(frozen=True, slots=True)
class OrderNoted:
    """The current state of an order of this session; `notes_bytes` is set for a guest's new one."""

    card: OrderCard
    notes_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CallMade:
    call: Call


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call was acknowledged, escalated or resolved: what it is by now."""

    call: Call


@dataclass(frozen=True, slots=True)
class SessionClosed:
    at: datetime
    forced: bool = False
    reason: str | None = None


def evolve(session: Session | None, event: Any) -> Session:
    if isinstance(event, SessionOpened):
        return event.session
    assert session is not None
    match event:
        case GuestsCounted(guests_count):
            return replace(session, guests_count=guests_count)
        case OrderNoted(card, notes_bytes):
            orders = {**session.orders, card.order_id: card}
            return replace(session, orders=orders, notes_bytes=session.notes_bytes + notes_bytes)
        case CallMade(call) | CallChanged(call):
            return replace(session, calls={**session.calls, call.call_id: call})
        case SessionClosed(at):
            return replace(session, status=SessionStatus.CLOSED, closed_at=at)
    raise TypeError(f"a session knows no {type(event).__name__}")
