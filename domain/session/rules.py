"""The rules of a session: one party at one table, `open → closed`.

* A session can be closed when every order is delivered or cancelled and nothing is due. Staff can
  force it with a reason. Closing frees the table and resolves the open calls.
* A session in which nothing was ordered closes by itself after some time. Opening the session,
  calling a waiter and changing the number of guests start that time again.
* The number of orders that guests can place is limited, and so is the number of pending ones.
* Orders report summaries, of which the one with the highest version is current.
* The rules of calls are in `call_rules.py`.
"""

from typing import Any

from domain import lifecycle, reservations
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Confirmation,
    Context,
    Decision,
    Effect,
    Redirect,
)
from domain.messages import (
    CallAcknowledged,
    CallUndelivered,
    EmptyDue,
    EscalationDue,
    GuestsChanged,
    OpenOrder,
    OpenSession,
    OrderChanged,
    OrderSummary,
    SessionEnded,
)
from domain.order import lines as order_lines
from domain.order.payment import Money
from domain.portions import AskReservation, portions_taken
from domain.session import call_rules
from domain.session.call import ZONE
from domain.session.empty import EMPTY_TIMER, empty_timer
from domain.session.state import (
    GuestCountChanged,
    OrderLinked,
    Session,
    SessionClosed,
    SessionOpened,
    evolve,
)
from domain.session.views import publish, snapshot
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import CallStatus, OrderStatus
from protocol.values import format_money

_CLOSE_EMPTY = c.CloseSession(reason="nothing was ordered")
MAX_PENDING_ORDERS = 30
"""Number of pending orders at which guests cannot place another one."""
MAX_ORDERS = 200
"""Number of orders, including cancelled ones, at which guests cannot place another one: each event
of the session contains all of them."""


def decide(
    session: Session | None, command: Any, context: Context
) -> Decision | Rejected | Redirect:
    if isinstance(command, OpenSession):
        return UNCHANGED if session is not None else _open(command, context)
    if isinstance(command, AskReservation):
        answers = None if session is None else session.reservations
        return reservations.answer_menu(answers, command.number, context)
    if session is None:
        return Rejected(Code.NOT_FOUND, f"There is no session {context.address.id}.")
    match command:
        case c.UpdateGuestsCount():
            return _closed_refusal(session) or _update_guests(session, command, context)
        case c.PlaceOrder():
            return _closed_refusal(session) or _place_order(session, command, context)
        case c.Quote():
            return _closed_refusal(session) or _quote(session, command, context)
        case c.CallWaiter():
            return _closed_refusal(session) or call_rules.create_call(session, command, context)
        case c.CloseSession():
            return _close(session, command, context)
        case c.UpdateCall():
            return call_rules.update_call(session, command, context)
    return _receive(session, command, context)


def _receive(session: Session, message: Any, context: Context) -> Decision | Rejected:
    """Handle a message of another entity, or a timer of the session."""
    match message:
        case OrderChanged(summary, notes_bytes):
            current = session.orders.get(summary.order_id)
            is_stale = current is not None and current.version >= summary.version
            return UNCHANGED if is_stale else Decision((OrderLinked(summary, notes_bytes),))
        case CallAcknowledged(call_id, at, by):
            return call_rules.acknowledge(session, call_id, at, by)
        case CallUndelivered(call_id):
            return call_rules.escalate(session, call_id, ZONE, context)
        case EscalationDue(call_id, step):
            return call_rules.escalate(session, call_id, step, context)
        case EmptyDue():
            return UNCHANGED if session.orders else _close(session, _CLOSE_EMPTY, context)
    return Rejected(Code.UNKNOWN_ACTION, "A session does not support this action.")


def _open(message: OpenSession, context: Context) -> Decision:
    session = Session(
        id=context.address.id,
        restaurant_id=context.address.restaurant,
        session_code=message.code,
        table_id=message.table_id,
        table_number=message.table_number,
        zone=message.zone,
        guests_count=message.guests_count,
        waiter_id=message.waiter_id,
        currency=message.currency,
        call_escalation_s=message.call_escalation_s,
        started_at=message.started_at,
        empty_minutes=message.empty_minutes,
    )
    return Decision((SessionOpened(session),), timers=empty_timer(session, context))


def _closed_refusal(session: Session) -> Rejected | None:
    if session.is_open:
        return None
    return Rejected(
        Code.SESSION_CLOSED, "Cannot do this because the session is closed. Open a new session."
    )


def _update_guests(session: Session, command: c.UpdateGuestsCount, context: Context) -> Decision:
    if command.guests_count == session.guests_count:
        return UNCHANGED
    to_table = Effect(
        session.at(Kind.TABLE, session.table_id), GuestsChanged(session.id, command.guests_count)
    )
    timers = empty_timer(session, context)
    return Decision((GuestCountChanged(command.guests_count),), (to_table,), timers)


# --- orders --------------------------------------------------------------------------------------


