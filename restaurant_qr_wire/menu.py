"""The data of menus."""

from typing import (
    Literal,
    NotRequired,  # pydantic reads no other on Python 3.11
)

from typing_extensions import TypedDict

from restaurant_qr_wire.values import Allergen, Amount, AutoConfirm, Diet, Timestamp


class Translation(TypedDict):
    name: str
    description: str


class MenuOption(TypedDict):
    """`price` is added to the dish's; `allergens` are null if not declared."""

    id: int
    name: str
    translations: dict[str, Translation]
    price: Amount
    available: bool
    allergens: list[Allergen] | None
    max_each: int


class OptionGroup(TypedDict):
    """Options of which `min` to `max` are chosen."""

    id: int
    name: str
    translations: dict[str, Translation]
    min: int
    max: int
    options: list[MenuOption]


ServingHours = TypedDict("ServingHours", {"days": list[int], "from": str, "to": str})
"""Served from a time to another, on the next day if that is not later. Day 1 is Monday."""


class MenuItem(TypedDict):
    """`translations` are by language, as BCP 47 tags. `allergens` are null if not declared. The
    item is available again at `unavailable_until`; without `hours` it is always served. `portions`
    are left to sell, null if they are not counted, or if more than 5 are left and a guest reads."""

    id: int
    name: str
    description: str
    translations: dict[str, Translation]
    price: Amount
    available: bool
    unavailable_until: Timestamp | None
    portions: int | None
    hours: list[ServingHours]
    photo_id: str | None
    allergens: list[Allergen] | None
    diets: list[Diet]
    option_group_ids: list[int]


class MenuCategory(TypedDict):
    name: str
    translations: dict[str, Translation]
    hours: list[ServingHours]
    items: list[MenuItem]


class Ordering(TypedDict):
    """Whether guests can order. A pause ends at `until`, or when staff end it."""

    paused: bool
    until: Timestamp | None
    message: str | None


class OrderingUpdate(TypedDict):
    ordering: Ordering


class MenuItemUpdate(TypedDict):
    """One item as it is now; its category and place are unchanged. With the kind `portions`, only
    their number has changed, and no guest sees it."""

    item: MenuItem
    menu_version: int
    kind: NotRequired[Literal["portions"]]


class Menu(TypedDict):
    """The business day begins at `day_starts_at` in the restaurant's time zone. A session in which
    nothing was ordered closes after `empty_session_minutes`, never if they are 0."""

    restaurant_id: int
    restaurant: str
    timezone: str
    menu_version: int
    currency: str
    day_starts_at: str
    auto_confirm: AutoConfirm
    trust_first_order: bool
    empty_session_minutes: int
    ready_grace_s: int
    ordering: Ordering
    categories: list[MenuCategory]
    option_groups: list[OptionGroup]
