"""Content of the cells of a CSV file, for export and import.

A cell that begins like a formula is written with an apostrophe in front, so that spreadsheet
programs do not run it. Lists are separated by `|`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from domain.menu.state import MenuItem, OptionGroup, ServingHours
from protocol.values import format_money

CLEAR = "-"
"""A cell that clears its field; an empty one keeps it."""
NO_ALLERGENS, UNDECLARED = "none", "undeclared"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_PRICE = re.compile(r"\d{1,11}([.,]\d{1,2})?", re.ASCII)
_WORDS = re.compile(r"[\s,;|]+")
_HOURS = re.compile(r"([1-7](?:[-,][1-7])*)\s+(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)", re.ASCII)
_YES = {"true", "yes", "1", "wahr", "ja"}
_NO = {"false", "no", "0", "falsch", "nein"}
"""German spreadsheet programs translate `true` and `false`."""


class WrongCell(ValueError):
    """A cell is invalid; the message says what it must be."""


def escape(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def unescape(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text


def item_cells(
    item: MenuItem, category: str, groups: Mapping[int, OptionGroup], *, decimal_comma: bool
) -> dict[str, str]:
    """The cells of an item by column, without its translations."""
    price = format_money(item.price)
    return {
        "category": escape(category),
        "external_id": escape(item.external_id or ""),
        "id": str(item.id) if item.external_id is None else "",
        "name": escape(item.name),
        "description": escape(item.description),
        "price": price.replace(".", ",") if decimal_comma else price,
        "available": str(item.available).lower(),
        "portions": CLEAR if item.portions is None else str(item.portions),
        "allergens": _allergens(item),
        "diets": "|".join(item.diets),
        "hours": " | ".join(map(_hours, item.hours)),
        "option_groups": escape(
            " | ".join(_reference(groups[id_]) for id_ in item.option_group_ids)
        ),
    }


def _allergens(item: MenuItem) -> str:
    if item.allergens is None:
        return UNDECLARED
    return "|".join(item.allergens) or NO_ALLERGENS


def _hours(hours: ServingHours) -> str:
    return f"{','.join(map(str, hours.days))} {hours.opens}-{hours.closes}"


def _reference(group: OptionGroup) -> str:
    """A group's external id; `#` and its id if it has none, or one that looks different here."""
    name = group.external_id
    if name is None or name.startswith("#") or "|" in name:
        return f"#{group.id}"
    return name


def parse_cell(column: str, cell: str) -> Any:
    """The value of a cell; None if it clears its field. Raises WrongCell."""
    text = cell.strip()
    if text == CLEAR or (column == "allergens" and text.lower() == UNDECLARED):
        return None
    parse = _PARSERS.get(column)
    return unescape(cell) if parse is None else parse(text)


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise WrongCell("must be a whole number")
    return int(text)


def _parse_price(text: str) -> str:
    if not _PRICE.fullmatch(text):
        raise WrongCell('must be an amount without a currency, such as "6.50" or "6,50"')
    return text.replace(",", ".")


def _parse_flag(text: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise WrongCell('must be "true" or "false"')
    return word in _YES


def _parse_words(text: str) -> list[str]:
    return [word for word in _WORDS.split(text.lower()) if word]


def _parse_allergens(text: str) -> list[str]:
    return [] if text.lower() == NO_ALLERGENS else _parse_words(text)


def _parse_hours(text: str) -> list[dict[str, Any]]:
    found = []
    for part in text.split("|"):
        match = _HOURS.fullmatch(part.strip())
        if match is None:
            raise WrongCell('must be days and times, such as "1-5 11:30-15:00 | 6,7 12:00-22:00"')
        opens, closes = (time.rjust(5, "0") for time in match.groups()[1:])
        found.append({"days": _parse_days(match[1]), "from": opens, "to": closes})
    return found


def _parse_days(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        first, last = int(part[0]), int(part[-1])
        if len(part) > 3 or first > last:
            raise WrongCell('must have days such as "1-5" or "6,7"; 1 is Monday and 7 is Sunday')
        days += range(first, last + 1)
    return days


def _parse_groups(text: str) -> list[int | str]:
    names: Iterable[str] = (part.strip() for part in unescape(text).split("|"))
    return [_parse_group(name) for name in names if name]


def _parse_group(name: str) -> int | str:
    number = name.removeprefix("#")
    return _parse_number(number) if number != name and number.isdigit() else name


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "id": _parse_number,
    "price": _parse_price,
    "available": _parse_flag,
    "portions": _parse_number,
    "allergens": _parse_allergens,
    "diets": _parse_words,
    "hours": _parse_hours,
    "option_groups": _parse_groups,
}
