"""One line of an order as it was sold: later changes of the menu do not change it."""

from dataclasses import dataclass

from protocol.menu import Allergen


@dataclass(frozen=True, slots=True)
class ChosenOption:
    """`price` is that of one, in minor units."""

    option_id: int
    name: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """`unit_price` in minor units contains the options. `allergens` are None if not declared."""

    name: str
    quantity: int
    unit_price: int
    notes: str = ""
    menu_item_id: int | None = None
    options: tuple[ChosenOption, ...] = ()
    allergens: tuple[Allergen, ...] | None = None
