"""Changed copies of the frozen dataclasses that states are made of."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

R = TypeVar("R")


def replace(record: R, **changed: Any) -> R:
    """`dataclasses.replace` at a third of its cost, for records of two fields or more, all of them
    arguments of `__init__`."""
    cls: Any = type(record)
    values_of, index = _shape(cls)
    values = list(values_of(record))
    for name, value in changed.items():
        values[index[name]] = value
    copy: R = cls(*values)
    return copy


@cache
def _shape(cls: Any) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]:
    names = [each.name for each in fields(cls)]
    return attrgetter(*names), {name: index for index, name in enumerate(names)}
