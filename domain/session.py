"""The rules of a session: one party at one table, `open → closed`.

* `guests_count` is at least 1.
* It closes when every order is delivered or cancelled and nothing is to be paid; staff may force it
  with a reason. Closing frees the table and resolves its open calls.
* What its orders are it knows from their messages; of two the later version counts.
* A second call of the same reason while one is open changes nothing. An open call that nobody
  acknowledges escalates, each step once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain import call as calls_
from domain import lifecycle
from domain.call import Call
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Publication,
    Redirect,
    Timer,
)
from domain.item import priced
from domain.messages import (
    Acknowledged,
    CallHeard,
    CallOverdue,
    CallTimed,
    CallUnheard,
    EscalateCall,
    GuestsChanged,
    Notify,
    OpenOrder,
    OpenSession,
    OrderCard,
    OrderChanged,
    SessionEnded,
)
from domain.order import free_text_refusal
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import CallStatus, OrderStatus, PaymentStatus, SessionStatus
from protocol.values import format_money


@dataclass(frozen=True, slots=True)
class Session:
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
    orders: Mapping[int, OrderCard] = field(
        default_factory=dict, metadata={"per_entry": True}
    )
    calls: Mapping[str, Call] = field(default_factory=dict, metadata={"per_entry": True})

    @property
    def is_open(self) -> bool:
        return self.status is SessionStatus.OPEN

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.restaurant_id)

    @property
    def home(self) -> Address:
        return self.at(Kind.RESTAURANT, self.restaurant_id)


# --- events --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionOpened:
    session: Session


@dataclass(frozen=True, slots=True)
class GuestsCounted:
    guests_count: int


@dataclass(frozen=True, slots=True)
class OrderNoted:
    """What an order of this session is by now."""

    card: OrderCard


@dataclass(frozen=True, slots=True)
class CallMade:
    call: Call


@dataclass(frozen=True, slots=True)
class CallChanged:
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
        case OrderNoted(card):
            return replace(session, orders={**session.orders, card.order_id: card})
        case CallMade(call) | CallChanged(call):
            return replace(session, calls={**session.calls, call.call_id: call})
        case SessionClosed(at):
            return replace(session, status=SessionStatus.CLOSED, closed_at=at)
    raise TypeError(f"a session knows no {type(event).__name__}")


# --- decide --------------------------------------------------------------------------------------


def decide(
    session: Session | None, command: Any, context: Context
) -> Decision | Rejected | Redirect:
    if isinstance(command, OpenSession):
        return UNCHANGED if session is not None else _open(command, context)
    if session is None:
        return Rejected(Code.NOT_FOUND, f"There is no session {context.address.id}.")
    match command:
        case c.UpdateGuestsCount():
            return _update_guests(session, command)
        case c.PlaceOrder():
            return _place_order(session, command, context)
        case c.CloseSession():
            return _close(session, command, context)
        case c.CallWaiter():
            return _call(session, command, context)
        case c.UpdateCall():
            return _update_call(session, command, context)
        case OrderChanged(card):
            known = session.orders.get(card.order_id)
            stale = known is not None and known.version >= card.version
            return UNCHANGED if stale else Decision((OrderNoted(card),))
        case CallHeard(call_id, at, by):
            return _heard(session, call_id, at, by)
        case CallUnheard(call_id):
            return _escalate(session, call_id, calls_.ZONE, context)
        case CallOverdue(call_id, step):
            return _escalate(session, call_id, step, context)
    return Rejected(Code.UNKNOWN_ACTION, "A session does not do that.")


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
        started_at=context.now,
    )
    return Decision((SessionOpened(session),))


def _closed(session: Session) -> Rejected | None:
    if session.is_open:
        return None
    return Rejected(Code.SESSION_CLOSED, "This session is closed. Ask for a new one.")


def _update_guests(session: Session, command: c.UpdateGuestsCount) -> Decision | Rejected:
    if (refused := _closed(session)) is not None:
        return refused
    if command.guests_count == session.guests_count:
        return UNCHANGED
    to_table = Effect(
        session.at(Kind.TABLE, session.table_id),
        GuestsChanged(session.id, command.guests_count),
    )
    return Decision((GuestsCounted(command.guests_count),), (to_table,))


def _place_order(
    session: Session, command: c.PlaceOrder, context: Context
) -> Decision | Rejected:
    refused = _closed(session) or free_text_refusal(command.items, context)
    if refused is not None:
        return refused
    lines = priced(command.items, context.supplies.prices)
    order_id = context.supplies.id
    assert order_id is not None
    total = sum(line.quantity * line.unit_price for line in lines)
    card = OrderCard(
        order_id=order_id,
        version=0,
        status=OrderStatus.PENDING,
        payment_status=PaymentStatus.UNPAID,
        total=total,
        balance=total,
        items_count=sum(line.quantity for line in lines),
        table_number=session.table_number,
        created_at=context.now,
    )
    opening = OpenOrder(
        session_id=session.id,
        table_id=session.table_id,
        table_number=session.table_number,
        waiter_id=session.waiter_id,
        currency=session.currency,
        lines=lines,
    )
    return Decision(
        (OrderNoted(card),),
        (Effect(session.at(Kind.ORDER, order_id), opening, creates=True),),
        result={"order_id": order_id},
    )


def _close(session: Session, command: c.CloseSession, context: Context) -> Decision | Rejected:
    if not session.is_open:
        return UNCHANGED
    refused = _force_refusal(command, context) if command.force else _unsettled(session)
    if refused is not None:
        return refused
    events: list[Any] = []
    effects: list[Effect] = []
    cancels: list[str] = []
    for call in session.calls.values():
        if call.status is not CallStatus.RESOLVED:
            resolved = _resolved(session, call, context)
            events += resolved.events
            effects += resolved.effects
            cancels += resolved.cancels
    events.append(SessionClosed(context.now, command.force, command.reason))
    table = session.at(Kind.TABLE, session.table_id)
    origin = context.origin if context.origin and context.origin.asked == table else None
    effects.append(Effect(table, SessionEnded(session.id, origin)))
    return Decision(tuple(events), tuple(effects), cancels=tuple(cancels))


def _force_refusal(command: c.CloseSession, context: Context) -> Rejected | None:
    if not context.caller.is_staff:
        return Rejected(Code.FORBIDDEN, "Only staff may close what is not settled.")
    if command.reason is None:
        return Rejected(Code.INVALID_MESSAGE, "reason: say why the session is closed by force.")
    return None


def _unsettled(session: Session) -> Rejected | None:
    open_orders = sorted(
        order_id
        for order_id, card in session.orders.items()
        if lifecycle.ORDER[card.status] or card.balance
    )
    if not open_orders:
        return None
    return Rejected(
        Code.UNSETTLED,
        "There are open orders or an open balance. Deliver, cancel or pay them first.",
        {"open_orders": open_orders, "balance": format_money(_balance(session))},
    )


def _balance(session: Session) -> int:
    return sum(card.balance for card in session.orders.values())


# --- calls ---------------------------------------------------------------------------------------


def _call(session: Session, command: c.CallWaiter, context: Context) -> Decision | Rejected:
    if (refused := _closed(session)) is not None:
        return refused
    for known in session.calls.values():
        if known.reason is command.reason and known.status is CallStatus.OPEN:
            return Decision(result={"call_id": known.call_id})
    call = Call(f"{session.id}-{len(session.calls) + 1}", command.reason, context.now)
    made = CallMade(call)
    note = call.notification(session.id, session.table_id, session.table_number, session.waiter_id)
    effects = [Effect(session.home, Notify(note))]
    result = {"call_id": call.call_id}
    if session.waiter_id is None:
        after = evolve(session, made)
        escalated = _escalate(after, call.call_id, calls_.ZONE, context)
        return replace(
            escalated,
            events=(made, *escalated.events),
            effects=(*effects, *escalated.effects),
            result=result,
        )
    waiter = session.at(Kind.WAITER, session.waiter_id)
    effects.append(Effect(waiter, Notify(note, session.id)))
    return Decision(
        (made,), tuple(effects), (_timer(session, call, calls_.ZONE, context),), result=result
    )


def _timer(session: Session, call: Call, step: int, context: Context) -> Timer:
    due = context.now + timedelta(seconds=session.call_escalation_s)
    return Timer(call.timer, due, CallOverdue(call.call_id, step))


def _escalate(session: Session, call_id: str, step: int, context: Context) -> Decision:
    """The next step for a call that is still open; a step already taken is not taken again."""
    call = session.calls.get(call_id)
    if call is None or call.status is not CallStatus.OPEN or call.escalated >= step:
        return UNCHANGED
    note = call.notification(session.id, session.table_id, session.table_number, session.waiter_id)
    return Decision(
        (CallChanged(replace(call, escalated=step)),),
        (Effect(session.home, EscalateCall(note, session.zone, step)),),
        (_timer(session, call, calls_.MANAGERS, context),) if step < calls_.MANAGERS else (),
    )


def _heard(session: Session, call_id: str, at: datetime, by: str) -> Decision:
    """Somebody acknowledged: the call escalates no further."""
    call = session.calls.get(call_id)
    if call is None or call.status is not CallStatus.OPEN:
        return UNCHANGED
    after = replace(
        call, status=CallStatus.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=by
    )
    took = CallTimed(call.reason, acknowledged_s=(at - call.opened_at).total_seconds())
    return Decision(
        (CallChanged(after),), (Effect(session.home, took),), cancels=(call.timer,)
    )


def _update_call(
    session: Session, command: c.UpdateCall, context: Context
) -> Decision | Rejected:
    call = session.calls.get(command.call_id)
    if call is None:
        return Rejected(Code.NOT_FOUND, f"There is no call {command.call_id}.")
    if command.status is call.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.CALL, call.status, command.status)
    if refused is not None:
        return refused
    if command.status is CallStatus.RESOLVED:
        return _resolved(session, call, context)
    return _with_acknowledgement(
        session, call, context, _heard(session, call.call_id, context.now, context.caller.subject)
    )


def _resolved(session: Session, call: Call, context: Context) -> Decision:
    after = replace(call, status=CallStatus.RESOLVED, resolved_at=context.now)
    took = CallTimed(
        call.reason, resolved_s=(context.now - call.opened_at).total_seconds()
    )
    return _with_acknowledgement(
        session,
        call,
        context,
        Decision((CallChanged(after),), (Effect(session.home, took),), cancels=(call.timer,)),
    )


def _with_acknowledgement(
    session: Session, call: Call, context: Context, decision: Decision
) -> Decision:
    """The call's notification is done with wherever it is listed."""
    seen = Acknowledged(f"call-{call.call_id}", context.now, context.caller.subject)
    return replace(decision, effects=(*decision.effects, Effect(session.home, seen)))


