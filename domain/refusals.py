"""How many refusals of an entity are audited within an hour, counted by who was refused.

Each class of callers has a budget of its own, so that guests cannot use up that of the staff. What
is over the budget is counted, and now and then the audit says how many that were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from protocol.caller import Caller, Role
from protocol.errors import Code

LEFT_OUT = "refusals_left_out"
"""The type of an audit entry that says how many refusals have none of their own."""
DEVICE_SUBJECT = "device:"
"""How the subject of a device begins that is not signed in yet."""


class CallerClass(StrEnum):
    """Callers that share a budget. The order is part of what is stored."""

    GUEST = "guest"
    STAFF = "staff"
    DEVICE = "device"
    UNKNOWN = "unknown"


AUDITED_AN_HOUR: Mapping[CallerClass, int] = {
    CallerClass.GUEST: 20,
    CallerClass.STAFF: 50,
    CallerClass.DEVICE: 20,
    CallerClass.UNKNOWN: 10,
}
"""Refusals of one entity that are audited: many more would push out what was done."""


def class_of(caller: Caller) -> CallerClass:
    """The class whose budget a refusal of this caller uses."""
    if caller.is_staff:
        return CallerClass.STAFF
    if caller.role is Role.GUEST:
        return CallerClass.GUEST
    is_device = caller.subject.startswith(DEVICE_SUBJECT)
    return CallerClass.DEVICE if is_device else CallerClass.UNKNOWN


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many refusals of a class have no audit entry in the hour that began then."""

    callers: CallerClass
    hour: datetime
    count: int

    def audit_event(self, now: datetime) -> Mapping[str, Any]:
        """The audit entry that says so."""
        return {
            "type": LEFT_OUT,
            "outcome": Code.RATE_LIMITED,
            "at": now,
            "by": "system",
            "role": "system",
            "from": None,
            "request_id": None,
            "data": {"callers": self.callers, "count": self.count, "hour": self.hour},
        }


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many refusals an entity has had in the hour that began then, audited or not."""

    hour: datetime
    counts: Mapping[CallerClass, int] = field(default_factory=dict)

    def add(self, caller: Caller, now: datetime) -> "Refusals":
        """The counts with a refusal of this caller; those of another hour are dropped."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        counts = dict(self.counts) if hour == self.hour else {}
        callers = class_of(caller)
        counts[callers] = counts.get(callers, 0) + 1
        return Refusals(hour, counts)

    def is_within_budget(self, callers: CallerClass) -> bool:
        """Whether the last refusal of a class is audited."""
        return self.counts[callers] <= AUDITED_AN_HOUR[callers]

    def left_out(self, callers: CallerClass) -> LeftOut:
        """The refusals of a class that are over its budget."""
        over = self.counts.get(callers, 0) - AUDITED_AN_HOUR[callers]
        return LeftOut(callers, self.hour, max(0, over))

    def newly_left_out(self, callers: CallerClass) -> LeftOut | None:
        """What the audit says of a class that was just refused: at the first that is left out, the
        tenth, the hundredth and so on."""
        left_out = self.left_out(callers)
        return left_out if _is_power_of_ten(left_out.count) else None

    def unsaid(self) -> Iterable[LeftOut]:
        """What the audit has not said of this hour, once it is over."""
        each = (self.left_out(callers) for callers in CallerClass)
        return [one for one in each if one.count and not _is_power_of_ten(one.count)]

    def stored(self) -> str:
        """What `refusals_from` reads. An earlier release reads the counts as one number, which is
        over its budget: after a rollback it audits no refusals until the hour is over."""
        counts = "_".join(str(self.counts.get(callers, 0)) for callers in CallerClass)
        return f"{self.hour.isoformat()} {counts}"


NO_REFUSALS = Refusals(datetime.min.replace(tzinfo=UTC))


def refusals_from(stored: str) -> Refusals:
    """The stored counts. An earlier release stored one for all, which is taken for the guests'."""
    if not stored:
        return NO_REFUSALS
    hour, _, counts = stored.partition(" ")
    numbers = zip(CallerClass, map(int, counts.split("_")), strict=False)
    return Refusals(datetime.fromisoformat(hour), dict(numbers))


def _is_power_of_ten(count: int) -> bool:
    return str(count).strip("0") == "1"
