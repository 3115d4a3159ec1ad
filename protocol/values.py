"""The value types of the wire: money, times, bounded strings and numbers.

Money is an integer of minor units inside and a two-decimal string (`"250.00"`) on the wire. Times
are aware UTC datetimes inside and RFC 3339 with `Z` on the wire.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

MAX_MINOR_UNITS = 10**12
"""The largest price, payment and total of an order, in any currency. JavaScript adds thousands of
such amounts without an error: its integers are exact up to 2**53."""
_MONEY = re.compile(r"(\d{1,11})(?:\.(\d{1,2}))?", re.ASCII)


def parse_money(value: Any) -> int:
    """Minor units of `"250.00"`, `"250"` or the integer 250 (whole units, never a float).

    >>> parse_money("2.5")
    250
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    match = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            'money is a string, not negative, with at most two decimals, such as "250.00"'
        )
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def format_money(minor: int) -> str:
    """The wire form of minor units; a debt has a minus sign.

    >>> format_money(25000)
    '250.00'
    """
    if minor < 0:
        return "-" + format_money(-minor)
    return f"{minor // 100}.{minor % 100:02d}"


def _bounded(minor: int) -> int:
    if minor > MAX_MINOR_UNITS:
        raise ValueError(f"an amount is at most {format_money(MAX_MINOR_UNITS)}")
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
    """Minor units as `parse_money`, also of a negative amount, such as `"-0.50"`."""
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
Version = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _text(longest: int, shortest: int = 1) -> StringConstraints:
    return StringConstraints(
        strip_whitespace=True, min_length=shortest, max_length=longest, strict=True
    )


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
