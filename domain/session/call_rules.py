"""The rules of a session's calls: create, acknowledge, escalate, resolve.

* A call with the same reason as an open one changes nothing.
* A call that is not acknowledged in time escalates to the next step, and each step is taken once.
  If the table's waiter is not connected, or it has none, the first step is taken immediately.
* When a call is acknowledged or resolved, so is its notification in all lists.
"""

from datetime import datetime, timedelta

from domain import lifecycle
from domain.copy import replace
from domain.entity import UNCHANGED, Context, Decision, Effect, Timer
from domain.messages import Acknowledged, CallDurationReported, EscalateCall, EscalationDue, Notify
from domain.notifications import Notification
from domain.session.call import MANAGERS, ZONE, Call
from domain.session.empty import empty_timer
from domain.session.state import CallChanged, CallMade, Session
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Kind
from protocol.statuses import CallStatus


def create_call(session: Session, command: c.CallWaiter, context: Context) -> Decision:
    """Create a call, unless one with this reason is open."""
    for existing in session.calls.values():
        if existing.reason is command.reason and existing.status is CallStatus.OPEN:
            return Decision(result={"call_id": existing.call_id})
    call = Call(f"{session.id}-{len(session.calls) + 1}", command.reason, context.now)
    note = _notification(session, call)
    result = {"call_id": call.call_id}
    to_restaurant = Effect(session.restaurant, Notify(note))
    if session.waiter_id is None:
        call = replace(call, escalated=ZONE)
        escalation = Effect(session.restaurant, EscalateCall(note, session.zone, ZONE))
        effects, next_step = (to_restaurant, escalation), MANAGERS
    else:
        waiter = session.at(Kind.WAITER, session.waiter_id)
        effects, next_step = (to_restaurant, Effect(waiter, Notify(note, session.id))), ZONE
    timers = (_timer(session, call, next_step, context), *empty_timer(session, context))
    return Decision((CallMade(call),), effects, timers, result=result)


def escalate(session: Session, call_id: str, step: int, context: Context) -> Decision:
    """Take an escalation step of an open call, unless it was taken before."""
    call = session.calls.get(call_id)
    if call is None or call.status is not CallStatus.OPEN or call.escalated >= step:
        return UNCHANGED
    escalation = EscalateCall(_notification(session, call), session.zone, step)
    timers = (_timer(session, call, MANAGERS, context),) if step < MANAGERS else ()
    return Decision(
        (CallChanged(replace(call, escalated=step)),),
        (Effect(session.restaurant, escalation),),
        timers,
    )


def acknowledge(session: Session, call_id: str, at: datetime, by: str) -> Decision:
    """Acknowledge an open call, which ends its escalation."""
    call = session.calls.get(call_id)
    if call is None or call.status is not CallStatus.OPEN:
        return UNCHANGED
    after = replace(call, status=CallStatus.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=by)
    duration = CallDurationReported(
        call.reason, acknowledged_s=(at - call.opened_at).total_seconds()
    )
    return Decision(
        (CallChanged(after),), (Effect(session.restaurant, duration),), cancels=(call.timer,)
    )


def update_call(session: Session, command: c.UpdateCall, context: Context) -> Decision | Rejected:
    """Acknowledge or resolve a call on a client's command."""
    call = session.calls.get(command.call_id)
    if call is None:
        return Rejected(Code.NOT_FOUND, f"There is no call {command.call_id}.")
    if command.status is call.status:
        return UNCHANGED
    refused = lifecycle.refusal(lifecycle.CALL, call.status, command.status)
    if refused is not None:
        return refused
    if command.status is CallStatus.RESOLVED:
        return resolve(session, call, context)
    decision = acknowledge(session, call.call_id, context.now, context.caller.subject)
    acknowledgement = _acknowledgement(session, call, context)
    return replace(decision, effects=(*decision.effects, acknowledgement))


def resolve(session: Session, call: Call, context: Context) -> Decision:
    """Resolve a call."""
    after = replace(call, status=CallStatus.RESOLVED, resolved_at=context.now)
    duration = CallDurationReported(
        call.reason, resolved_s=(context.now - call.opened_at).total_seconds()
    )
    effects = (Effect(session.restaurant, duration), _acknowledgement(session, call, context))
    return Decision((CallChanged(after),), effects, cancels=(call.timer,))


def _acknowledgement(session: Session, call: Call, context: Context) -> Effect:
    """The effect that acknowledges the call's notification in all lists."""
    return Effect(
        session.restaurant, Acknowledged(call.notification_id, context.now, context.caller.subject)
    )


def _timer(session: Session, call: Call, step: int, context: Context) -> Timer:
    due = context.now + timedelta(seconds=session.call_escalation_s)
    return Timer(call.timer, due, EscalationDue(call.call_id, step))


def _notification(session: Session, call: Call) -> Notification:
    return call.notification(session.id, session.table_id, session.table_number, session.waiter_id)
