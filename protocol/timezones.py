"""The time zones that a restaurant can have, which are the same on every machine.

The names come from the `tzdata` package. The names of the operating system depend on the machine
and include `localtime` and `Factory`, which mean a different zone on each machine.
"""

from bisect import bisect_left
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip
"""Areas of the IANA database. Its other names are aliases (`US/Eastern`), abbreviations (`EST`) and
offsets (`Etc/GMT+5`)."""


@cache
def names() -> frozenset[str]:
    """All `<area>/<place>` names and `UTC`, spelt as browsers report them."""
    listed = (files("tzdata") / "zones").read_text().split()
    return frozenset(name for name in listed if name == "UTC" or name.split("/")[0] in AREAS)


def _check_name(name: str) -> str:
    if name not in names():
        raise ValueError("unknown time zone: use an IANA name such as Europe/Berlin, or UTC")
    return name


TimeZone = Annotated[str, AfterValidator(_check_name)]


def local_time(at: datetime, timezone: str) -> datetime:
    """Convert a time to a stored time zone, or to UTC if this machine lacks the zone."""
    try:
        return at.astimezone(ZoneInfo(timezone))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return at.astimezone(UTC)


def next_local_time(now: datetime, timezone: str, clock: str) -> datetime:
    """The first instant after `now`, in UTC, at which the zone's clocks show `clock` (`"04:00"`).

    A time that clocks skip is the first instant after the gap; one that they show twice is the
    first of both.
    """
    wanted = time.fromisoformat(clock)
    day = local_time(now, timezone).date()
    for days in range(3):
        at = _instant(datetime.combine(day + timedelta(days), wanted), timezone)
        if at > now:
            return at
    raise AssertionError("three days have a next time")


def _instant(naive: datetime, timezone: str) -> datetime:
    """The first instant at which clocks show a time, or have skipped it."""
    zone = local_time(naive.replace(tzinfo=UTC), timezone).tzinfo
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == naive:
        return at
    before = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(int((at - before).total_seconds()))
    gap = bisect_left(
        seconds,
        True,
        key=lambda s: (before + timedelta(seconds=s)).astimezone(zone).replace(tzinfo=None) > naive,
    )
    return before + timedelta(seconds=gap)
