"""The items of an order. Each has its own status: `pending`, `ready` or `voided`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.copy import replace
from domain.order.line import ChosenOption, OrderLine
from protocol.menu import Allergen
from protocol.statuses import ItemStatus


@dataclass(frozen=True, slots=True)
class Void:
    """Some units of an item that were voided while others stayed."""

    units: int
    reason: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an order. `unit_price` is in minor units, `reason` is why the item was voided.

    `voids` are the units that were voided before the last ones: with `quantity` they add up to the
    units ordered. `delivered_at` is set if the item was delivered by itself. `portions_of` is as in
    `OrderLine`.
    """

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
    voids: tuple[Void, ...] = ()
    delivered_at: datetime | None = None
    portions_of: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return 0 if self.status is ItemStatus.VOIDED else self.quantity * self.unit_price

    @property
    def merge_key(self) -> tuple[Any, ...]:
        """Items with equal keys order the same thing."""
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
            portions_of=line.portions_of,
        )
        for n, line in enumerate(lines)
    )


def replace_items(items: Items, lines: Iterable[OrderLine], first_id: int) -> Items:
    """The items after an order's lines were replaced. A line for the same thing as an existing item
    keeps the item's id and, if the quantity is the same, its status. New items get ids from
    `first_id` on. Voided items remain in the list."""
    unmatched = live(items)
    result = [item for item in items if item.status is ItemStatus.VOIDED]
    changed = []
    # Match items with equal quantities first, so that no other line takes them.
    for new in create_items(lines, 0):
        match = next((each for each in unmatched if _is_same(each, new)), None)
        if match is None:
            changed.append(new)
        else:
            unmatched.remove(match)
            result.append(match)
    for new in changed:
        match = next((each for each in unmatched if each.merge_key == new.merge_key), None)
        if match is None:
            result.append(replace(new, item_id=first_id))
            first_id += 1
        else:
            unmatched.remove(match)
            result.append(replace(new, item_id=match.item_id, voids=match.voids))
    return tuple(sorted(result, key=lambda item: item.item_id))


def _is_same(item: Item, new: Item) -> bool:
    return item.merge_key == new.merge_key and item.quantity == new.quantity


def loses_units(before: Items, after: Items) -> bool:
    """Whether an item that was not voided has fewer units, or is missing."""
    quantities = {item.item_id: item.quantity for item in after}
    return any(quantities.get(item.item_id, 0) < item.quantity for item in live(before))


def void_units(item: Item, units: int, reason: str, at: datetime, by: str) -> Item:
    """The item with fewer units. Without its last ones it is voided and keeps their quantity."""
    if units == item.quantity:
        return replace(item, status=ItemStatus.VOIDED, reason=reason)
    voids = (*item.voids, Void(units, reason, at, by))
    return replace(item, quantity=item.quantity - units, voids=voids)


def are_ready(items: Items) -> bool:
    """Whether all items that are not voided are ready, and there are some."""
    left = live(items)
    return bool(left) and all(item.status is ItemStatus.READY for item in left)


def are_delivered(items: Items) -> bool:
    """Whether all items that are not voided were delivered one by one, and there are some."""
    left = live(items)
    return bool(left) and all(item.delivered_at is not None for item in left)


def put(items: Items, changed: Item) -> Items:
    """The items with one of them changed."""
    return tuple(changed if item.item_id == changed.item_id else item for item in items)


def mark_pending(items: Items) -> Items:
    """The items after all that are ready and not delivered were recalled."""
    return tuple(
        replace(item, status=ItemStatus.PENDING)
        if item.status is ItemStatus.READY and item.delivered_at is None
        else item
        for item in items
    )


def mark_ready(items: Items) -> Items:
    """The items with all pending ones set to ready."""
    return tuple(
        replace(item, status=ItemStatus.READY) if item.status is ItemStatus.PENDING else item
        for item in items
    )


def live(items: Items) -> list[Item]:
    """The items that are not voided."""
    return [item for item in items if item.status is not ItemStatus.VOIDED]


def total_of(items: Items) -> int:
    """The cost of the items, in minor units."""
    return sum(item.total for item in items)
