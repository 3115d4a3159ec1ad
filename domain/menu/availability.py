"""Serving hours, the business day, and the ends of pauses and of items' unavailability."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.menu.state import ServingHours
from domain.order.number import BusinessDay
from protocol.errors import Code, Rejected
from protocol.timezones import local_time, next_local_time
from protocol.values import END_OF_DAY


def is_served(hours: Iterable[ServingHours], local: datetime) -> bool:
    """Whether a time, as the restaurant's clocks show it, is within hours. No hours mean always."""
    listed = tuple(hours)
    return not listed or any(_contains(each, local) for each in listed)


def _contains(hours: ServingHours, local: datetime) -> bool:
    clock, today = local.strftime("%H:%M"), local.isoweekday()
    yesterday = (today + 5) % 7 + 1
    if hours.opens < hours.closes:
        return today in hours.days and hours.opens <= clock < hours.closes
    return (today in hours.days and clock >= hours.opens) or (
        yesterday in hours.days and clock < hours.closes
    )


def business_day(now: datetime, timezone: str, day_starts_at: str) -> BusinessDay:
    """The business day of a time."""
    end = next_local_time(now, timezone, day_starts_at)
    date = local_time(end, timezone).date() - timedelta(days=1)
    return BusinessDay(date.isoformat(), (end - now).total_seconds())


def resolve_until(
    until: str | None, now: datetime, timezone: str, day_starts_at: str
) -> datetime | Rejected | None:
    """The time of an `until`; None if it is None; a rejection if it has passed."""
    if until is None:
        return None
    if until == END_OF_DAY:
        return next_local_time(now, timezone, day_starts_at)
    at = datetime.fromisoformat(until)
    if at > now:
        return at
    return Rejected(
        Code.INVALID_MESSAGE, "until: this time has passed. Send a later one.", {"field": "until"}
    )
