"""The state of a menu and its events: categories of items with a price, versioned.

Item ids are the restaurant's own and are never given to another item. The rules are in `rules.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from domain.copy import replace
from domain.entity import READY_GRACE_S
from domain.portions import Portions, Reservation
from protocol.menu import Allergen, Diet
from protocol.statuses import AutoConfirm
from protocol.stored_names import stored_under


@dataclass(frozen=True, slots=True)
class Translation:
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class ServingHours:
    """From `opens` on each of these days until `closes`; on the next day if `closes` is not later.
    Times are such as `"11:30"`, day 1 is Monday."""

    days: tuple[int, ...]
    opens: str
    closes: str


EMPTY_SESSION_MINUTES = 45
"""After so many minutes a session without orders closes, unless the restaurant sets others."""
MAX_ORDERED = 100
"""Number of requests whose repetition reserves nothing."""
Translations = Mapping[str, Translation]
"""By language, as a BCP 47 tag."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`price` in minor units of the restaurant's currency. `allergens` are None if not declared.
    `external_id` is the item's name in another system, for managers only. `portions` were left to
    sell when they were set, see `Menu.taken`; None if they are not counted."""

    id: int
    name: str
    description: str
    price: int
    available: bool
    translations: Translations = field(default_factory=dict)
    allergens: tuple[Allergen, ...] | None = None
    diets: tuple[Diet, ...] = ()
    option_group_ids: tuple[int, ...] = ()
    hours: tuple[ServingHours, ...] = ()
    unavailable_until: datetime | None = None
    photo_id: str | None = None
    external_id: str | None = None
    portions: int | None = None


@dataclass(frozen=True, slots=True)
class MenuCategory:
    name: str
    items: tuple[MenuItem, ...]
    translations: Translations = field(default_factory=dict)
    hours: tuple[ServingHours, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """`price` in minor units is added to the item's and may be negative."""

    id: int
    name: str
    price: int = 0
    available: bool = True
    allergens: tuple[Allergen, ...] | None = None
    max_each: int = 1
    translations: Translations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Options of which a line has `min` to `max`, each counted as often as it is chosen."""

    id: int
    name: str
    min: int
    max: int
    options: tuple[Option, ...]
    external_id: str | None = None
    translations: Translations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MenuContent:
    """Groups and options share one sequence of ids, items have another."""

    categories: tuple[MenuCategory, ...] = ()
    next_id: int = 1
    version: int = 0
    option_groups: tuple[OptionGroup, ...] = ()
    next_option_id: int = 1

    def items(self) -> dict[int, MenuItem]:
        return {item.id: item for category in self.categories for item in category.items}

    def groups(self) -> dict[int, OptionGroup]:
        return {group.id: group for group in self.option_groups}

    def options(self) -> dict[int, Option]:
        return {option.id: option for group in self.option_groups for option in group.options}


@dataclass(frozen=True, slots=True)
class Pause:
    """Guests cannot order until this time, or until staff end it. `message` is for them."""

    until: datetime | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu of one restaurant, and what it needs of the restaurant. The business day begins at
    `day_starts_at` in its time zone. A session in which nothing was ordered closes after
    `empty_session_minutes`, never if they are 0. Once all its items are ready, an order becomes
    ready after `ready_grace_s`.

    `taken` are the portions that were sold or reserved, less those given back, since the item's
    were set; so an order does not store the content again. `ordered` are the requests of the latest
    reservations that were ordered, by number.
    """

    restaurant_id: int
    restaurant_name: str
    currency: str
    timezone: str
    content: MenuContent = field(default_factory=MenuContent)
    day_starts_at: str = "04:00"
    auto_confirm: AutoConfirm = AutoConfirm.NONE
    trust_first_order: bool = False
    pause: Pause | None = None
    empty_session_minutes: int = EMPTY_SESSION_MINUTES
    ready_grace_s: int = READY_GRACE_S
    taken: Portions = field(default_factory=dict, metadata={"per_entry": True})
    reservations: Mapping[int, Reservation] = field(
        default_factory=dict, metadata={"per_entry": True}
    )
    ordered: Mapping[int, str] = field(default_factory=dict, metadata={"per_entry": True})
    next_reservation: int = 1

    @property
    def counted(self) -> dict[int, int]:
        """The portions that are left of each item that is counted."""
        return {
            item.id: item.portions - self.taken.get(item.id, 0)
            for category in self.content.categories
            for item in category.items
            if item.portions is not None
        }

    @property
    def current(self) -> MenuContent:
        """The content with the portions that are left now."""
        left = {item_id: count for item_id, count in self.counted.items() if item_id in self.taken}
        if not left:
            return self.content
        categories = tuple(
            replace(
                category,
                items=tuple(
                    replace(item, portions=left.get(item.id, item.portions))
                    for item in category.items
                ),
            )
            for category in self.content.categories
        )
        return replace(self.content, categories=categories)


