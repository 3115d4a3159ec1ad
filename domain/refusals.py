"""Hourly budgets of audited refusals for one entity, by class of callers.

Each class has its own budget, so that guests cannot use up that of the staff. Refusals beyond the
budget are only counted, and audit entries report the counts from time to time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from protocol.caller import Caller, Role
from protocol.errors import Code

LEFT_OUT = "refusals_left_out"
"""The type of an audit entry that reports how many refusals have no entry of their own."""
DEVICE_SUBJECT = "device:"
"""Prefix of the subjects of devices that are not signed in yet."""


class CallerClass(StrEnum):
    """Callers that share a budget. Stored counts depend on the order of the members."""

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
"""Audited refusals per entity and hour: more would push completed actions out of the audit."""


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
    """How many refusals of a class have no audit entry, in the hour that starts at `hour`."""

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
    """Refusals of an entity, audited or not, in the hour that starts at `hour`."""

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
        """The report on a class that was just refused: at its first refusal without an entry, the
        tenth, the hundredth and so on; otherwise None."""
        left_out = self.left_out(callers)
        return left_out if _is_power_of_ten(left_out.count) else None

    def unreported(self) -> Iterable[LeftOut]:
        """The reports that this hour still lacks, once it is over."""
        each = (self.left_out(callers) for callers in CallerClass)
        return [one for one in each if one.count and not _is_power_of_ten(one.count)]

    def stored(self) -> str:
        """The form that `refusals_from` reads. An earlier release reads the counts as one number
        beyond its budget, so after a rollback it audits no refusals until the hour is over."""
        counts = "_".join(str(self.counts.get(callers, 0)) for callers in CallerClass)
        return f"{self.hour.isoformat()} {counts}"


NO_REFUSALS = Refusals(datetime.min.replace(tzinfo=UTC))


def refusals_from(stored: str) -> Refusals:
    """Read stored counts. The single count of an earlier release is taken as the guests'."""
    if not stored:
        return NO_REFUSALS
    hour, _, counts = stored.partition(" ")
    numbers = zip(CallerClass, map(int, counts.split("_")), strict=False)
    return Refusals(datetime.fromisoformat(hour), dict(numbers))


def _is_power_of_ten(count: int) -> bool:
    return str(count).strip("0") == "1"
