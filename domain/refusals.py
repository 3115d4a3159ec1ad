"""Hourly budgets of audited refusals of an entity, by class of callers.

Each class has its own budget, so that guests cannot use up that of the staff. Refusals beyond the
budget are only counted; audit entries report the counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from protocol.caller import Caller, Role
from protocol.errors import Code

LEFT_OUT = "refusals_left_out"
"""The type of an audit entry that reports how many refusals have no audit entry."""
DEVICE_SUBJECT = "device:"
"""Prefix of the subject of a device that is not signed in yet."""


class CallerClass(StrEnum):
    """Classes of callers, each with a budget. Do not reorder: stored counts depend on the order."""

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
"""Maximum number of audited refusals per entity and hour. More would displace completed actions
from the audit, which is bounded."""


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
    """The number of refusals of a class that have no audit entry, in the hour that begins at
    `hour`."""

    callers: CallerClass
    hour: datetime
    count: int

    def audit_event(self, now: datetime) -> Mapping[str, Any]:
        """The audit entry that reports them."""
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
    """The numbers of refusals of an entity, audited or not, in the hour that begins at `hour`."""

    hour: datetime
    counts: Mapping[CallerClass, int] = field(default_factory=dict)

    def add(self, caller: Caller, now: datetime) -> "Refusals":
        """The counts after a refusal of this caller. Counts of an earlier hour are dropped."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        counts = dict(self.counts) if hour == self.hour else {}
        callers = class_of(caller)
        counts[callers] = counts.get(callers, 0) + 1
        return Refusals(hour, counts)

    def is_within_budget(self, callers: CallerClass) -> bool:
        """Whether the last refusal of a class is audited."""
        return self.counts[callers] <= AUDITED_AN_HOUR[callers]

    def left_out(self, callers: CallerClass) -> LeftOut:
        """The number of refusals of a class beyond its budget."""
        over = self.counts.get(callers, 0) - AUDITED_AN_HOUR[callers]
        return LeftOut(callers, self.hour, max(0, over))

    def newly_left_out(self, callers: CallerClass) -> LeftOut | None:
        """The report that is due after a refusal of a class: at the 1st, 10th, 100th … refusal
        without an audit entry, otherwise None."""
        left_out = self.left_out(callers)
        return left_out if _is_power_of_ten(left_out.count) else None

    def unreported(self) -> Iterable[LeftOut]:
        """The final reports of this hour, for classes whose last refusal was not reported."""
        reports = (self.left_out(callers) for callers in CallerClass)
        return [each for each in reports if each.count and not _is_power_of_ten(each.count)]

    def stored(self) -> str:
        """The text that `refusals_from` parses. An earlier release parses the counts as one number
        that exceeds its budget: after a rollback, it audits no refusals until the hour is over."""
        counts = "_".join(str(self.counts.get(callers, 0)) for callers in CallerClass)
        return f"{self.hour.isoformat()} {counts}"


NO_REFUSALS = Refusals(datetime.min.replace(tzinfo=UTC))


def refusals_from(stored: str) -> Refusals:
    """Parse stored counts. The single count of an earlier release becomes that of the guests.
    Raises ValueError."""
    if not stored:
        return NO_REFUSALS
    hour, _, counts = stored.partition(" ")
    numbers = zip(CallerClass, map(int, counts.split("_")), strict=False)
    return Refusals(datetime.fromisoformat(hour), dict(numbers))


def _is_power_of_ten(count: int) -> bool:
    return str(count).strip("0") == "1"