@dataclass(frozen=True, slots=True)
class MenuCreated:
    menu: Menu


@dataclass(frozen=True, slots=True)
class MenuChanged:
    """The content was replaced."""

    content: MenuContent = field(metadata=stored_under("menu"))


@dataclass(frozen=True, slots=True)
class MenuItemChanged:
    """One item was changed. `item` and `version` are the new values."""

    item: MenuItem
    version: int


@dataclass(frozen=True, slots=True)
class PortionsReserved:
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class ReservationEnded:
    """Portions of a reservation were ordered, except those `returned`."""

    number: int
    returned: Portions


@dataclass(frozen=True, slots=True)
class PortionsReturned:
    """Portions of orders are for sale again."""

    returned: Portions


@dataclass(frozen=True, slots=True)
class OrderingPaused:
    pause: Pause


@dataclass(frozen=True, slots=True)
class OrderingResumed:
    pass


@dataclass(frozen=True, slots=True)
class OrderingChanged:
    day_starts_at: str
    auto_confirm: AutoConfirm
    trust_first_order: bool
    empty_session_minutes: int = EMPTY_SESSION_MINUTES
    ready_grace_s: int = READY_GRACE_S


def evolve(menu: Menu | None, event: Any) -> Menu:
    if isinstance(event, MenuCreated):
        return event.menu
    assert menu is not None
    match event:
        case MenuChanged(content):
            return replace(menu, content=content, taken={})
        case MenuItemChanged(item):
            taken = {id_: count for id_, count in menu.taken.items() if id_ != item.id}
            return replace(menu, content=_with_item(menu.content, event), taken=taken)
        case PortionsReserved() | ReservationEnded() | PortionsReturned():
            return _with_portions(menu, event)
        case OrderingPaused(pause):
            return replace(menu, pause=pause)
        case OrderingResumed():
            return replace(menu, pause=None)
        case OrderingChanged():
            return replace(menu, **{each.name: getattr(event, each.name) for each in fields(event)})
    raise TypeError(f"cannot apply {type(event).__name__} to a menu")


def _with_item(content: MenuContent, event: MenuItemChanged) -> MenuContent:
    new = event.item
    categories = tuple(
        replace(category, items=tuple(new if old.id == new.id else old for old in category.items))
        for category in content.categories
    )
    return replace(content, categories=categories, version=event.version)


def _with_portions(menu: Menu, event: Any) -> Menu:
    match event:
        case PortionsReserved(reservation):
            number = reservation.number
            return replace(
                menu,
                taken=_with_taken(menu, reservation.portions, 1),
                reservations={**menu.reservations, number: reservation},
                next_reservation=number + 1,
            )
        case ReservationEnded(number, returned):
            reservations, ordered = dict(menu.reservations), menu.ordered
            reservation = reservations.pop(number)
            if reservation.portions != returned:
                kept = sorted(ordered)[-MAX_ORDERED + 1 :]
                ordered = {each: ordered[each] for each in kept} | {number: reservation.request}
            menu = replace(menu, reservations=reservations, ordered=ordered)
    return replace(menu, taken=_with_taken(menu, event.returned, -1))


def _with_taken(menu: Menu, portions: Portions, sign: int) -> Portions:
    """The portions taken of the items that are still counted."""
    counted = menu.counted
    changed = {
        item_id: menu.taken.get(item_id, 0) + sign * count
        for item_id, count in portions.items()
        if item_id in counted
    }
    return {**menu.taken, **changed}
