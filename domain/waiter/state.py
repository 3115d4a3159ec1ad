"""The state of a waiter and its events. The rules are in `rules.py`."""

from dataclasses import dataclass, field
from typing import Any

from domain import notifications
from domain.copy import replace
from domain.notifications import (
    Notification,
    NotificationAcknowledged,
    NotificationAdded,
    Notifications,
)
from protocol.ids import Address, Kind
from protocol.stored_names import stored_under

MAX_NOTIFICATIONS = 100
"""Maximum number of notifications in a waiter's list."""


@dataclass(frozen=True, slots=True)
class Waiter:
    id: int
    restaurant_id: int
    restaurant_name: str
    name: str
    notification_count: int = field(default=0, metadata=stored_under("raised"))
    tasks: Notifications = field(default_factory=Notifications, metadata={"per_entry": True})

    @property
    def restaurant(self) -> Address:
        return Address(Kind.RESTAURANT, self.restaurant_id, self.restaurant_id)


@dataclass(frozen=True, slots=True)
class WaiterCreated:
    waiter: Waiter


@dataclass(frozen=True, slots=True)
class TaskRaised:
    """A task or alert was added, and the waiter's count increased."""

    notification: Notification


def evolve(waiter: Waiter | None, event: Any) -> Waiter:
    if isinstance(event, WaiterCreated):
        return event.waiter
    assert waiter is not None
    match event:
        case TaskRaised(notification):
            tasks = notifications.add(waiter.tasks, notification, MAX_NOTIFICATIONS)
            return replace(waiter, notification_count=waiter.notification_count + 1, tasks=tasks)
        case NotificationAdded(notification):
            return replace(
                waiter, tasks=notifications.add(waiter.tasks, notification, MAX_NOTIFICATIONS)
            )
        case NotificationAcknowledged():
            return replace(waiter, tasks=notifications.acknowledge(waiter.tasks, event))
    raise TypeError(f"cannot apply {type(event).__name__} to a waiter")
