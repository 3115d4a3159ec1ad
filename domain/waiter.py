"""The rules of a waiter: a list of notifications, each acknowledged once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain import notification as notes
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Publication,
    Redirect,
)
from domain.messages import Acknowledged, CallHeard, CallUnheard, CreateWaiter, Notify
from domain.notification import Notification, NotificationAcknowledged, NotificationAdded
from domain.record import replace
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind

KEPT = 100
"""Notifications that a waiter's list holds."""


@dataclass(frozen=True, slots=True)
class Waiter:
    id: int
    restaurant_id: int
    restaurant_name: str
    name: str
    raised: int = 0
    tasks: Mapping[str, Notification] = field(default_factory=dict, metadata={"per_entry": True})

    @property
    def home(self) -> Address:
        return Address(Kind.RESTAURANT, self.restaurant_id, self.restaurant_id)


@dataclass(frozen=True, slots=True)
class WaiterCreated:
    waiter: Waiter


@dataclass(frozen=True, slots=True)
class TaskRaised:
    """A task or an alert for this waiter was raised here, and counted."""

    notification: Notification


def evolve(waiter: Waiter | None, event: Any) -> Waiter:
    if isinstance(event, WaiterCreated):
        return event.waiter
    assert waiter is not None
    match event:
        case TaskRaised(notification):
            tasks = notes.added(waiter.tasks, notification, KEPT)
            return replace(waiter, raised=waiter.raised + 1, tasks=tasks)
        case NotificationAdded(notification):
            return replace(waiter, tasks=notes.added(waiter.tasks, notification, KEPT))
        case NotificationAcknowledged():
            return replace(waiter, tasks=notes.acknowledged(waiter.tasks, event))
    raise TypeError(f"a waiter knows no {type(event).__name__}")


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
            return _notified(waiter, command, context)
        case Acknowledged(notification_id, at, by):
            known = waiter.tasks.get(notification_id)
            if known is None or known.acknowledged_at is not None:
                return UNCHANGED
            return Decision((NotificationAcknowledged(notification_id, at, by),))
    return Rejected(Code.UNKNOWN_ACTION, "A waiter does not do that.")


def _create(message: CreateWaiter, context: Context) -> Decision:
    waiter = Waiter(
        id=context.address.id,
        restaurant_id=context.address.restaurant,
        restaurant_name=message.restaurant_name,
        name=message.name,
    )
    return Decision((WaiterCreated(waiter),))


def _acknowledge(waiter: Waiter, command: c.Acknowledge, context: Context) -> Decision | Rejected:
    known = notes.find(waiter.tasks, command.notification_id)
    if isinstance(known, Rejected):
        return known
    if known.acknowledged_at is not None:
        return Decision(result={"acknowledged_by": known.acknowledged_by})
    by = context.caller.subject
    event = NotificationAcknowledged(known.notification_id, context.now, by)
    effects = [Effect(waiter.home, Acknowledged(known.notification_id, context.now, by))]
    if known.call_id is not None:
        session = Address(Kind.SESSION, known.data["session_id"], waiter.restaurant_id)
        effects.append(Effect(session, CallHeard(known.call_id, context.now, by)))
    return Decision((event,), tuple(effects), result={"acknowledged_by": by})


def _raise(
    waiter: Waiter, type_: str, kind: str, command: c.AssignTask | c.RaiseAlert, context: Context
) -> Decision:
    note = Notification(
        notification_id=f"waiter-{waiter.id}-{waiter.raised + 1}",
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
        (Effect(waiter.home, Notify(note)),),
        result={"notification_id": note.notification_id},
    )


def _notified(waiter: Waiter, message: Notify, context: Context) -> Decision:
    """Take it in; a call that this waiter cannot hear goes back at once."""
    effects: tuple[Effect, ...] = ()
    if message.session_id is not None and not context.online:
        session = Address(Kind.SESSION, message.session_id, waiter.restaurant_id)
        call_id = message.notification.call_id
        assert call_id is not None
        effects = (Effect(session, CallUnheard(call_id)),)
    return Decision((NotificationAdded(message.notification),), effects)


def publish(event: Any, waiter: Waiter) -> Iterable[Publication]:
    match event:
        case TaskRaised(notification) | NotificationAdded(notification):
            return (Publication(Channel.WAITER, notification.type, notes.row(notification)),)
        case NotificationAcknowledged(notification_id):
            data = notes.row(waiter.tasks[notification_id])
            return (Publication(Channel.WAITER, "notification_acknowledged", data),)
    return ()


def snapshot(waiter: Waiter, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "tasks_list", {
        "waiter_id": waiter.id,
        "name": waiter.name,
        "restaurant_id": waiter.restaurant_id,
        "restaurant": waiter.restaurant_name,
        "tasks": notes.listed(waiter.tasks),
    }


WAITER: Behaviour[Waiter] = Behaviour(
    Kind.WAITER, Waiter, decide, evolve, publish, snapshot, lambda waiter: False
)
