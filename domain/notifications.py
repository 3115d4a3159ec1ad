"""Notifications of waiters and of the restaurant, each acknowledged once.

A notification has one id, made of its cause (`order-5-3`), wherever it is listed. `created →
acknowledged`, with who and when; acknowledging again changes nothing. Lists are bounded: the
oldest acknowledged one goes first.
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


class Notifications(Rows[str, Notification]):
    """Notifications by id, oldest first."""

    __slots__ = ()

    @staticmethod
    def rank(key: str, entry: Notification) -> tuple[datetime, str]:
        return entry.created_at, key


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


def list_rows(notifications: Notifications) -> list[dict[str, Any]]:
    """All of a list, oldest first, each with its type."""
    return notifications.encoded_rows(lambda each: {"type": each.type, **row(each)})


def add(notifications: Notifications, notification: Notification, keep: int) -> Notifications:
    """The list with one more; over `keep` the oldest acknowledged, else the oldest, is dropped."""
    grown = notifications.with_entry(notification.notification_id, notification)
    if len(grown) <= keep:
        return grown
    done = compress(notifications, map(_acknowledged_at, notifications.values()))
    return grown.without_entry(next(done, next(iter(notifications))))


_acknowledged_at = attrgetter("acknowledged_at")


def acknowledge(notifications: Notifications, event: NotificationAcknowledged) -> Notifications:
    """The list after an acknowledgement."""
    before = notifications[event.notification_id]
    after = replace(before, acknowledged_at=event.at, acknowledged_by=event.by)
    return notifications.with_entry(event.notification_id, after)


def find(notifications: Notifications, notification_id: str) -> Notification | Rejected:
    """The notification of that id, or the refusal that there is none."""
    return notifications.get(notification_id) or Rejected(
        Code.NOT_FOUND, "There is no such notification here.", {"notification_id": notification_id}
    )
