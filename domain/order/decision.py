"""The decision that an order's events make, with all that follows from them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.entity import Context, Decision, Effect, Timer
from domain.messages import ReadyDue
from domain.order.effects import acknowledge_ready, effects_of
from domain.order.state import FullyPaid, Order, evolve
from domain.portions import ReturnPortions, excess
from domain.reservations import menu_of
from protocol.statuses import OrderStatus

_READY_TIMER = "ready"


def decide_events(
    order: Order, events: Sequence[Any], context: Context, result: Mapping[str, Any] | None = None
) -> Decision:
    """A decision with these events, the full payment that they may complete, the timer of the grace
    period, and the effects on other entities. `result` adds fields to the ack."""
    after = order
    for event in events:
        after = evolve(after, event)
    money = after.money
    if after.paid_at is None and money.net_paid and money.amount_due and not money.balance:
        events = (*events, FullyPaid(context.now))
        after = evolve(after, events[-1])
    effects = effects_of(events, after)
    if order.status is OrderStatus.READY and after.status is OrderStatus.CONFIRMED:
        effects += acknowledge_ready(order, context.now, context.caller.subject)
    if order.status is OrderStatus.PENDING:
        effects += _return_portions(order, after, context)
    timers: tuple[Timer, ...] = ()
    cancels: tuple[str, ...] = ()
    if after.is_in_grace and not order.is_in_grace:
        due = context.now + timedelta(seconds=order.ready_grace_s)
        timers = (Timer(_READY_TIMER, due, ReadyDue()),)
    elif order.is_in_grace and not after.is_in_grace:
        cancels = (_READY_TIMER,)
    return Decision(tuple(events), effects, timers, cancels, result or {})


def _return_portions(order: Order, after: Order, context: Context) -> tuple[Effect, ...]:
    """Give back the portions that a pending order no longer takes. Later they were prepared."""
    returned = excess(order.portions, after.portions)
    return (Effect(menu_of(context.address), ReturnPortions(returned)),) if returned else ()
