"""The items of an order: `pending → ready`, or `voided`, each set alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.copy import replace
from domain.order.line import ChosenOption, OrderLine
from protocol.menu import Allergen
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
    options: tuple[ChosenOption, ...] = ()
    allergens: tuple[Allergen, ...] | None = None

    @property
    def total(self) -> int:
        return 0 if self.status is ItemStatus.VOIDED else self.quantity * self.unit_price

    @property
    def merge_key(self) -> tuple[Any, ...]:
        """The key by which equal lines of an order are merged."""
        return (self.menu_item_id, self.name, self.unit_price, self.notes, self.options)


Items = tuple[Item, ...]


def create_items(lines: Iterable[OrderLine], first_id: int) -> Items:
    """New items with consecutive ids."""
    return tuple(
        Item(
            first_id + n,
            line.name,
            line.quantity,
            line.unit_price,
            line.notes,
            line.menu_item_id,
            options=line.options,
            allergens=line.allergens,
        )
        for n, line in enumerate(lines)
    )


def replace_items(items: Items, lines: Iterable[OrderLine], first_id: int) -> Items:
    """The items after an order's wishes were rewritten.

    A line that asks for what an item already is keeps its id, and its status where the quantity
    is the same. Voided items stay listed.
    """
    left = live(items)
    kept = [item for item in items if item.status is ItemStatus.VOIDED]
    other = []
    for fresh in create_items(
        lines, 0
    ):  # what is the same first, so that no other line takes its place
        match = next((each for each in left if _same(each, fresh)), None)
        if match is None:
            other.append(fresh)
        else:
            left.remove(match)
            kept.append(match)
    for fresh in other:
        match = next((each for each in left if each.merge_key == fresh.merge_key), None)
        if match is None:
            kept.append(replace(fresh, item_id=first_id))
            first_id += 1
        else:
            left.remove(match)
            kept.append(replace(fresh, item_id=match.item_id))
    return tuple(sorted(kept, key=lambda item: item.item_id))


def _same(item: Item, fresh: Item) -> bool:
    return item.merge_key == fresh.merge_key and item.quantity == fresh.quantity


def mark_ready(items: Items) -> Items:
    """Every item that is not voided taken along to ready."""
    return tuple(
        replace(item, status=ItemStatus.READY) if item.status is ItemStatus.PENDING else item
        for item in items
    )


def live(items: Items) -> list[Item]:
    return [item for item in items if item.status is not ItemStatus.VOIDED]
