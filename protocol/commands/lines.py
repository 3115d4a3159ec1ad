"""Lines of orders: of the menu, or free."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Discriminator, FailFast, Field, Tag

from protocol.menu import LineOptions
from protocol.stored_names import ADDED
from protocol.values import Count, Id, Money, Name, Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLine:
    """A line that orders an item of the menu, with its current name and price."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    menu_item_id: Id
    quantity: Count = 1
    options: LineOptions = field(default=(), metadata=ADDED)
    notes: Notes = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeLine:
    """A line with its own name and price, for staff only."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Name
    unit_price: Money
    quantity: Count = 1
    notes: Notes = ""


def _line_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        return "free" if "name" in value and "menu_item_id" not in value else "menu"
    return "free" if isinstance(value, FreeLine) else "menu"


Line = Annotated[
    Annotated[MenuLine, Tag("menu")] | Annotated[FreeLine, Tag("free")], Discriminator(_line_tag)
]
MAX_LINES = 100
Lines = Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_LINES), FailFast()]


class WithLines:
    """A command whose `items` are lines, for which the menu has prices."""

    __slots__ = ()
    items: Lines

    @property
    def priced_lines(self) -> tuple[Line, ...]:
        return self.items
