"""A line of an order with the name and price at which it was sold. Later changes of the menu do not
affect it."""

from dataclasses import dataclass

from protocol.menu import Allergen


@dataclass(frozen=True, slots=True)
class ChosenOption:
    """An option chosen for a line. `price` is for a quantity of one, in minor units."""

    option_id: int
    name: str
    quantity: int
    price: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A priced line. `unit_price` is in minor units and includes the options. `allergens` is None
    if they are not declared. Each unit takes one portion of each of the menu items `portions_of`,
    which are counted."""

    name: str
    quantity: int
    unit_price: int
    notes: str = ""
    menu_item_id: int | None = None
    options: tuple[ChosenOption, ...] = ()
    allergens: tuple[Allergen, ...] | None = None
    portions_of: tuple[int, ...] = ()
