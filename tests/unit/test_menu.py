"""A menu: rewritten or changed item by item, versioned, and what may be ordered from it."""

import pytest

from domain.menu import MenuItem, MenuItemChanged
from domain.messages import PriceItems
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Channel
from tests.unit.world import HOME, World

MENU = Channel.MENU


def item(name: str, price: int, **fields: object) -> c.MenuItemInput:
    return c.MenuItemInput(name=name, price=price, **fields)  # type: ignore[arg-type]  # by name


def menu(*items: c.MenuItemInput, name: str = "Drinks") -> c.ReplaceMenu:
    return c.ReplaceMenu(categories=(c.MenuCategoryInput(name=name, items=items),))


@pytest.fixture
def served(world: World) -> World:
    """Tea (item 1) and cake (item 2), both available."""
    world.do(HOME, menu(item("Tea", 250), item("Cake", 400)))
    world.forget()
    return world


def rows(world: World) -> list[tuple[int, str, str, bool]]:
    return [
        (row["id"], row["name"], row["price"], row["available"])
        for category in world.see(HOME, MENU)["categories"]
        for row in category["items"]
    ]


def test_a_restaurant_begins_with_an_empty_menu(world: World) -> None:
    assert world.see(HOME, MENU) == {
        "restaurant_id": 2,
        "restaurant": "Trattoria",
        "timezone": "Europe/Rome",
        "menu_version": 0,
        "currency": "EUR",
        "categories": [],
    }


def test_new_items_are_given_ids(world: World) -> None:
    decision = world.do(HOME, menu(item("Tea", 250), item("Cake", 400, description="sweet")))
    assert decision.result == {"menu_version": 1}
    assert rows(world) == [(1, "Tea", "2.50", True), (2, "Cake", "4.00", True)]
    assert world.types(HOME, MENU) == ["menu_update"]
    assert world.last(HOME, MENU) == world.see(HOME, MENU)


def test_changing_one_item_stores_an_event_of_that_item_alone(served: World) -> None:
    decision = served.do(HOME, c.ChangeMenuItem(item_id=1, available=False))
    assert decision.events == (MenuItemChanged(MenuItem(1, "Tea", "", 250, False), 2),)
    assert rows(served) == [(1, "Tea", "2.50", False), (2, "Cake", "4.00", True)]
    assert served.last(HOME, MENU) == served.see(HOME, MENU), "its channel still has the menu"


def test_a_refusal_names_five_sold_out_items_and_lists_the_ids_of_all(world: World) -> None:
    many = tuple(item(f"Dish {n}", 100, available=False) for n in range(1, 41))
    world.do(HOME, menu(*many))
    refused = world.refuse(HOME, PriceItems(tuple(range(1, 41))), Code.ITEM_UNAVAILABLE)
    assert refused.error.endswith("Dish 1, Dish 2, Dish 3, Dish 4, Dish 5 and 35 more.")
    assert refused.details == {"menu_item_ids": list(range(1, 41))}


def test_a_rewrite_keeps_given_ids_and_never_gives_one_again(served: World) -> None:
    served.do(HOME, menu(item("Green tea", 300, id=1)))
    served.do(HOME, menu(item("Green tea", 300, id=1), item("Juice", 350)))
    assert rows(served) == [(1, "Green tea", "3.00", True), (3, "Juice", "3.50", True)]
    assert served.see(HOME, MENU)["menu_version"] == 3


def test_the_same_menu_changes_nothing(served: World) -> None:
    served.unchanged(HOME, menu(item("Tea", 250, id=1), item("Cake", 400, id=2)))


def test_an_id_stands_once_in_a_menu(served: World) -> None:
    twice = menu(item("Tea", 250, id=1), item("Tea again", 250, id=1))
    refused = served.refuse(HOME, twice, Code.INVALID_MESSAGE)
    assert refused.details == {"doubled": [1], "unknown": []}


def test_an_id_that_was_never_given_is_refused(served: World) -> None:
    refused = served.refuse(HOME, menu(item("Juice", 350, id=3)), Code.INVALID_MESSAGE)
    assert refused.details == {"doubled": [], "unknown": [3]}


def test_an_item_may_be_sold_out_and_come_back(served: World) -> None:
    sold_out = c.ChangeMenuItem(item_id=2, available=False)
    assert served.do(HOME, sold_out).result == {"menu_version": 2}
    assert rows(served)[1] == (2, "Cake", "4.00", False)
    assert served.types(HOME, MENU) == ["menu_update"]
    served.unchanged(HOME, sold_out)
    served.do(HOME, c.ChangeMenuItem(item_id=2, available=True, price=450))
    assert rows(served)[1] == (2, "Cake", "4.50", True)


def test_an_item_that_is_not_on_the_menu_is_not_found(served: World) -> None:
    refused = served.refuse(HOME, c.ChangeMenuItem(item_id=9, price=1), Code.NOT_FOUND)
    assert refused.details == {"menu_item_ids": [9]}


def test_prices_are_the_menus_at_that_moment(served: World) -> None:
    answer = served.unchanged(HOME, PriceItems((2, 1)))
    assert answer.result == {"prices": {1: ("Tea", 250), 2: ("Cake", 400)}}


def test_what_is_sold_out_has_no_price(served: World) -> None:
    served.do(HOME, c.ChangeMenuItem(item_id=2, available=False))
    refused = served.refuse(HOME, PriceItems((1, 2)), Code.ITEM_UNAVAILABLE)
    assert refused.details == {"menu_item_ids": [2]}
    assert "Cake" in refused.error


def test_what_is_not_on_the_menu_has_no_price(served: World) -> None:
    refused = served.refuse(HOME, PriceItems((1, 9)), Code.NOT_FOUND)
    assert refused.details == {"menu_item_ids": [9]}
