"""Notifications in the lists of waiters and restaurants.

The id of a notification is derived from its cause (`order-5-3`) and is the same in every list. A
notification is acknowledged once, with the time and the caller; another acknowledgement changes
nothing. Lists are bounded: the oldest acknowledged notification is dropped first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from operator import attrgetter
from typing import Any

from domain.copy import replace
from domain.rows import Rows
from protocol.errors import Code, Rejected


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification. `type` is the type of its event, `data` that event's own fields.
    `waiter_ids` are the waiters whose lists contain it. `call_id` is set for a guest's call."""

    notification_id: str
    type: str
    kind: str
    data: Mapping[str, Any]
    created_at: datetime
    waiter_ids: tuple[int, ...] = ()
    call_id: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


class Notifications(Rows[str, Notification]):
    """Notifications by id, oldest first."""

    __slots__ = ()

    @staticmethod
    def rank(key: str, entry: Notification) -> tuple[datetime, str]:
        return entry.created_at, key


@dataclass(frozen=True, slots=True)
class NotificationAdded:
    """A notification was added, or replaced by one with the same id."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class NotificationAcknowledged:
    notification_id: str
    at: datetime
    by: str


def row(notification: Notification) -> dict[str, Any]:
    """The fields of a notification in lists and events."""
    return {
        **notification.data,
        "notification_id": notification.notification_id,
        "kind": notification.kind,
        "created_at": notification.created_at,
        "acknowledged_at": notification.acknowledged_at,
        "acknowledged_by": notification.acknowledged_by,
    }


def list_rows(notifications: Notifications) -> list[dict[str, Any]]:
    """The rows of a list, oldest first, each with its type."""
    return notifications.encoded_rows(lambda each: {"type": each.type, **row(each)})


def add(notifications: Notifications, notification: Notification, max_length: int) -> Notifications:
    """The list with a notification added. If it is longer than `max_length`, the oldest
    acknowledged notification is dropped or, if there is none, the oldest."""
    longer = notifications.with_entry(notification.notification_id, notification)
    if len(longer) <= max_length:
        return longer
    acknowledged = compress(notifications, map(_acknowledged_at, notifications.values()))
    return longer.without_entry(next(acknowledged, next(iter(notifications))))


_acknowledged_at = attrgetter("acknowledged_at")


def acknowledge(notifications: Notifications, event: NotificationAcknowledged) -> Notifications:
    """The list after a notification was acknowledged."""
    before = notifications[event.notification_id]
    after = replace(before, acknowledged_at=event.at, acknowledged_by=event.by)
    return notifications.with_entry(event.notification_id, after)


def find(notifications: Notifications, notification_id: str) -> Notification | Rejected:
    """The notification with this id, or a refusal if the list does not contain it."""
    return notifications.get(notification_id) or Rejected(
        Code.NOT_FOUND,
        "There is no such notification in this list.",
        {"notification_id": notification_id},
    )
