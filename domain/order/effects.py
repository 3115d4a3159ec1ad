"""The effects of a change of an order on its session, its restaurant and its waiter."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.entity import Effect
from domain.messages import Notify, OrderChanged, OrderReported, OrderSummary
from domain.notifications import Notification
from domain.order.payment import Payment
from domain.order.state import FullyPaid, Order, OrderPlaced, PaymentReceived, StatusChanged
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
        effects.append(Effect(order.at(Kind.SESSION, order.session_id), OrderChanged(summary)))
    if order.waiter_id is not None:
        waiter = order.at(Kind.WAITER, order.waiter_id)
        effects += [Effect(waiter, Notify(note)) for note in notes]
    return tuple(effects)


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
    )


def _notifications(events: Sequence[Any], order: Order) -> Iterator[Notification]:
    """The notifications of staff: for a new order, a ready order, and each payment."""
    at_table = f"for table {order.table_number}"
    for event in events:
        match event:
            case OrderPlaced():
                yield _notification(order, "new_order", f"New order {at_table}", order.created_at)
            case StatusChanged(OrderStatus.READY, at):
                yield _notification(order, "order_ready", f"Order {at_table} is ready", at)
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
    """A notification about an order. Its id contains the order's revision, because each revision
    has at most one notification of a type."""
    source = "payment" if kind == "payment" else "order"
    return Notification(
        notification_id=f"{source}-{order.id}-{order.revision}",
        type=f"{source}_notification",
        kind=kind,
        data={
            "order_id": order.id,
            "table_id": order.table_id,
            "table_number": order.table_number,
            "items_count": order.items_count,
            "message": message,
            **more,
        },
        created_at=at,
        waiter_ids=() if order.waiter_id is None else (order.waiter_id,),
    )