# --- what is seen --------------------------------------------------------------------------------


def publish(event: Any, session: Session) -> Iterable[Publication]:
    if isinstance(event, SessionOpened):
        return ()
    closed = isinstance(event, SessionClosed)
    type_ = "session_status" if closed else "session_update"
    return (Publication(Channel.SESSION, type_, data_of(session)),)


def snapshot(session: Session, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "session_status", data_of(session)


def data_of(session: Session) -> dict[str, Any]:
    """The fields of `session_status` and `session_update`."""
    cards = session.orders.values()
    return {
        "id": session.id,
        "session_code": session.session_code,
        "status": session.status,
        "guests_count": session.guests_count,
        "started_at": session.started_at,
        "closed_at": session.closed_at,
        "restaurant_id": session.restaurant_id,
        "table_id": session.table_id,
        "table_number": session.table_number,
        "zone": session.zone,
        "waiter_id": session.waiter_id,
        "currency": session.currency,
        "orders": [_order_row(card) for card in cards],
        "total_amount": format_money(sum(card.total for card in cards)),
        "balance": format_money(_balance(session)),
        "calls": [call.row() for call in session.calls.values()],
    }


def _order_row(card: OrderCard) -> dict[str, Any]:
    return {
        "order_id": card.order_id,
        "status": card.status,
        "payment_status": card.payment_status,
        "total_amount": format_money(card.total),
        "balance": format_money(card.balance),
        "items_count": card.items_count,
        "created_at": card.created_at,
    }


SESSION: Behaviour[Session] = Behaviour(
    Kind.SESSION, Session, decide, evolve, publish, snapshot, lambda session: not session.is_open
)
