"""A restaurant's menu: categories of items with a price, versioned.

Item ids are the restaurant's own and are never given to another item.
"""

from collections import Counter
from dataclasses import dataclass

from domain.record import replace
from protocol import commands as c
from protocol import told
from protocol.errors import Code, Rejected
from protocol.values import format_money

MOST_NAMED = 5
"""Maximum number of items that a refusal names. It lists the ids of all."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`price` in minor units of the restaurant's currency."""

    id: int
    name: str
    description: str
    price: int
    available: bool


@dataclass(frozen=True, slots=True)
class MenuCategory:
    name: str
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    categories: tuple[MenuCategory, ...] = ()
    next_id: int = 1
    version: int = 0

    def items(self) -> dict[int, MenuItem]:
        return {item.id: item for category in self.categories for item in category.items}


@dataclass(frozen=True, slots=True)
class MenuChanged:
    """The menu was replaced."""

    menu: Menu


@dataclass(frozen=True, slots=True)
class MenuItemChanged:
    """One item was changed. `item` and `version` are the new values."""

    item: MenuItem
    version: int


def after(menu: Menu, event: MenuChanged | MenuItemChanged) -> Menu:
    """The menu after an event."""
    if isinstance(event, MenuChanged):
        return event.menu
    new = event.item
    categories = tuple(
        replace(category, items=tuple(new if old.id == new.id else old for old in category.items))
        for category in menu.categories
    )
    return replace(menu, categories=categories, version=event.version)


def replaced(menu: Menu, command: c.ReplaceMenu) -> MenuChanged | Rejected | None:
    """The menu after a rewrite: items without an id are new, the others keep theirs. None if
    nothing changes."""
    given = [item.id for each in command.categories for item in each.items if item.id is not None]
    doubled = sorted(id_ for id_, times in Counter(given).items() if times > 1)
    unknown = sorted(id_ for id_ in given if id_ >= menu.next_id)
    if doubled or unknown:
        return Rejected(
            Code.INVALID_MESSAGE,
            "An item's id stands once in a menu and was given by it; leave it out of a new item.",
            {"doubled": doubled, "unknown": unknown},
        )
    next_id = menu.next_id
    categories = []
    for category in command.categories:
        items = []
        for item in category.items:
            id_ = item.id
            if id_ is None:
                id_, next_id = next_id, next_id + 1
            items.append(MenuItem(id_, item.name, item.description, item.price, item.available))
        categories.append(MenuCategory(category.name, tuple(items)))
    if tuple(categories) == menu.categories:
        return None
    return MenuChanged(Menu(tuple(categories), next_id, menu.version + 1))


def changed(menu: Menu, command: c.ChangeMenuItem) -> MenuItemChanged | Rejected | None:
    """One item with a new price or availability; None if nothing changes."""
    item = menu.items().get(command.item_id)
    if item is None:
        return _unknown([command.item_id])
    wanted = replace(
        item,
        available=item.available if command.available is None else command.available,
        price=item.price if command.price is None else command.price,
    )
    return None if wanted == item else MenuItemChanged(wanted, menu.version + 1)


def prices(menu: Menu, ids: tuple[int, ...]) -> dict[int, tuple[str, int]] | Rejected:
    """Name and price of each item, or why they cannot be ordered."""
    items = menu.items()
    unknown = sorted({id_ for id_ in ids if id_ not in items})
    if unknown:
        return _unknown(unknown)
    sold_out = sorted({id_ for id_ in ids if not items[id_].available})
    if sold_out:
        names = ", ".join(items[id_].name for id_ in sold_out[:MOST_NAMED])
        if len(sold_out) > MOST_NAMED:
            names += f" and {len(sold_out) - MOST_NAMED} more"
        return Rejected(
            Code.ITEM_UNAVAILABLE, f"Not available now: {names}.", {"menu_item_ids": sold_out}
        )
    return {id_: (items[id_].name, items[id_].price) for id_ in ids}


def _unknown(ids: list[int]) -> Rejected:
    return Rejected(Code.NOT_FOUND, "The menu has no such item.", {"menu_item_ids": ids})


def data_of(menu: Menu, currency: str) -> told.MenuCard:
    """The menu as it stands in `menu` and `menu_update`."""
    return {
        "menu_version": menu.version,
        "currency": currency,
        "categories": [
            {
                "name": category.name,
                "items": [
                    {
                        "id": item.id,
                        "name": item.name,
                        "description": item.description,
                        "price": format_money(item.price),
                        "available": item.available,
                    }
                    for item in category.items
                ],
            }
            for category in menu.categories
        ],
    }
