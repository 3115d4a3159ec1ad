"""The rows that a file consists of, checked one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from domain.menu.wrong_row import WrongRow
from protocol.codec import first_error
from protocol.menu import CategoryRow, GroupRow, ItemRow

T = TypeVar("T")

MAX_ROWS = 10_000
"""Maximum number of items in a file."""


@dataclass(slots=True)
class MenuRows:
    """The rows of a file. `wrong` are the others, as `WrongRow.row`."""

    items: list[ItemRow] = field(default_factory=list)
    categories: list[CategoryRow] = field(default_factory=list)
    option_groups: list[GroupRow] | None = None
    expected_version: int | None = None
    wrong: list[dict[str, Any]] = field(default_factory=list)


def checked(model: type[T], line: int, fields: Mapping[str, Any]) -> T:
    """A row with these fields. Raises WrongRow with the path of the first wrong one."""
    if model not in _adapters:
        _adapters[model] = TypeAdapter(model)
    try:
        row: T = _adapters[model].validate_python(fields)
    except ValidationError as error:
        _, path, what = first_error(error)
        raise WrongRow(line, path, what) from None
    return row


_adapters: dict[type, TypeAdapter[Any]] = {}
