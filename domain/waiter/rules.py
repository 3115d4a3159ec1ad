"""The rules of a waiter: tasks, alerts and other notifications, and their acknowledgement."""

from typing import Any

from domain import notifications
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Redirect,
)
from domain.messages import Acknowledged, CallAcknowledged, CallUndelivered, CreateWaiter, Notify
from domain.notifications import Notification, NotificationAcknowledged, NotificationAdded
from domain.waiter.state import TaskRaised, Waiter, WaiterCreated, evolve
from domain.waiter.views import publish, snapshot
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind


def decide(waiter: Waiter | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, CreateWaiter):
        return UNCHANGED if waiter is not None else _create(command, context)
    if waiter is None:
        return Rejected(Code.NOT_FOUND, f"There is no waiter {context.address.id}.")
    match command:
        case c.Acknowledge():
            return _acknowledge(waiter, command, context)
        case c.AssignTask():
            return _raise(waiter, "task_notification", "task", command, context)
        case c.RaiseAlert():
            return _raise(waiter, "alert", "alert", command, context)
        case Notify():
            return _notify(waiter, command, context)
        case Acknowledged(notification_id, at, by):
            listed = waiter.tasks.get(notification_id)
            if listed is None or listed.acknowledged_at is not None:
                return UNCHANGED
            return Decision((NotificationAcknowledged(notification_id, at, by),))
    return Rejected(Code.UNKNOWN_ACTION, "A waiter does not support this action.")


def _create(message: CreateWaiter, context: Context) -> Decision:
    waiter = Waiter(
        id=context.address.id,
        restaurant_id=context.address.restaurant,
        restaurant_name=message.restaurant_name,
        name=message.name,
    )
    return Decision((WaiterCreated(waiter),))


def _acknowledge(waiter: Waiter, command: c.Acknowledge, context: Context) -> Decision | Rejected:
    listed = notifications.find(waiter.tasks, command.notification_id)
    if isinstance(listed, Rejected):
        return listed
    if listed.acknowledged_at is not None:
        return Decision(result={"acknowledged_by": listed.acknowledged_by})
    by = context.caller.subject
    event = NotificationAcknowledged(listed.notification_id, context.now, by)
    effects = [Effect(waiter.restaurant, Acknowledged(listed.notification_id, context.now, by))]
    if listed.call_id is not None:
        session = Address(Kind.SESSION, listed.data["session_id"], waiter.restaurant_id)
        effects.append(Effect(session, CallAcknowledged(listed.call_id, context.now, by)))
    return Decision((event,), tuple(effects), result={"acknowledged_by": by})


def _raise(
    waiter: Waiter, type_: str, kind: str, command: c.AssignTask | c.RaiseAlert, context: Context
) -> Decision:
    note = Notification(
        notification_id=f"waiter-{waiter.id}-{waiter.notification_count + 1}",
        type=type_,
        kind=kind,
        data={
            "message": command.message,
            "table_id": command.table_id,
            "waiter_id": waiter.id,
        },
        created_at=context.now,
        waiter_ids=(waiter.id,),
    )
    return Decision(
        (TaskRaised(note),),
        (Effect(waiter.restaurant, Notify(note)),),
        result={"notification_id": note.notification_id},
    )


def _notify(waiter: Waiter, message: Notify, context: Context) -> Decision:
    """Add a notification. If it is a call and the waiter is not connected, report that to the
    session, which escalates the call."""
    effects: tuple[Effect, ...] = ()
    if message.session_id is not None and not context.online:
        session = Address(Kind.SESSION, message.session_id, waiter.restaurant_id)
        call_id = message.notification.call_id
        assert call_id is not None
        effects = (Effect(session, CallUndelivered(call_id)),)
    return Decision((NotificationAdded(message.notification),), effects)


WAITER: Behaviour[Waiter] = Behaviour(
    Kind.WAITER, Waiter, decide, evolve, publish, snapshot, lambda waiter: False
)
