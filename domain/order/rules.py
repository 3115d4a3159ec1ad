"""The rules of an order.

* Status: `pending → confirmed → ready → delivered`. An order can be `cancelled` until it is
  delivered. `delivered` and `cancelled` are final.
* Items can be replaced while the order is `pending` or `confirmed`. An order has at least one item.
* A confirmed order becomes ready when all items that are not voided are ready, and an order is
  cancelled when all are voided. If an order is set to ready, its items become ready.
* A payment cannot exceed the balance. The payments of a cancelled order are due for a refund.
* Guests can only cancel an order, while it is pending.
"""

from collections.abc import Mapping
from typing import Any

from domain import lifecycle
from domain.copy import replace
from domain.entity import UNCHANGED, Behaviour, Context, Decision, Redirect
from domain.messages import OpenOrder
from domain.order import item as order_items
from domain.order import lines as order_lines
from domain.order.effects import effects_of
from domain.order.item import Items
from domain.order.payment import Payment
from domain.order.state import (
    FullyPaid,
    ItemsChanged,
    Order,
    OrderPlaced,
    PaymentReceived,
    Refunded,
    StatusChanged,
    evolve,
)
from domain.order.views import publish, snapshot
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import ItemStatus, OrderStatus
from protocol.values import format_money


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
    return Rejected(Code.UNKNOWN_ACTION, "An order does not support this action.")


def _open(message: OpenOrder, context: Context) -> Decision:
    items = order_items.create_items(message.lines, 1)
    order = Order(
        id=context.address.id,
        restaurant_id=context.address.restaurant,
        session_id=message.session_id,
        table_id=message.table_id,
        table_number=message.table_number,
        waiter_id=message.waiter_id,
        currency=message.currency,
        created_at=message.placed_at,
        items=items,
        next_item_id=len(items) + 1,
    )
    events: list[Any] = [OrderPlaced(order)]
    if message.is_confirmed:
        events.append(StatusChanged(OrderStatus.CONFIRMED, message.placed_at))
        order = evolve(order, events[-1])
    return Decision(tuple(events), effects_of(events, order))


def _decide(
    order: Order, events: list[Any], context: Context, result: Mapping[str, Any] | None = None
) -> Decision:
    """A decision with these events, the event FullyPaid if they complete the payment, and their
    effects."""
    after = order
    for event in events:
        after = evolve(after, event)
    money = after.money
    if after.paid_at is None and money.net_paid and money.amount_due and not money.balance:
        events.append(FullyPaid(context.now))
        after = evolve(after, events[-1])
    return Decision(tuple(events), effects_of(events, after), result=result or {})


# --- status --------------------------------------------------------------------------------------


def _update_status(order: Order, command: c.UpdateStatus, context: Context) -> Decision | Rejected:
    if command.status is order.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.ORDER, order.status, command.status)
    if refused is not None:
        return refused
    if not context.caller.is_staff and (
        command.status is not OrderStatus.CANCELLED or order.status is not OrderStatus.PENDING
    ):
        return Rejected(
            Code.FORBIDDEN, "Guests can only cancel an order that is still pending. Ask the staff."
        )
    events: list[Any] = []
    if command.status is OrderStatus.READY:
        ready = order_items.mark_ready(order.items)
        if ready != order.items:
            events.append(ItemsChanged(ready, order.next_item_id))
    events.append(StatusChanged(command.status, context.now, command.reason))
    return _decide(order, events, context)


# --- items ---------------------------------------------------------------------------------------


def _update_item(order: Order, command: c.UpdateItem, context: Context) -> Decision | Rejected:
    item = next((item for item in order.items if item.item_id == command.item_id), None)
    if item is None:
        return Rejected(Code.NOT_FOUND, f"The order has no item {command.item_id}.")
    if command.status is item.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.ITEM, item.status, command.status) or _item_refusal(
        order, command, context
    )
    if refused is not None:
        return refused
    reason = command.reason if command.status is ItemStatus.VOIDED else None
    after = replace(item, status=command.status, reason=reason)
    items = tuple(after if each is item else each for each in order.items)
    return _decide(order, _items_events(order, items, order.next_item_id, context), context)


