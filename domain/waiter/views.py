"""Snapshots of a waiter, and the events that its subscribers receive."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain import notifications
from domain.entity import (
    Publication,
)
from domain.notifications import (
    NotificationAcknowledged,
    NotificationAdded,
)
from domain.waiter.state import TaskRaised, Waiter
from protocol.ids import Channel


def publish(event: Any, waiter: Waiter) -> Iterable[Publication]:
    match event:
        case TaskRaised(notification) | NotificationAdded(notification):
            return (
                Publication(Channel.WAITER, notification.type, notifications.row(notification)),
            )
        case NotificationAcknowledged(notification_id):
            data = notifications.row(waiter.tasks[notification_id])
            return (Publication(Channel.WAITER, "notification_acknowledged", data),)
    return ()


def snapshot(waiter: Waiter, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "tasks_list", {
        "waiter_id": waiter.id,
        "name": waiter.name,
        "restaurant_id": waiter.restaurant_id,
        "restaurant": waiter.restaurant_name,
        "tasks": notifications.list_rows(waiter.tasks),
    }
