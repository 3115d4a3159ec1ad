"""The rules of an order.

* `pending → confirmed → ready → delivered`; anything before `delivered` may be cancelled; both ends
  are terminal. Each `*_at` is written once.
* Items change while the order is `pending` or `confirmed`; an order of no items is refused.
* When every item that is not voided is ready, a confirmed order becomes ready by itself; when all
  are voided, cancelled. An order set ready takes its items along.
* A payment is at most the balance; `payment_completed` happens once. Cancelling keeps the money and
  marks it due back.
* Guests may cancel what is still pending, and set no other status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain import item as items_
from domain import lifecycle
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Publication,
    Redirect,
)
from domain.item import Item, Items
from domain.messages import (
    Notify,
    OpenOrder,
    OrderCard,
    OrderChanged,
    OrderReported,
    PaymentReported,
)
from domain.notification import Notification
from domain.payment import Money, Payment
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus
from protocol.values import format_money


@dataclass(frozen=True, slots=True)
class Order:
    """All that an order is. `revision` rises with every change; amounts are minor units."""

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

    @property
    def money(self) -> Money:
        cancelled = self.status is OrderStatus.CANCELLED
        total = 0 if cancelled else sum(item.total for item in self.items)
        return Money(total, sum(payment.amount for payment in self.payments), self.refunded)

    @property
    def items_count(self) -> int:
        return sum(item.quantity for item in items_.live(self.items))


# --- events --------------------------------------------------------------------------------------


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
    """The items as they now are."""

    items: Items
    next_item_id: int


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    payment: Payment


@dataclass(frozen=True, slots=True)
class FullyPaid:
    """The balance came to zero for the first time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Refunded:
    amount: int
    at: datetime
    reason: str


# --- evolve --------------------------------------------------------------------------------------


def evolve(order: Order | None, event: Any) -> Order:
    if isinstance(event, OrderPlaced):
        return event.order
    assert order is not None
    revision = order.revision + 1
    match event:
        case StatusChanged(status, at, reason):
            changed = replace(order, revision=revision, status=status, reason=reason)
            return replace(changed, **{f"{status.value}_at": at})
        case ItemsChanged(items, next_item_id):
            return replace(order, revision=revision, items=items, next_item_id=next_item_id)
        case PaymentReceived(payment):
            return replace(order, revision=revision, payments=(*order.payments, payment))
        case FullyPaid(at):
            return replace(order, revision=revision, paid_at=at)
        case Refunded(amount):
            return replace(order, revision=revision, refunded=order.refunded + amount)
    raise TypeError(f"an order knows no {type(event).__name__}")


# --- decide --------------------------------------------------------------------------------------


def decide(order: Order | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, OpenOrder):
        return UNCHANGED if order is not None else _open(command, context)
    if order is None:
        return Rejected(Code.NOT_FOUND, f"There is no order {context.address.id}.")
    match command:
        case c.UpdateStatus():
            return _update_status(order, command, context)
        case c.UpdateItem():
            return _update_item(order, command, context)
        case c.ReplaceItems():
            return _replace_items(order, command, context)
        case c.Pay():
            return _pay(order, command, context)
        case c.Refund():
            return _refund(order, command, context)
    return Rejected(Code.UNKNOWN_ACTION, "An order does not do that.")


def _open(message: OpenOrder, context: Context) -> Decision:
    items = items_.numbered(message.lines, 1)
    order = Order(
        id=context.address.id,
        restaurant_id=context.address.restaurant,
        session_id=message.session_id,
        table_id=message.table_id,
        table_number=message.table_number,
        waiter_id=message.waiter_id,
        currency=message.currency,
        created_at=context.now,
        items=items,
        next_item_id=len(items) + 1,
    )
    note = _notification(order, "new_order", f"New order for table {order.table_number}", context)
    return Decision((OrderPlaced(order),), _tell_all(order, note))


def _update_status(
    order: Order, command: c.UpdateStatus, context: Context
) -> Decision | Rejected:
    if command.status is order.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.ORDER, order.status, command.status)
    if refused is not None:
        return refused
    if not context.caller.is_staff and (
        command.status is not OrderStatus.CANCELLED or order.status is not OrderStatus.PENDING
    ):
        return Rejected(
            Code.FORBIDDEN, "Guests may only cancel an order that is still pending. Ask the staff."
        )
    events: list[Any] = []
    if command.status is OrderStatus.READY:
        ready = items_.all_ready(order.items)
        if ready != order.items:
            events.append(ItemsChanged(ready, order.next_item_id))
    events.append(StatusChanged(command.status, context.now, command.reason))
    return _changed(order, events, context)


def _update_item(order: Order, command: c.UpdateItem, context: Context) -> Decision | Rejected:
    item = next((item for item in order.items if item.item_id == command.item_id), None)
    if item is None:
        return Rejected(Code.NOT_FOUND, f"The order has no item {command.item_id}.")
    if command.status is item.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.ITEM, item.status, command.status)
    if refused is not None:
        return refused
    refused = _item_refusal(order, command, context)
    if refused is not None:
        return refused
    after = replace(item, status=command.status, reason=command.reason)
    items = tuple(after if each is item else each for each in order.items)
    return _changed(order, _items_events(order, items, order.next_item_id, context), context)


