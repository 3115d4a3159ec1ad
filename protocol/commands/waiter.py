"""Commands of waiters: tasks, alerts and notifications."""

from dataclasses import dataclass
from typing import Literal

from protocol.commands.base import TABLE_ID, Command
from protocol.values import Id, NotificationId, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    action: Literal["acknowledge"] = "acknowledge"
    notification_id: NotificationId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTask(Command):
    references = TABLE_ID

    action: Literal["assign_task"] = "assign_task"
    message: Text
    table_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlert(Command):
    references = TABLE_ID

    action: Literal["raise_alert"] = "raise_alert"
    message: Text
    table_id: Id | None = None
