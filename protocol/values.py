"""The value types of the wire: money, times, bounded strings and numbers.

In the code, an amount of money is an integer of minor units and a time is an aware UTC datetime. On
the wire, they are a string with two decimals (`"250.00"`) and an RFC 3339 string with `Z`.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

MAX_MINOR_UNITS = 10**12
"""Maximum of a price, a payment and the total of an order, in any currency. JavaScript, whose
integers are exact up to 2**53, can add thousands of such amounts without an error."""
_MONEY = re.compile(r"(\d{1,11})(?:\.(\d{1,2}))?", re.ASCII)


def parse_money(value: Any) -> int:
    """Minor units of an amount such as `"250.00"`, `"250"` or the integer 250 (whole units). Raises
    ValueError, also for floats.

    >>> parse_money("2.5")
    250
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    match = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            'must be a non-negative amount as a string with at most two decimals, such as "250.00"'
        )
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def format_money(minor: int) -> str:
    """An amount in minor units as the string for the wire.

    >>> format_money(25000)
    '250.00'
    """
    if minor < 0:
        return "-" + format_money(-minor)
    return f"{minor // 100}.{minor % 100:02d}"


def _bounded(minor: int) -> int:
    if minor > MAX_MINOR_UNITS:
        raise ValueError(f"must be at most {format_money(MAX_MINOR_UNITS)}")
    return minor


Money = Annotated[
    int,
    BeforeValidator(parse_money),
    AfterValidator(_bounded),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{1,11}(\.\d{1,2})?$", "examples": ["250.00"]}
    ),
]


def parse_signed_money(value: Any) -> int:
    """Like `parse_money`, but also accepts negative amounts such as `"-0.50"`."""
    if isinstance(value, str) and value.startswith("-"):
        return -parse_money(value[1:])
    return parse_money(value)


SignedMoney = Annotated[
    int,
    BeforeValidator(parse_signed_money),
    AfterValidator(_bounded),
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?\d{1,11}(\.\d{1,2})?$", "examples": ["-0.50"]}
    ),
]
Id = Annotated[int, Field(gt=0, le=2**53 - 1, strict=True)]
Count = Annotated[int, Field(ge=1, le=999, strict=True)]
Minutes = Annotated[int, Field(ge=0, le=1440, strict=True)]
Seconds = Annotated[int, Field(ge=0, le=300, strict=True)]
Version = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _text(max_chars: int, min_chars: int = 1) -> StringConstraints:
    return StringConstraints(
        strip_whitespace=True, min_length=min_chars, max_length=max_chars, strict=True
    )


def _instant(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        pass
    raise ValueError('a time with its zone is needed, such as "2026-01-28T21:00:00Z"')


_TIME_TEXT = StringConstraints(max_length=40, strict=True)
Instant = Annotated[str, _TIME_TEXT, AfterValidator(_instant)]
"""A time with its zone, as ISO 8601 in UTC."""
END_OF_DAY = "end_of_day"
Until = Annotated[
    str,
    _TIME_TEXT,
    AfterValidator(lambda value: value if value == END_OF_DAY else _instant(value)),
]
"""A time, or `"end_of_day"`: when the restaurant's next business day begins."""
Label = Annotated[str, _text(40)]
Name = Annotated[str, _text(120)]
JoinCode = Annotated[str, _text(80)]
Notes = Annotated[str, _text(500, 0)]
Reason = Annotated[str, _text(200)]
Text = Annotated[str, _text(1000)]
RequestId = Annotated[str, StringConstraints(min_length=1, max_length=64, strict=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$", strict=True)]
NotificationId = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    StringConstraints(min_length=1, max_length=64, strict=True),
]
