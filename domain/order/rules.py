"""The rules of an order.

* Status: `pending → confirmed → ready → delivered`. An order can be `cancelled` until it is
  delivered. `delivered` and `cancelled` are final.
* The rules of items are in `item_rules.py`. If an order is set to ready, its items become ready. If
  a ready order is recalled to confirmed, which needs a reason, its items become pending.
* An order whose items are all ready becomes ready after a grace period. Within it, the order can be
  set to ready or delivered.
* A payment cannot exceed the balance. The payments of a cancelled order are due for a refund.
* Guests can only cancel an order, while it is pending. Later, waiters need a reason to cancel it.
"""

from typing import Any

from domain import lifecycle
from domain.entity import UNCHANGED, Behaviour, Context, Decision, Redirect
from domain.messages import OpenOrder, ReadyDue
from domain.order import item as order_items
from domain.order import item_rules
from domain.order.decision import decide_events
from domain.order.effects import effects_of
from domain.order.payment import Payment
from domain.order.state import (
    ItemsChanged,
    Order,
    OrderPlaced,
    PaymentReceived,
    Refunded,
    StatusChanged,
    evolve,
)
from domain.order.views import publish, snapshot
from domain.portions import AskReservation
from domain.reservations import answer_menu
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import OrderStatus
from protocol.values import format_money

_MANAGEMENT = (Role.MANAGER, Role.ADMIN)
_NO_REASON = "none given"


def decide(order: Order | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, OpenOrder):
        return UNCHANGED if order is not None else _open(command, context)
    if isinstance(command, AskReservation):
        answers = None if order is None else order.reservations
        return answer_menu(answers, command.number, context)
    if order is None:
        return Rejected(Code.NOT_FOUND, f"There is no order {context.address.id}.")
    match command:
        case ReadyDue():
            return _end_grace(order, context)
        case c.UpdateStatus():
            return _update_status(order, command, context)
        case c.UpdateItem():
            return item_rules.update_item(order, command, context)
        case c.ReplaceItems():
            return item_rules.replace_items(order, command, context)
        case c.AddItems():
            return item_rules.add_items(order, command, context)
        case c.VoidItems():
            return item_rules.void_items(order, command, context)
        case c.DeliverItems():
            return item_rules.deliver_items(order, command, context)
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
        number=message.number,
        ready_grace_s=message.ready_grace_s,
    )
    events: list[Any] = [OrderPlaced(order)]
    if message.is_confirmed:
        events.append(StatusChanged(OrderStatus.CONFIRMED, message.placed_at))
        order = evolve(order, events[-1])
    return Decision(tuple(events), effects_of(events, order))


# --- status --------------------------------------------------------------------------------------


def _update_status(order: Order, command: c.UpdateStatus, context: Context) -> Decision | Rejected:
    if command.status is order.status:
        return UNCHANGED
    ends_grace = order.is_in_grace and command.status is OrderStatus.DELIVERED
    refused = lifecycle.refusal(lifecycle.ORDER, order.status, command.status)
    if refused is not None and not ends_grace:
        return refused
    if not context.caller.is_staff and order.status is not OrderStatus.PENDING:
        return Rejected(
            Code.FORBIDDEN, "Guests can only cancel an order that is still pending. Ask the staff."
        )
    reason = command.reason
    if command.status is OrderStatus.CANCELLED and order.status is not OrderStatus.PENDING:
        if reason is None and context.caller.role not in _MANAGEMENT:
            return Rejected(
                Code.INVALID_MESSAGE,
                "reason: is required to cancel an order that is confirmed or ready.",
            )
        reason = reason or _NO_REASON
    events: list[Any] = []
    items = order.items
    if command.status is OrderStatus.READY:
        items = order_items.mark_ready(items)
    elif command.status is OrderStatus.CONFIRMED and order.status is OrderStatus.READY:
        if reason is None:
            return _recall_without_reason(order)
        items = order_items.mark_pending(items)
    if items != order.items:
        events.append(ItemsChanged(items, order.next_item_id))
    if ends_grace:
        events.append(StatusChanged(OrderStatus.READY, context.now))
    events.append(StatusChanged(command.status, context.now, reason))
    return decide_events(order, events, context)


def _recall_without_reason(order: Order) -> Rejected:
    """Not `invalid_message`, because to clients that do not know recalls this is a step back."""
    allowed = sorted({OrderStatus.CANCELLED, OrderStatus.DELIVERED})
    return Rejected(
        Code.INVALID_TRANSITION,
        "Cannot change status from 'ready' to 'confirmed' without a reason.",
        {"current": order.status.value, "allowed": allowed},
    )


def _end_grace(order: Order, context: Context) -> Decision:
    if not order.is_in_grace:
        return UNCHANGED
    return decide_events(order, [StatusChanged(OrderStatus.READY, context.now)], context)


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
    return decide_events(order, [PaymentReceived(payment)], context, result)


def _refund(order: Order, command: c.Refund, context: Context) -> Decision | Rejected:
    due = order.money.refund_due
    if not due:
        return UNCHANGED
    refunded = Refunded(due, context.now, command.reason)
    return decide_events(order, [refunded], context, {"amount": format_money(due)})


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