def _item_refusal(order: Order, command: c.UpdateItem, context: Context) -> Rejected | None:
    """A refusal if an item's status cannot change for reasons other than its lifecycle, otherwise
    None."""
    voids = command.status is ItemStatus.VOIDED
    if voids and not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff can void an item.")
    if voids and command.reason is None:
        return Rejected(Code.INVALID_MESSAGE, "reason: is required to void an item.")
    voidable = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.READY)
    if order.status in (voidable if voids else (OrderStatus.CONFIRMED,)):
        return None
    return Rejected(
        Code.INVALID_TRANSITION,
        f"Cannot set an item to '{command.status.value}' because its order is "
        f"'{order.status.value}'.",
        {"current": order.status.value, "allowed": []},
    )


def _replace_items(order: Order, command: c.ReplaceItems, context: Context) -> Decision | Rejected:
    if order.status not in (OrderStatus.PENDING, OrderStatus.CONFIRMED):
        return Rejected(
            Code.INVALID_TRANSITION,
            f"Cannot replace the items because the order is '{order.status.value}'. Place a new "
            "order.",
            {"current": order.status.value, "allowed": []},
        )
    lines = order_lines.price_lines(command, order.currency, context)
    if isinstance(lines, Rejected):
        return lines
    items = order_items.replace_items(order.items, lines, order.next_item_id)
    if items == order.items:
        return UNCHANGED
    next_id = max(order.next_item_id, items[-1].item_id + 1)
    total = sum(item.total for item in items)
    events = _items_events(order, items, next_id, context)
    return _decide(order, events, context, {"total_amount": format_money(total)})


def _items_events(order: Order, items: Items, next_item_id: int, context: Context) -> list[Any]:
    """The events of changed items, with the status of the order that follows from them."""
    events: list[Any] = [ItemsChanged(items, next_item_id)]
    live = order_items.live(items)
    if not live:
        events.append(StatusChanged(OrderStatus.CANCELLED, context.now, "every item was voided"))
    elif order.status is OrderStatus.CONFIRMED and all(
        item.status is ItemStatus.READY for item in live
    ):
        events.append(StatusChanged(OrderStatus.READY, context.now))
    return events


# --- money ---------------------------------------------------------------------------------------


def _pay(order: Order, command: c.Pay, context: Context) -> Decision | Rejected:
    if context.request_ref is None or not context.request_ref.digest:
        return Rejected(
            Code.INVALID_MESSAGE,
            "A payment requires an Idempotency-Key, so that a retry is not a second payment.",
        )
    balance = order.money.balance
    if command.amount > balance:
        return Rejected(
            Code.OVERPAYMENT,
            f"The amount exceeds the balance of {format_money(balance)}.",
            {"balance": format_money(balance)},
        )
    payment = Payment(
        len(order.payments) + 1, command.amount, command.method, context.now, context.caller.subject
    )
    result = {
        "payment_id": payment.payment_id,
        "balance": format_money(balance - payment.amount),
    }
    return _decide(order, [PaymentReceived(payment)], context, result)


def _refund(order: Order, command: c.Refund, context: Context) -> Decision | Rejected:
    due = order.money.refund_due
    if not due:
        return UNCHANGED
    refunded = Refunded(due, context.now, command.reason)
    return _decide(order, [refunded], context, {"amount": format_money(due)})


def is_final(order: Order) -> bool:
    """Whether the order's status is final, and neither a payment nor a refund is due."""
    return not lifecycle.ORDER[order.status] and order.money.is_settled


def is_abandoned(order: Order) -> bool:
    """Whether the order was cancelled before it was confirmed or paid. Guests can create any number
    of such orders, so they are kept for only a day."""
    return (
        order.status is OrderStatus.CANCELLED and order.confirmed_at is None and not order.payments
    )


ORDER: Behaviour[Order] = Behaviour(
    Kind.ORDER, Order, decide, evolve, publish, snapshot, is_final, is_abandoned
)
