"""Notifications: what waiters and the restaurant are told and acknowledge.

A notification has one id, made of its cause (`order-5-3`), wherever it is listed. `created →
acknowledged`, with who and when; acknowledging again changes nothing. Lists are bounded: the
oldest acknowledged one goes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.record import replace
from protocol.errors import Code, Rejected


@dataclass(frozen=True, slots=True)
class Notification:
    """`type` is the channel event it is sent as; `data` are the document's fields of it.

    `waiter_ids` hold it too. `call_id` is set for a guest's call.
    """

    notification_id: str
    type: str
    kind: str
    data: Mapping[str, Any]
    created_at: datetime
    waiter_ids: tuple[int, ...] = ()
    call_id: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


Notifications = Mapping[str, Notification]


@dataclass(frozen=True, slots=True)
class NotificationAdded:
    """A notification was raised, or raised again with more to say."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class NotificationAcknowledged:
    notification_id: str
    at: datetime
    by: str


def row(notification: Notification) -> dict[str, Any]:
    """A notification as it stands in lists and events."""
    return {
        **notification.data,
        "notification_id": notification.notification_id,
        "kind": notification.kind,
        "created_at": notification.created_at,
        "acknowledged_at": notification.acknowledged_at,
        "acknowledged_by": notification.acknowledged_by,
    }


def listed(notifications: Notifications) -> list[dict[str, Any]]:
    """All of a list, oldest first, each with its type."""
    return [{"type": each.type, **row(each)} for each in sorted(notifications.values(), key=_age)]


def added(
    notifications: Notifications, notification: Notification, keep: int
) -> dict[str, Notification]:
    """The list with one more; over `keep` the oldest acknowledged, else the oldest, is dropped."""
    grown = {**notifications, notification.notification_id: notification}
    if len(grown) > keep:
        done = [each for each in notifications.values() if each.acknowledged_at is not None]
        oldest = min(done or notifications.values(), key=_age)
        del grown[oldest.notification_id]
    return grown


def _age(notification: Notification) -> tuple[datetime, str]:
    """What sorts the oldest first. A mapping's order would not do: the store does not keep it."""
    return notification.created_at, notification.notification_id


def acknowledged(
    notifications: Notifications, event: NotificationAcknowledged
) -> dict[str, Notification]:
    """The list after an acknowledgement."""
    before = notifications[event.notification_id]
    after = replace(before, acknowledged_at=event.at, acknowledged_by=event.by)
    return {**notifications, event.notification_id: after}


def find(notifications: Notifications, notification_id: str) -> Notification | Rejected:
    """The notification of that id, or the refusal that there is none."""
    return notifications.get(notification_id) or Rejected(
        Code.NOT_FOUND, "There is no such notification here.", {"notification_id": notification_id}
    )