def _item_refusal(order: Order, command: c.UpdateItem, context: Context) -> Rejected | None:
    """Why an item may not change although its own lifecycle would let it."""
    voids = command.status is ItemStatus.VOIDED
    if voids and not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff may void an item.")
    if voids and command.reason is None:
        return Rejected(Code.INVALID_MESSAGE, "reason: say why the item is voided.")
    allowed = {OrderStatus.CONFIRMED} | (
        {OrderStatus.PENDING, OrderStatus.READY} if voids else set()
    )
    if order.status in allowed:
        return None
    return Rejected(
        Code.INVALID_TRANSITION,
        f"The items of an order that is {order.status.value} cannot become {command.status.value}.",
        {"current": order.status.value, "allowed": []},
    )


def _replace_items(order: Order, command: c.ReplaceItems, context: Context) -> Decision | Rejected:
    if order.status not in (OrderStatus.PENDING, OrderStatus.CONFIRMED):
        return Rejected(
            Code.INVALID_TRANSITION,
            f"An order that is {order.status.value} keeps its items. Place a new order.",
            {"current": order.status.value, "allowed": []},
        )
    refused = free_text_refusal(command.items, context)
    if refused is not None:
        return refused
    lines = items_.priced(command.items, context.supplies.prices)
    items = items_.replaced(order.items, lines, order.next_item_id)
    if items == order.items:
        return UNCHANGED
    next_id = max(order.next_item_id, items[-1].item_id + 1)
    return _changed(order, _items_events(order, items, next_id, context), context)


def free_text_refusal(lines: Iterable[c.Line], context: Context) -> Rejected | None:
    """Free text with a price of its own is for staff."""
    if context.caller.is_staff or not any(isinstance(line, c.FreeLine) for line in lines):
        return None
    return Rejected(Code.FORBIDDEN, "Only staff may order in free text. Name a menu_item_id.")


def _items_events(order: Order, items: Items, next_item_id: int, context: Context) -> list[Any]:
    """The change of the items, and the status that follows from it."""
    events: list[Any] = [ItemsChanged(items, next_item_id)]
    live = items_.live(items)
    if not live:
        events.append(StatusChanged(OrderStatus.CANCELLED, context.now, "every item was voided"))
    elif order.status is OrderStatus.CONFIRMED and all(
        item.status is ItemStatus.READY for item in live
    ):
        events.append(StatusChanged(OrderStatus.READY, context.now))
    return events


def _pay(order: Order, command: c.Pay, context: Context) -> Decision | Rejected:
    if context.origin is None or not context.origin.digest:
        return Rejected(
            Code.INVALID_MESSAGE,
            "A payment needs an Idempotency-Key, so that it is never taken twice.",
        )
    balance = order.money.balance
    if command.amount > balance:
        return Rejected(
            Code.OVERPAYMENT,
            f"That is more than the balance of {format_money(balance)}.",
            {"balance": format_money(balance)},
        )
    payment = Payment(
        len(order.payments) + 1, command.amount, command.method, context.now, context.caller.subject
    )
    return _changed(
        order,
        [PaymentReceived(payment)],
        context,
        result={"payment_id": payment.payment_id, "balance": format_money(balance - payment.amount)},
    )


def _refund(order: Order, command: c.Refund, context: Context) -> Decision | Rejected:
    due = order.money.refund_due
    if not due:
        return UNCHANGED
    refunded = Refunded(due, context.now, command.reason)
    return _changed(order, [refunded], context, result={"amount": format_money(due)})


# --- what a change sets off ----------------------------------------------------------------------


def _changed(
    order: Order, events: list[Any], context: Context, result: Mapping[str, Any] | None = None
) -> Decision:
    """A decision with all that these events set off elsewhere."""
    after = order
    for event in events:
        after = evolve(after, event)
    money = after.money
    if after.paid_at is None and after.payments and not money.balance and money.kept:
        events.append(FullyPaid(context.now))
        after = evolve(after, events[-1])
    effects: tuple[Effect, ...] = ()
    if any(isinstance(e, StatusChanged) and e.status is OrderStatus.READY for e in events):
        note = _notification(
            after, "order_ready", f"Order for table {after.table_number} is ready", context
        )
        effects = _tell_all(after, note)
    else:
        effects = _tell_all(after, None)
    paid = next((e.payment for e in events if isinstance(e, PaymentReceived)), None)
    completed = any(isinstance(e, FullyPaid) for e in events)
    if paid is not None or completed:
        effects += _tell_payment(after, paid, completed, context)
    return Decision(tuple(events), effects, result=result or {})


