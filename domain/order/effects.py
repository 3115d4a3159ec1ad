"""The effects of a change of an order on its session, its restaurant and its waiter."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.entity import Effect
from domain.messages import Acknowledged, Notify, OrderChanged, OrderReported, OrderSummary
from domain.notifications import Notification
from domain.order.payment import Payment
from domain.order.state import (
    FullyPaid,
    ItemsChanged,
    Order,
    OrderPlaced,
    PaymentReceived,
    StatusChanged,
)
from protocol.ids import Kind
from protocol.statuses import OrderStatus
from protocol.values import format_money


def effects_of(events: Sequence[Any], order: Order) -> tuple[Effect, ...]:
    """The effects of new events; `order` is the state after them."""
    summary = summarize(order)
    notes = tuple(_notifications(events, order))
    report = OrderReported(
        summary,
        notes,
        paid=sum(event.payment.amount for event in events if isinstance(event, PaymentReceived)),
        completed=any(isinstance(event, FullyPaid) for event in events),
    )
    effects = [Effect(order.at(Kind.RESTAURANT, order.restaurant_id), report)]
    if not isinstance(events[0], OrderPlaced):  # a new order was placed by the session itself
        notes_bytes = sum(each.notes_bytes for each in events if isinstance(each, ItemsChanged))
        session = order.at(Kind.SESSION, order.session_id)
        effects.append(Effect(session, OrderChanged(summary, notes_bytes)))
    for event in events:
        if isinstance(event, ItemsChanged) and event.answer is not None:
            effects.append(Effect(order.at(Kind.MENU, order.restaurant_id), event.answer))
    if order.waiter_id is not None:
        waiter = order.at(Kind.WAITER, order.waiter_id)
        effects += [Effect(waiter, Notify(note)) for note in notes]
    return tuple(effects)


def acknowledge_ready(order: Order, at: datetime, by: str) -> tuple[Effect, ...]:
    """Acknowledge the notification that the order is ready, wherever it is listed."""
    if order.ready_revision is None:
        return ()
    message = Acknowledged(_notification_id("order", order, order.ready_revision), at, by)
    places = [order.at(Kind.RESTAURANT, order.restaurant_id)]
    if order.waiter_id is not None:
        places.append(order.at(Kind.WAITER, order.waiter_id))
    return tuple(Effect(place, message) for place in places)


def summarize(order: Order) -> OrderSummary:
    """The summary of an order for other entities."""
    money = order.money
    return OrderSummary(
        order_id=order.id,
        version=order.revision,
        status=order.status,
        payment_status=money.status,
        total=money.total,
        balance=money.balance,
        items_count=order.items_count,
        table_number=order.table_number,
        created_at=order.created_at,
        table_id=order.table_id,
        number=order.short_number,
    )


def _notifications(events: Sequence[Any], order: Order) -> Iterator[Notification]:
    """The notifications of staff: for a new order, a ready order, and each payment."""
    at_table = f"for table {order.table_number}"
    named = "order" if order.number is None else f"order {order.number.number}"
    for event in events:
        match event:
            case OrderPlaced():
                yield _notification(order, "new_order", f"New {named} {at_table}", order.created_at)
            case StatusChanged(OrderStatus.READY, at) if order.status is OrderStatus.READY:
                yield _notification(
                    order, "order_ready", f"{named.capitalize()} {at_table} is ready", at
                )
            case PaymentReceived(payment):
                yield _payment_notification(order, payment, at_table)


def _payment_notification(order: Order, payment: Payment, at_table: str) -> Notification:
    amount = format_money(payment.amount)
    money = order.money
    return _notification(
        order,
        "payment",
        f"Payment of {amount} {order.currency} {at_table}",
        payment.at,
        amount=amount,
        method=payment.method.value,
        balance=format_money(money.balance),
        payment_status=money.status.value,
    )


def _notification(order: Order, kind: str, message: str, at: datetime, **more: str) -> Notification:
    """A notification about an order. That it is ready is named after the revision in which it
    became ready, so that a recall can acknowledge it."""
    source = "payment" if kind == "payment" else "order"
    revision = order.ready_revision if kind == "order_ready" else None
    return Notification(
        notification_id=_notification_id(source, order, revision or order.revision),
        type=f"{source}_notification",
        kind=kind,
        data={
            "order_id": order.id,
            "number": order.short_number,
            "table_id": order.table_id,
            "table_number": order.table_number,
            "items_count": order.items_count,
            "message": message,
            **more,
        },
        created_at=at,
        waiter_ids=() if order.waiter_id is None else (order.waiter_id,),
    )


def _notification_id(source: str, order: Order, revision: int) -> str:
    """The id contains a revision of the order, which has at most one notification of a source."""
    return f"{source}-{order.id}-{revision}"
