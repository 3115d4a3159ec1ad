"""The time zones that a restaurant may name: the same on every machine.

The names are those of the `tzdata` package. A machine's own names depend on its image, and include
`localtime` and `Factory`, which mean a different zone on each machine.
"""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip
"""Areas of the IANA database. The rest are links of other systems (`US/Eastern`), abbreviations
(`EST`) and offsets (`Etc/GMT+5`), which do not follow the time of a place."""


@cache
def names() -> frozenset[str]:
    """All `<area>/<place>` names and `UTC`, in the spelling of browsers."""
    listed = (files("tzdata") / "zones").read_text().split()
    return frozenset(name for name in listed if name == "UTC" or name.split("/")[0] in AREAS)


def _known(name: str) -> str:
    if name not in names():
        raise ValueError("unknown time zone: use an IANA name such as Europe/Berlin, or UTC")
    return name


TimeZone = Annotated[str, AfterValidator(_known)]


def local_time(at: datetime, timezone: str) -> datetime:
    """Convert a time to a stored time zone, or to UTC if this machine lacks the zone."""
    try:
        return at.astimezone(ZoneInfo(timezone))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return at.astimezone(UTC)