def _tell_all(order: Order, note: Notification | None) -> tuple[Effect, ...]:
    """To session and restaurant what the order now is; to the waiter where people are told."""
    here = order.restaurant_id
    effects = [
        Effect(Address(Kind.SESSION, order.session_id, here), OrderChanged(card(order))),
        Effect(
            Address(Kind.RESTAURANT, here, here),
            OrderReported(card(order), order.waiter_id, note),
        ),
    ]
    return (*effects, *_to_waiter(order, note))


def _tell_payment(
    order: Order, payment: Payment | None, completed: bool, context: Context
) -> tuple[Effect, ...]:
    here = order.restaurant_id
    amount = payment.amount if payment is not None else 0
    note = replace(
        _notification(
            order,
            "payment",
            f"Payment of {format_money(amount)} {order.currency} for table {order.table_number}",
            context,
        ),
        type="payment_notification",
    )
    note = replace(
        note,
        data={
            **note.data,
            "amount": format_money(amount),
            "method": payment.method if payment is not None else None,
            "balance": format_money(order.money.balance),
            "payment_status": order.money.status,
        },
    )
    report = PaymentReported(
        card(order), amount, payment.method.value if payment else "", completed, note
    )
    to_restaurant = Effect(Address(Kind.RESTAURANT, here, here), report)
    return (to_restaurant, *(_to_waiter(order, note) if payment is not None else ()))


def _to_waiter(order: Order, note: Notification | None) -> tuple[Effect, ...]:
    if note is None or order.waiter_id is None:
        return ()
    return (
        Effect(Address(Kind.WAITER, order.waiter_id, order.restaurant_id), Notify(note)),
    )


def _notification(order: Order, kind: str, message: str, context: Context) -> Notification:
    return Notification(
        notification_id=f"{'payment' if kind == 'payment' else 'order'}-{order.id}-{order.revision}",
        type="order_notification",
        kind=kind,
        data={
            "order_id": order.id,
            "table_id": order.table_id,
            "table_number": order.table_number,
            "items_count": order.items_count,
            "message": message,
        },
        created_at=context.now,
        waiter_ids=() if order.waiter_id is None else (order.waiter_id,),
    )


def card(order: Order) -> OrderCard:
    """What others know of an order."""
    money = order.money
    return OrderCard(
        order_id=order.id,
        version=order.revision,
        status=order.status,
        payment_status=money.status,
        total=money.total,
        balance=money.balance,
        items_count=order.items_count,
        table_number=order.table_number,
        created_at=order.created_at,
    )


# --- what is seen --------------------------------------------------------------------------------


def publish(event: Any, order: Order) -> Iterable[Publication]:
    match event:
        case StatusChanged():
            return (Publication(Channel.ORDER, "order_status", status_data(order)),)
        case ItemsChanged():
            return (
                Publication(Channel.ORDER, "order_items_update", items_data(order)),
                Publication(Channel.ITEMS, "items_updated", items_data(order)),
            )
        case PaymentReceived() | Refunded():
            return (Publication(Channel.ORDER, "order_update", status_data(order)),)
    return ()


def snapshot(order: Order, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    if channel is Channel.ITEMS:
        return "items_list", items_data(order)
    return "order_status", status_data(order)


def status_data(order: Order) -> dict[str, Any]:
    """The fields of `order_status` and `order_update`."""
    money = order.money
    return {
        "id": order.id,
        "status": order.status,
        "status_display": order.status.value.capitalize(),
        "total_amount": format_money(money.total),
        "items_count": order.items_count,
        "created_at": order.created_at,
        "confirmed_at": order.confirmed_at,
        "ready_at": order.ready_at,
        "delivered_at": order.delivered_at,
        "cancelled_at": order.cancelled_at,
        "reason": order.reason,
        "payment_status": money.status,
        "paid_amount": format_money(money.kept),
        "balance": format_money(money.balance),
        "refund_due": money.refund_due > 0,
        "refund_amount": format_money(money.refund_due),
        "currency": order.currency,
        "restaurant_id": order.restaurant_id,
        "session_id": order.session_id,
        "table_id": order.table_id,
        "table_number": order.table_number,
        "waiter_id": order.waiter_id,
    }


def items_data(order: Order) -> dict[str, Any]:
    """The fields of `items_list`, `items_updated` and `order_items_update`."""
    return {
        "order_id": order.id,
        "status": order.status,
        "items": [_item_row(item) for item in order.items],
        "items_count": order.items_count,
        "total_amount": format_money(order.money.total),
        "currency": order.currency,
    }


def _item_row(item: Item) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "menu_item_id": item.menu_item_id,
        "name": item.name,
        "quantity": item.quantity,
        "unit_price": format_money(item.unit_price),
        "total": format_money(item.total),
        "notes": item.notes,
        "status": item.status,
        "reason": item.reason,
    }


def settled(order: Order) -> bool:
    """Terminal, and no money outstanding in either direction."""
    money = order.money
    return not lifecycle.ORDER[order.status] and not money.balance and not money.refund_due


ORDER: Behaviour[Order] = Behaviour(
    Kind.ORDER, Order, decide, evolve, publish, snapshot, settled
)
