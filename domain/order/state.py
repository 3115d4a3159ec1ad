"""The state of an order and its events. The rules are in `rules.py`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.copy import replace
from domain.entity import READY_GRACE_S
from domain.order.item import Items, are_ready, live, total_of
from domain.order.number import OrderNumber
from domain.order.payment import Money, Payment
from domain.portions import (
    AnsweredReservations,
    ReservationAnswered,
    ReservationVoided,
    portions_taken,
)
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus


@dataclass(frozen=True, slots=True)
class Order:
    """The state of an order. `revision` increases with every event that others see. Amounts are in
    minor units. `ready_revision` is the revision in which it became ready, `number` what people
    call it; both are None in earlier releases. For `ready_grace_s` after all items became ready it
    stays confirmed, so that a wrong tap can be taken back before anyone is notified."""

    id: int
    restaurant_id: int
    session_id: int
    table_id: int
    table_number: str
    waiter_id: int | None
    currency: str
    created_at: datetime
    items: Items
    next_item_id: int
    revision: int = 1
    status: OrderStatus = OrderStatus.PENDING
    reason: str | None = None
    confirmed_at: datetime | None = None
    ready_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    payments: tuple[Payment, ...] = ()
    refunded: int = 0
    paid_at: datetime | None = None
    ready_revision: int | None = None
    reservations: AnsweredReservations = field(
        default_factory=AnsweredReservations, metadata={"per_entry": True}
    )
    number: OrderNumber | None = None
    ready_grace_s: int = READY_GRACE_S

    @property
    def is_in_grace(self) -> bool:
        """Whether all items are ready and the order becomes ready unless one is recalled now."""
        return self.status is OrderStatus.CONFIRMED and are_ready(self.items)

    @property
    def money(self) -> Money:
        return Money(
            total=total_of(self.items),
            paid=sum(payment.amount for payment in self.payments),
            refunded=self.refunded,
            cancelled=self.status is OrderStatus.CANCELLED,
        )

    @property
    def short_number(self) -> int | None:
        return None if self.number is None else self.number.number

    @property
    def items_count(self) -> int:
        return sum(item.quantity for item in live(self.items))

    @property
    def portions(self) -> dict[int, int]:
        """The portions that the order takes of counted menu items."""
        is_cancelled = self.status is OrderStatus.CANCELLED
        return {} if is_cancelled else portions_taken(live(self.items))

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant_id)


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order: Order


@dataclass(frozen=True, slots=True)
class StatusChanged:
    status: OrderStatus
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ItemsChanged:
    """The new items of the order. `notes_bytes` is the size of the notes that a guest has added.
    `answer` is set if portions were reserved for the change."""

    items: Items
    next_item_id: int
    notes_bytes: int = 0
    answer: ReservationAnswered | None = None


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    payment: Payment


@dataclass(frozen=True, slots=True)
class FullyPaid:
    """Payments have covered the amount due for the first time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Refunded:
    amount: int
    at: datetime
    reason: str


def evolve(order: Order | None, event: Any) -> Order:
    if isinstance(event, OrderPlaced):
        return event.order
    assert order is not None
    revision = order.revision + 1
    match event:
        case StatusChanged(status, at, reason):
            stamps: dict[str, Any] = {f"{status.value}_at": at}
            if status is OrderStatus.READY:
                stamps["ready_revision"] = revision
            elif order.status is OrderStatus.READY and status is OrderStatus.CONFIRMED:
                stamps = {"ready_at": None, "ready_revision": None}
            return replace(order, revision=revision, status=status, reason=reason, **stamps)
        case ItemsChanged(items, next_item_id, _, answer):
            after = replace(order, revision=revision, items=items, next_item_id=next_item_id)
            if answer is None:
                return after
            return replace(after, reservations=order.reservations.add(answer.number, answer.sold))
        case ReservationVoided(number):
            return replace(order, reservations=order.reservations.add(number, {}))
        case PaymentReceived(payment):
            return replace(order, revision=revision, payments=(*order.payments, payment))
        case FullyPaid(at):
            return replace(order, revision=revision, paid_at=at)
        case Refunded(amount):
            return replace(order, revision=revision, refunded=order.refunded + amount)
    raise TypeError(f"cannot apply {type(event).__name__} to an order")
