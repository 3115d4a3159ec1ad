"""The data of menus."""

from typing_extensions import TypedDict  # pydantic reads no other on Python 3.11

from restaurant_qr_wire.values import Allergen, Amount, Diet


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


class MenuItem(TypedDict):
    """`translations` are by language, as BCP 47 tags. `allergens` are null if not declared."""

    id: int
    name: str
    description: str
    translations: dict[str, Translation]
    price: Amount
    available: bool
    allergens: list[Allergen] | None
    diets: list[Diet]
    option_group_ids: list[int]


class MenuCategory(TypedDict):
    name: str
    translations: dict[str, Translation]
    items: list[MenuItem]


class Menu(TypedDict):
    restaurant_id: int
    restaurant: str
    timezone: str
    menu_version: int
    currency: str
    categories: list[MenuCategory]
    option_groups: list[OptionGroup]
