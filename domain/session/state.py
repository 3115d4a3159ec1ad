"""The state of a session and its events. The rules are in `rules.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Self

from domain.copy import replace
from domain.messages import OrderSummary
from domain.portions import AnsweredReservations, ReservationAnswered, ReservationVoided
from domain.rows import Rows
from domain.session.call import Call
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus, SessionStatus
from protocol.stored_names import stored_under


class Calls(Rows[str, Call]):
    """The calls of a session by id, oldest first."""

    __slots__ = ()

    @staticmethod
    def rank(key: str, entry: Call) -> int:
        return entry.number


class Orders(Rows[int, OrderSummary]):
    """The orders of a session by id. `total` and `balance` are sums in minor units; cancelled
    orders do not count toward `total`. `pending` is the number of pending orders."""

    __slots__ = ("balance", "pending", "total")

    def __init__(self, entries: Mapping[int, OrderSummary] = MappingProxyType({})) -> None:
        super().__init__(entries)
        sums = zip(*map(_sums, self.values()), strict=True)
        self.total, self.balance, self.pending = map(sum, sums) if entries else (0, 0, 0)

    def with_entry(self, key: int, entry: OrderSummary) -> Self:
        after = super().with_entry(key, entry)
        total, balance, pending = _sums(entry)
        total_before, balance_before, pending_before = _sums(self.get(key))
        after.total = self.total + total - total_before
        after.balance = self.balance + balance - balance_before
        after.pending = self.pending + pending - pending_before
        return after


def _sums(summary: OrderSummary | None) -> tuple[int, int, int]:
    """The amounts that an order adds to the total, the balance and the number of pending orders."""
    if summary is None:
        return 0, 0, 0
    status = summary.status
    total = 0 if status is OrderStatus.CANCELLED else summary.total
    return total, summary.balance, status is OrderStatus.PENDING


@dataclass(frozen=True, slots=True)
class Session:
    """The state of a session. `orders` has the latest summary of each order. `notes_bytes` is the
    size of all notes that its guests have sent with orders. If nothing is ordered, it closes after
    `empty_minutes` without guests doing anything, never if they are 0."""

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
    empty_minutes: int = 0
    orders: Orders = field(default_factory=Orders, metadata={"per_entry": True})
    calls: Calls = field(default_factory=Calls, metadata={"per_entry": True})
    reservations: AnsweredReservations = field(
        default_factory=AnsweredReservations, metadata={"per_entry": True}
    )

    @property
    def is_open(self) -> bool:
        return self.status is SessionStatus.OPEN

    @property
    def restaurant(self) -> Address:
        return self.at(Kind.RESTAURANT, self.restaurant_id)

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant_id)


@dataclass(frozen=True, slots=True)
class SessionOpened:
    session: Session


@dataclass(frozen=True, slots=True)
class GuestCountChanged:
    stored_as: ClassVar[str] = "GuestsCounted"

    guests_count: int


@dataclass(frozen=True, slots=True)
class OrderLinked:
    """An order was placed or has changed. `notes_bytes` is the size of the notes if a guest has
    placed it or added items, otherwise 0. `answer` is set if portions were reserved for it."""

    stored_as: ClassVar[str] = "OrderNoted"

    summary: OrderSummary = field(metadata=stored_under("card"))
    notes_bytes: int = 0
    answer: ReservationAnswered | None = None


@dataclass(frozen=True, slots=True)
class CallMade:
    call: Call


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call was acknowledged, escalated or resolved."""

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
        case GuestCountChanged(guests_count):
            return replace(session, guests_count=guests_count)
        case OrderLinked(summary, notes_bytes, answer):
            orders = session.orders.with_entry(summary.order_id, summary)
            after = replace(session, orders=orders, notes_bytes=session.notes_bytes + notes_bytes)
            if answer is None:
                return after
            return replace(after, reservations=session.reservations.add(answer.number, answer.sold))
        case ReservationVoided(number):
            return replace(session, reservations=session.reservations.add(number, {}))
        case CallMade(call) | CallChanged(call):
            return replace(session, calls=session.calls.with_entry(call.call_id, call))
        case SessionClosed(at):
            return replace(session, status=SessionStatus.CLOSED, closed_at=at)
    raise TypeError(f"cannot apply {type(event).__name__} to a session")
