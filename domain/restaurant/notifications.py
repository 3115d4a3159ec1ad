"""The rules of a restaurant's notifications: alerts, escalated calls, acknowledgements.

The first acknowledgement of a notification counts. It is sent to all waiters whose lists contain
the notification.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain import notifications
from domain.copy import replace
from domain.entity import UNCHANGED, Context, Decision, Effect
from domain.messages import Acknowledged, CallAcknowledged, EscalateCall, Notify
from domain.notifications import Notification, NotificationAcknowledged, NotificationAdded
from domain.restaurant.state import AlertRaised, Restaurant
from domain.session.call import MANAGERS
from protocol import commands as c
from protocol.errors import Rejected
from protocol.ids import Kind


def raise_alert(restaurant: Restaurant, command: c.RaiseAlert, context: Context) -> Decision:
    """Send an alert to all waiters. If it is about a table, it contains the table's number."""
    data: dict[str, Any] = {"message": command.message, "table_id": command.table_id}
    table = restaurant.tables.get(command.table_id or 0)
    if table is not None:
        data["table_number"] = table.data["table_number"]
    note = Notification(
        notification_id=f"restaurant-{restaurant.id}-{restaurant.alert_count + 1}",
        type="alert",
        kind="alert",
        data=data,
        created_at=context.now,
        waiter_ids=tuple(sorted(restaurant.waiters)),
    )
    return Decision(
        (AlertRaised(note),),
        _to_waiters(restaurant, note.waiter_ids, Notify(note)),
        result={"notification_id": note.notification_id},
    )


def escalate(restaurant: Restaurant, message: EscalateCall) -> Decision:
    """Escalate a call to all waiters of its zone (step 1) or to the managers (step 2). If step 1
    finds no further waiter, the call escalates to the managers immediately."""
    note = message.notification
    listed = restaurant.notifications.get(note.notification_id)
    if listed is not None and listed.acknowledged_at is not None:
        return UNCHANGED
    if listed is not None and listed.data.get("escalated_to") == "managers":
        return UNCHANGED
    notified = note.waiter_ids if listed is None else listed.waiter_ids
    if message.step == MANAGERS:
        return _to_managers(note, notified)
    zone = {
        summary.waiter_id
        for summary in restaurant.tables.values()
        if summary.data["zone"] == message.zone and summary.waiter_id is not None
    }
    others = sorted(zone.difference(notified))
    if not others:
        return _to_managers(note, notified)
    after = _escalated_to("zone", note, (*notified, *others))
    return Decision((NotificationAdded(after),), _to_waiters(restaurant, others, Notify(after)))


def _to_managers(note: Notification, notified: tuple[int, ...]) -> Decision:
    return Decision((NotificationAdded(_escalated_to("managers", note, notified)),))


def _escalated_to(group: str, note: Notification, waiter_ids: tuple[int, ...]) -> Notification:
    return replace(note, data={**note.data, "escalated_to": group}, waiter_ids=waiter_ids)


def acknowledge(
    restaurant: Restaurant, command: c.Acknowledge, context: Context
) -> Decision | Rejected:
    """Acknowledge a notification. If it is a call, its session is notified as well."""
    listed = notifications.find(restaurant.notifications, command.notification_id)
    if isinstance(listed, Rejected):
        return listed
    if listed.acknowledged_at is not None:
        return Decision(result={"acknowledged_by": listed.acknowledged_by})
    by = context.caller.subject
    decision = record_acknowledgement(restaurant, listed.notification_id, context.now, by)
    effects = decision.effects
    if listed.call_id is not None:
        session = restaurant.at(Kind.SESSION, listed.data["session_id"])
        effects = (*effects, Effect(session, CallAcknowledged(listed.call_id, context.now, by)))
    return replace(decision, effects=effects, result={"acknowledged_by": by})


def record_acknowledgement(
    restaurant: Restaurant, notification_id: str, at: datetime, by: str
) -> Decision:
    """Record an acknowledgement, and send it to all waiters whose lists contain the
    notification."""
    listed = restaurant.notifications.get(notification_id)
    if listed is None or listed.acknowledged_at is not None:
        return UNCHANGED
    return Decision(
        (NotificationAcknowledged(notification_id, at, by),),
        _to_waiters(restaurant, listed.waiter_ids, Acknowledged(notification_id, at, by)),
    )


def _to_waiters(
    restaurant: Restaurant, waiter_ids: Iterable[int], message: Any
) -> tuple[Effect, ...]:
    return tuple(Effect(restaurant.at(Kind.WAITER, id_), message) for id_ in waiter_ids)
