"""The rules of a restaurant's notifications: alerts, escalated calls, acknowledgements.

The first to acknowledge a notification owns it; all waiters that have it receive the
acknowledgement.
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
    """To all waiters; it names the table where it has one."""
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
    """Step 1 adds every waiter of the zone, step 2 marks it for the managers.

    If the zone has no other waiter, it goes to the managers at once, and only once.
    """
    note = message.notification
    known = restaurant.notifications.get(note.notification_id)
    if known is not None and known.acknowledged_at is not None:
        return UNCHANGED
    if known is not None and known.data.get("escalated_to") == "managers":
        return UNCHANGED
    notified = note.waiter_ids if known is None else known.waiter_ids
    if message.step == MANAGERS:
        return _to_managers(note, notified)
    zone = {
        summary.waiter_id
        for summary in restaurant.tables.values()
        if summary.data["zone"] == message.zone and summary.waiter_id is not None
    }
    more = sorted(zone.difference(notified))
    if not more:
        return _to_managers(note, notified)
    after = _escalated_to("zone", note, (*notified, *more))
    return Decision((NotificationAdded(after),), _to_waiters(restaurant, more, Notify(after)))


def _to_managers(note: Notification, notified: tuple[int, ...]) -> Decision:
    return Decision((NotificationAdded(_escalated_to("managers", note, notified)),))


def _escalated_to(whom: str, note: Notification, waiter_ids: tuple[int, ...]) -> Notification:
    return replace(note, data={**note.data, "escalated_to": whom}, waiter_ids=waiter_ids)


def acknowledge(
    restaurant: Restaurant, command: c.Acknowledge, context: Context
) -> Decision | Rejected:
    """Acknowledge a notification. The session of a call is notified, too."""
    known = notifications.find(restaurant.notifications, command.notification_id)
    if isinstance(known, Rejected):
        return known
    if known.acknowledged_at is not None:
        return Decision(result={"acknowledged_by": known.acknowledged_by})
    by = context.caller.subject
    decision = record_acknowledgement(restaurant, known.notification_id, context.now, by)
    effects = decision.effects
    if known.call_id is not None:
        session = restaurant.at(Kind.SESSION, known.data["session_id"])
        effects = (*effects, Effect(session, CallAcknowledged(known.call_id, context.now, by)))
    return replace(decision, effects=effects, result={"acknowledged_by": by})


def record_acknowledgement(
    restaurant: Restaurant, notification_id: str, at: datetime, by: str
) -> Decision:
    """Take an acknowledgement in and pass it to all waiters that hold the notification."""
    known = restaurant.notifications.get(notification_id)
    if known is None or known.acknowledged_at is not None:
        return UNCHANGED
    return Decision(
        (NotificationAcknowledged(notification_id, at, by),),
        _to_waiters(restaurant, known.waiter_ids, Acknowledged(notification_id, at, by)),
    )


def _to_waiters(
    restaurant: Restaurant, waiter_ids: Iterable[int], message: Any
) -> tuple[Effect, ...]:
    return tuple(Effect(restaurant.at(Kind.WAITER, id_), message) for id_ in waiter_ids)
