"""The items of an order: `pending → ready`, or `voided`, each set alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.messages import OrderLine
from domain.record import replace
from protocol.commands import Line, MenuLine
from protocol.statuses import ItemStatus


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order; `unit_price` in minor units, `reason` why it was voided."""

    item_id: int
    name: str
    quantity: int
    unit_price: int
    notes: str = ""
    menu_item_id: int | None = None
    status: ItemStatus = ItemStatus.PENDING
    reason: str | None = None

    @property
    def total(self) -> int:
        return 0 if self.status is ItemStatus.VOIDED else self.quantity * self.unit_price

    @property
    def wish(self) -> tuple[int | None, str, int, str]:
        """What makes two lines the same wish."""
        return (self.menu_item_id, self.name, self.unit_price, self.notes)


Items = tuple[Item, ...]


def priced(lines: Iterable[Line], prices: Mapping[int, tuple[str, int]]) -> tuple[OrderLine, ...]:
    """Lines with name and price: the menu's (`prices`), or their own where they are free text."""
    return tuple(
        _of_menu(line, *prices[line.menu_item_id])
        if isinstance(line, MenuLine)
        else OrderLine(line.name, line.quantity, line.unit_price, line.notes)
        for line in lines
    )


def _of_menu(line: MenuLine, name: str, price: int) -> OrderLine:
    return OrderLine(name, line.quantity, price, line.notes, line.menu_item_id)


def numbered(lines: Iterable[OrderLine], first_id: int) -> Items:
    """New items with consecutive ids."""
    return tuple(
        Item(first_id + n, line.name, line.quantity, line.unit_price, line.notes, line.menu_item_id)
        for n, line in enumerate(lines)
    )


def replaced(items: Items, lines: Iterable[OrderLine], first_id: int) -> Items:
    """The items after an order's wishes were rewritten.

    A line that asks for what an item already is keeps its id, and its status where the quantity
    is the same. Voided items stay listed.
    """
    left = live(items)
    kept = [item for item in items if item.status is ItemStatus.VOIDED]
    other = []
    for fresh in numbered(
        lines, 0
    ):  # what is the same first, so that no other line takes its place
        match = next((each for each in left if _same(each, fresh)), None)
        if match is None:
            other.append(fresh)
        else:
            left.remove(match)
            kept.append(match)
    for fresh in other:
        match = next((each for each in left if each.wish == fresh.wish), None)
        if match is None:
            kept.append(replace(fresh, item_id=first_id))
            first_id += 1
        else:
            left.remove(match)
            kept.append(replace(fresh, item_id=match.item_id))
    return tuple(sorted(kept, key=lambda item: item.item_id))


def _same(item: Item, fresh: Item) -> bool:
    return item.wish == fresh.wish and item.quantity == fresh.quantity


def all_ready(items: Items) -> Items:
    """Every item that is not voided taken along to ready."""
    return tuple(
        replace(item, status=ItemStatus.READY) if item.status is ItemStatus.PENDING else item
        for item in items
    )


def live(items: Items) -> list[Item]:
    return [item for item in items if item.status is not ItemStatus.VOIDED]