def _place_order(session: Session, command: c.PlaceOrder, context: Context) -> Decision | Rejected:
    notes_bytes = 0 if context.caller.is_staff else order_lines.notes_bytes(command.items)
    lines = order_lines.price_lines(command, session.currency, context)
    if isinstance(lines, Rejected):
        return lines
    portions = portions_taken(lines)
    refused = _limit_refusal(session, notes_bytes, context) or reservations.reservation_refusal(
        session.reservations, portions, lines, context
    )
    if refused is not None:
        return refused
    order_id, number = context.inputs.id, context.inputs.order_number
    assert order_id is not None
    opening = OpenOrder(
        session_id=session.id,
        table_id=session.table_id,
        table_number=session.table_number,
        waiter_id=session.waiter_id,
        currency=session.currency,
        placed_at=context.now,
        lines=lines,
        is_confirmed=_is_confirmed(session, context.inputs.confirmation),
        number=number,
        ready_grace_s=context.inputs.ready_grace_s,
    )
    summary = _new_summary(session, order_id, opening, context)
    answer = reservations.answer_with(portions, context)
    return Decision(
        (OrderLinked(summary, notes_bytes, answer),),
        (
            Effect(session.at(Kind.ORDER, order_id), opening, creates=True),
            *reservations.answer_effects(context.address, answer),
        ),
        cancels=() if session.orders else (EMPTY_TIMER,),
        result={"order_id": order_id, "number": None if number is None else number.number},
    )


def _quote(session: Session, command: c.Quote, context: Context) -> Decision | Rejected:
    """Price an order without placing it."""
    lines = order_lines.price_lines(command, session.currency, context)
    if isinstance(lines, Rejected):
        return lines
    prices = [
        {"name": line.name, "quantity": line.quantity, "unit_price": format_money(line.unit_price)}
        for line in lines
    ]
    total = format_money(order_lines.total_of(lines))
    return Decision(result={"total_amount": total, "currency": session.currency, "items": prices})


def _limit_refusal(session: Session, notes_bytes: int, context: Context) -> Rejected | None:
    """A refusal if guests cannot place another order, otherwise None: the kitchen must not be
    flooded with unconfirmed orders, and the size of a session is limited."""
    if context.caller.is_staff:
        return None
    if len(session.orders) >= MAX_ORDERS:
        return Rejected(
            Code.FORBIDDEN,
            f"Cannot place another order because this table has placed {MAX_ORDERS}. "
            "Ask a waiter to place it.",
        )
    if session.notes_bytes + notes_bytes > order_lines.MAX_SESSION_NOTES_BYTES:
        return Rejected(
            Code.FORBIDDEN,
            "Cannot place an order with these notes because this table has used up its space for "
            "notes. Order without notes, or ask a waiter.",
        )
    if session.orders.pending < MAX_PENDING_ORDERS:
        return None
    return Rejected(
        Code.RATE_LIMITED,
        f"Cannot place another order because {MAX_PENDING_ORDERS} orders of this table are not "
        "confirmed yet. Try again when one is confirmed.",
    )


def _is_confirmed(session: Session, confirmation: Confirmation) -> bool:
    """Whether a new order is confirmed when it is placed."""
    if confirmation is Confirmation.AFTER_FIRST:
        return any(summary.status in _CONFIRMED for summary in session.orders.values())
    return confirmation is Confirmation.AT_ONCE


_CONFIRMED = (OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)


def _new_summary(
    session: Session, order_id: int, opening: OpenOrder, context: Context
) -> OrderSummary:
    """The summary of a new order."""
    lines, total = opening.lines, order_lines.total_of(opening.lines)
    return OrderSummary(
        order_id=order_id,
        version=2 if opening.is_confirmed else 1,
        status=OrderStatus.CONFIRMED if opening.is_confirmed else OrderStatus.PENDING,
        payment_status=Money(total, paid=0, refunded=0, cancelled=False).status,
        total=total,
        balance=total,
        items_count=sum(line.quantity for line in lines),
        table_number=session.table_number,
        created_at=context.now,
        table_id=session.table_id,
        number=None if opening.number is None else opening.number.number,
    )


# --- closing -------------------------------------------------------------------------------------


def _close(session: Session, command: c.CloseSession, context: Context) -> Decision | Rejected:
    if not session.is_open:
        return UNCHANGED
    refused = _force_refusal(command) if command.force else _unsettled_refusal(session)
    if refused is not None:
        return refused
    resolutions = [
        call_rules.resolve(session, call, context)
        for call in session.calls.values()
        if call.status is not CallStatus.RESOLVED
    ]
    table = session.at(Kind.TABLE, session.table_id)
    request_ref = (
        context.request_ref if context.request_ref and context.request_ref.target == table else None
    )
    return Decision(
        events=(
            *(event for each in resolutions for event in each.events),
            SessionClosed(context.now, command.force, command.reason),
        ),
        effects=(
            *(effect for each in resolutions for effect in each.effects),
            Effect(table, SessionEnded(session.id, request_ref)),
        ),
        cancels=(*(key for each in resolutions for key in each.cancels), EMPTY_TIMER),
    )


def _force_refusal(command: c.CloseSession) -> Rejected | None:
    if command.reason is None:
        return Rejected(Code.INVALID_MESSAGE, "reason: is required to force a session to close.")
    return None


def _unsettled_refusal(session: Session) -> Rejected | None:
    open_orders = sorted(
        order_id
        for order_id, summary in session.orders.items()
        if lifecycle.ORDER[summary.status] or summary.balance
    )
    if not open_orders:
        return None
    return Rejected(
        Code.UNSETTLED,
        "Cannot close the session because orders are open or not paid. Deliver and pay them, or "
        "cancel them.",
        {"open_orders": open_orders, "balance": format_money(session.orders.balance)},
    )


SESSION: Behaviour[Session] = Behaviour(
    Kind.SESSION, Session, decide, evolve, publish, snapshot, lambda session: not session.is_open
)
