"""The time zones that a restaurant may name: the same on every machine.

The names are those of the `tzdata` package. What the machine itself has would depend on its image,
and includes `localtime` and `Factory`, which mean another zone on each of them.
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
(`EST`) and offsets (`Etc/GMT+5`), none of which keeps the time of a place."""


@cache
def names() -> frozenset[str]:
    """`<area>/<place>` and `UTC`, as browsers know them."""
    listed = (files("tzdata") / "zones").read_text().split()
    return frozenset(name for name in listed if name == "UTC" or name.split("/")[0] in AREAS)


def _known(name: str) -> str:
    if name not in names():
        raise ValueError("an IANA name of a place is needed, such as Europe/Berlin, or UTC")
    return name


TimeZone = Annotated[str, AfterValidator(_known)]


def local_time(at: datetime, timezone: str) -> datetime:
    """A moment in a stored time zone; in UTC if this machine does not know the zone."""
    try:
        return at.astimezone(ZoneInfo(timezone))
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return at.astimezone(UTC)
