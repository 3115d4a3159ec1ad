"""The menu: replaced or changed by item, its versions, and prices of ordered lines."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import UNSET

from domain.menu.state import MenuItem, MenuItemChanged
from domain.messages import CreateMenu, HandOverMenu, PriceLines
from domain.order.line import ChosenOption, OrderLine
from protocol import commands as c
from protocol.errors import Code
from protocol.menu import (
    Allergen,
    Diet,
    LineOption,
    MenuCategoryInput,
    MenuItemInput,
    OptionGroupInput,
    OptionInput,
    Translation,
)
from tests.unit.world import MENU, RESTAURANT, RulesWorld


def item(name: str, price: int, **fields: Any) -> MenuItemInput:
    return MenuItemInput(name=name, price=price, **fields)


def menu(*items: MenuItemInput, name: str = "Drinks") -> c.ReplaceMenu:
    return c.ReplaceMenu(categories=(MenuCategoryInput(name=name, items=items),))


@pytest.fixture
def drinks(world: RulesWorld) -> RulesWorld:
    """Tea (item 1) and cake (item 2), both available."""
    world.do(MENU, menu(item("Tea", 250), item("Cake", 400)))
    world.clear()
    return world


def rows(world: RulesWorld) -> list[tuple[int, str, str, bool]]:
    return [
        (row["id"], row["name"], row["price"], row["available"])
        for category in world.snapshot(MENU)["categories"]
        for row in category["items"]
    ]


def test_a_new_restaurant_has_an_empty_menu(world: RulesWorld) -> None:
    assert world.states[RESTAURANT].has_menu_entity
    assert world.snapshot(MENU) == {
        "restaurant_id": 2,
        "restaurant": "Trattoria",
        "timezone": "Europe/Rome",
        "menu_version": 0,
        "currency": "EUR",
        "day_starts_at": "04:00",
        "auto_confirm": "none",
        "trust_first_order": False,
        "empty_session_minutes": 45,
        "ready_grace_s": 3,
        "ordering": {"paused": False, "until": None, "message": None},
        "categories": [],
        "option_groups": [],
    }


def test_new_items_are_given_ids(world: RulesWorld) -> None:
    decision = world.do(MENU, menu(item("Tea", 250), item("Cake", 400, description="sweet")))
    assert decision.result == {"menu_version": 1}
    assert rows(world) == [(1, "Tea", "2.50", True), (2, "Cake", "4.00", True)]
    assert world.types(MENU) == ["menu_update"]
    assert world.last(MENU) == world.snapshot(MENU)


def test_changing_one_item_stores_an_event_with_only_that_item(drinks: RulesWorld) -> None:
    decision = drinks.do(MENU, c.ChangeMenuItem(item_id=1, available=False))
    assert decision.events == (MenuItemChanged(MenuItem(1, "Tea", "", 250, False), 2),)
    assert rows(drinks) == [(1, "Tea", "2.50", False), (2, "Cake", "4.00", True)]
    item_row = drinks.snapshot(MENU)["categories"][0]["items"][0]
    assert drinks.last(MENU) == {"item": item_row, "menu_version": 2}


def test_a_refused_order_names_five_sold_out_items_and_lists_all_ids(world: RulesWorld) -> None:
    many = tuple(item(f"Dish {n}", 100, available=False) for n in range(1, 41))
    world.do(MENU, menu(*many))
    refused = world.refuse(MENU, PriceLines(tuple(map(line, range(1, 41)))), Code.ITEM_UNAVAILABLE)
    assert refused.error.endswith("Dish 1, Dish 2, Dish 3, Dish 4, Dish 5 and 35 more.")
    assert refused.details == {"menu_item_ids": list(range(1, 41))}


def test_a_replaced_menu_keeps_existing_ids_and_never_reuses_one(drinks: RulesWorld) -> None:
    drinks.do(MENU, menu(item("Green tea", 300, id=1)))
    drinks.do(MENU, menu(item("Green tea", 300, id=1), item("Juice", 350)))
    assert rows(drinks) == [(1, "Green tea", "3.00", True), (3, "Juice", "3.50", True)]
    assert drinks.snapshot(MENU)["menu_version"] == 3


def test_replacing_a_menu_with_the_same_one_changes_nothing(drinks: RulesWorld) -> None:
    drinks.unchanged(MENU, menu(item("Tea", 250, id=1), item("Cake", 400, id=2)))


def test_a_menu_with_a_duplicate_item_id_is_refused(drinks: RulesWorld) -> None:
    twice = menu(item("Tea", 250, id=1), item("Tea again", 250, id=1))
    refused = drinks.refuse(MENU, twice, Code.INVALID_MESSAGE)
    assert refused.details == {"doubled": [1], "unknown": []}


def test_an_unknown_item_id_is_refused(drinks: RulesWorld) -> None:
    refused = drinks.refuse(MENU, menu(item("Juice", 350, id=3)), Code.INVALID_MESSAGE)
    assert refused.details == {"doubled": [], "unknown": [3]}


def test_an_item_can_be_sold_out_and_available_again(drinks: RulesWorld) -> None:
    sold_out = c.ChangeMenuItem(item_id=2, available=False)
    assert drinks.do(MENU, sold_out).result == {"menu_version": 2}
    assert rows(drinks)[1] == (2, "Cake", "4.00", False)
    assert drinks.types(MENU) == ["menu_item_updated"]
    drinks.unchanged(MENU, sold_out)
    drinks.do(MENU, c.ChangeMenuItem(item_id=2, available=True, price=450))
    assert rows(drinks)[1] == (2, "Cake", "4.50", True)


def test_an_item_that_is_not_on_the_menu_is_not_found(drinks: RulesWorld) -> None:
    refused = drinks.refuse(MENU, c.ChangeMenuItem(item_id=9, price=1), Code.NOT_FOUND)
    assert refused.details == {"menu_item_ids": [9]}


def line(id_: int, *options: int, quantity: int = 1) -> c.MenuLine:
    """An order line with options; an option named twice is chosen twice."""
    return c.MenuLine(
        menu_item_id=id_, quantity=quantity, options=tuple(map(option_chosen, options))
    )


def option_chosen(id_: int) -> LineOption:
    return LineOption(option_id=id_)


def test_lines_are_priced_by_the_current_menu(drinks: RulesWorld) -> None:
    answer = drinks.unchanged(MENU, PriceLines((line(2, quantity=3), line(1))))
    cake, tea = answer.result["lines"]
    assert (cake, tea) == (OrderLine("Cake", 3, 400, "", 2), OrderLine("Tea", 1, 250, "", 1))


def test_pricing_rejects_unavailable_items(drinks: RulesWorld) -> None:
    drinks.do(MENU, c.ChangeMenuItem(item_id=2, available=False))
    refused = drinks.refuse(MENU, PriceLines((line(1), line(2))), Code.ITEM_UNAVAILABLE)
    assert refused.details == {"menu_item_ids": [2]}
    assert "Cake" in refused.error


def test_pricing_rejects_unknown_items(drinks: RulesWorld) -> None:
    refused = drinks.refuse(MENU, PriceLines((line(1), line(9))), Code.NOT_FOUND)
    assert refused.details == {"menu_item_ids": [9]}


# --- options and allergens -----------------------------------------------------------------------


def option(name: str, price: int = 0, **fields: Any) -> OptionInput:
    return OptionInput(name=name, price=price, **fields)


def group(name: str, *options: OptionInput, **fields: Any) -> OptionGroupInput:
    return OptionGroupInput(name=name, options=options, **fields)


NO_ALLERGENS: tuple[Allergen, ...] = ()
DEGREE = group(
    "Degree",
    option("Rare", allergens=NO_ALLERGENS),
    option("Medium", allergens=NO_ALLERGENS),
    external_id="degree",
    min=1,
)
EXTRAS = group(
    "Extras",
    option("Butter", 100, allergens=(Allergen.MILK,), max_each=2),
    option("No salad", -50, allergens=NO_ALLERGENS),
    option("Sauce", 150),
    external_id="extras",
    max=3,
)
STEAK = item(
    "Steak",
    2400,
    allergens=(Allergen.CELERY,),
    diets=(Diet.HALAL,),
    option_group_ids=("degree", "extras"),
    translations={"de": Translation(name="Rumpsteak")},
)
RARE, MEDIUM, BUTTER, NO_SALAD, SAUCE = 2, 3, 5, 6, 7


@pytest.fixture
def grill(world: RulesWorld) -> RulesWorld:
    """Steak (item 1) with groups 1 (degree: rare, medium) and 4 (extras)."""
    world.do(
        MENU,
        c.ReplaceMenu(
            categories=(MenuCategoryInput(name="Grill", items=(STEAK,)),),
            option_groups=(DEGREE, EXTRAS),
        ),
    )
    return world


def priced_line(world: RulesWorld, *options: int) -> OrderLine:
    [priced] = world.do(MENU, PriceLines((line(1, *options),))).result["lines"]
    assert isinstance(priced, OrderLine)
    return priced


def test_an_item_shows_its_groups_translations_allergens_and_diets(grill: RulesWorld) -> None:
    seen = grill.snapshot(MENU)
    [steak] = seen["categories"][0]["items"]
    assert steak["option_group_ids"] == [1, 4]
    assert steak["allergens"] == ["celery"]
    assert steak["diets"] == ["halal"]
    assert steak["translations"] == {"de": {"name": "Rumpsteak", "description": ""}}
    assert [(each["id"], each["min"], each["max"]) for each in seen["option_groups"]] == [
        (1, 1, 1),
        (4, 0, 3),
    ]
    extras = seen["option_groups"][1]["options"]
    assert [(each["name"], each["price"]) for each in extras] == [
        ("Butter", "1.00"),
        ("No salad", "-0.50"),
        ("Sauce", "1.50"),
    ]


def test_options_are_added_to_the_price_in_the_order_of_the_menu(grill: RulesWorld) -> None:
    priced = priced_line(grill, NO_SALAD, BUTTER, BUTTER, MEDIUM)
    assert priced.unit_price == 2400 + 100 + 100 - 50
    assert priced.options == (
        ChosenOption(MEDIUM, "Medium", 1, 0),
        ChosenOption(BUTTER, "Butter", 2, 100),
        ChosenOption(NO_SALAD, "No salad", 1, -50),
    )


def test_a_line_with_options_costs_at_least_zero(world: RulesWorld) -> None:
    cheap = item("Bread", 20, option_group_ids=("less",))
    less = group("Less", option("Half", -100), external_id="less")
    category = MenuCategoryInput(name="All", items=(cheap,))
    world.do(MENU, c.ReplaceMenu(categories=(category,), option_groups=(less,)))
    assert priced_line(world, 2).unit_price == 0


def test_allergens_of_a_line_are_those_of_the_item_and_its_options(grill: RulesWorld) -> None:
    assert priced_line(grill, RARE).allergens == (Allergen.CELERY,)
    assert priced_line(grill, RARE, BUTTER).allergens == (Allergen.CELERY, Allergen.MILK)


def test_allergens_of_a_line_are_unknown_if_any_part_declares_none(grill: RulesWorld) -> None:
    assert priced_line(grill, RARE, BUTTER, SAUCE).allergens is None


@pytest.mark.parametrize(
    ("options", "details"),
    [
        ((), {"group_id": 1, "min": 1, "max": 1}),
        ((RARE, MEDIUM), {"group_id": 1, "min": 1, "max": 1}),
        ((RARE, BUTTER, BUTTER, SAUCE, NO_SALAD), {"group_id": 4, "min": 0, "max": 3}),
        ((RARE, BUTTER, BUTTER, BUTTER), {"group_id": 4, "min": 0, "max": 3}),
        ((RARE, 99), {"option_ids": [99]}),
    ],
    ids=["too few", "too many", "too many of a group", "too often the same", "of no group"],
)
def test_wrong_options_are_refused_and_the_group_is_named(
    options: tuple[int, ...], details: dict[str, object], grill: RulesWorld
) -> None:
    refused = grill.refuse(MENU, PriceLines((line(1, *options),)), Code.INVALID_OPTIONS)
    assert refused.details == {"menu_item_id": 1, **details}
    assert refused.error.startswith("Steak")


def test_an_option_that_is_sold_out_is_refused(grill: RulesWorld) -> None:
    gone = replace(EXTRAS.options[0], id=BUTTER, available=False)
    extras = replace(EXTRAS, id=4, options=(gone,))
    keep = replace(STEAK, id=1)
    category = MenuCategoryInput(name="Grill", items=(keep,))
    degree = replace(
        DEGREE,
        id=1,
        options=(replace(DEGREE.options[0], id=RARE), replace(DEGREE.options[1], id=MEDIUM)),
    )
    grill.do(MENU, c.ReplaceMenu(categories=(category,), option_groups=(degree, extras)))
    refused = grill.refuse(MENU, PriceLines((line(1, RARE, BUTTER),)), Code.ITEM_UNAVAILABLE)
    assert refused.details == {"option_ids": [BUTTER]}


def test_fields_that_are_not_given_keep_their_values(grill: RulesWorld) -> None:
    before = grill.snapshot(MENU)
    grill.do(MENU, menu(item("Steak", 2600, id=1), name="Grill"))
    [steak] = grill.snapshot(MENU)["categories"][0]["items"]
    assert steak == {**before["categories"][0]["items"][0], "price": "26.00"}
    assert grill.snapshot(MENU)["option_groups"] == before["option_groups"]


def test_a_group_keeps_an_external_id_that_is_not_given(grill: RulesWorld) -> None:
    degree = replace(DEGREE, id=1, external_id=UNSET)
    toast = item("Toast", 500, option_group_ids=("degree",))
    category = MenuCategoryInput(name="Grill", items=(toast,))
    grill.do(MENU, c.ReplaceMenu(categories=(category,), option_groups=(degree,)))
    [added] = grill.snapshot(MENU)["categories"][0]["items"]
    assert added["option_group_ids"] == [1]


def test_null_or_an_empty_list_clears_a_field(grill: RulesWorld) -> None:
    plain = item(
        "Steak", 2400, id=1, allergens=None, diets=(), translations=None, option_group_ids=None
    )
    grill.do(MENU, menu(plain, name="Grill"))
    [steak] = grill.snapshot(MENU)["categories"][0]["items"]
    assert (steak["allergens"], steak["diets"], steak["option_group_ids"]) == (None, [], [])
    assert steak["translations"] == {}


def test_an_item_that_refers_to_no_group_of_the_menu_is_refused(grill: RulesWorld) -> None:
    wrong = menu(item("Pie", 900, option_group_ids=("pastry",)))
    refused = grill.refuse(MENU, wrong, Code.INVALID_MESSAGE)
    assert refused.details == {"field": "option_group_ids", "unknown": ["pastry"]}


def test_an_item_that_names_a_group_twice_is_refused(grill: RulesWorld) -> None:
    for refs in (("degree", "degree"), ("degree", 1)):
        wrong = menu(item("Pie", 900, option_group_ids=refs))
        refused = grill.refuse(MENU, wrong, Code.INVALID_MESSAGE)
        assert refused.details == {"field": "option_group_ids"}


def test_options_keep_prices_and_counts_that_are_not_given(grill: RulesWorld) -> None:
    before = grill.snapshot(MENU)["option_groups"]
    extras = OptionGroupInput(id=4, name="More", options=(OptionInput(id=BUTTER, name="Butter"),))
    degree = OptionGroupInput(id=1, name="Degree", options=(OptionInput(id=RARE, name="Rare"),))
    same = MenuCategoryInput(name="Grill", items=(replace(STEAK, id=1),))
    grill.do(MENU, c.ReplaceMenu(categories=(same,), option_groups=(degree, extras)))
    first, second = grill.snapshot(MENU)["option_groups"]
    assert (first["min"], first["max"]) == (1, 1)
    assert second == {**before[1], "name": "More", "options": [before[1]["options"][0]]}


def test_a_group_that_an_item_still_refers_to_cannot_be_removed(grill: RulesWorld) -> None:
    keep = MenuCategoryInput(name="Grill", items=(item("Steak", 2400, id=1),))
    command = c.ReplaceMenu(categories=(keep,), option_groups=())
    refused = grill.refuse(MENU, command, Code.INVALID_MESSAGE)
    assert refused.details == {"field": "option_group_ids", "unknown": [1, 4]}


def test_a_group_whose_minimum_no_choice_reaches_is_refused(world: RulesWorld) -> None:
    command = c.ReplaceMenu(
        categories=(), option_groups=(group("Pick", option("A"), min=2, max=3),)
    )
    refused = world.refuse(MENU, command, Code.INVALID_MESSAGE)
    assert refused.details == {"field": "option_groups.0.min", "max": 1}


def test_creating_an_existing_menu_changes_nothing(drinks: RulesWorld) -> None:
    drinks.unchanged(MENU, CreateMenu("Osteria", "CHF", "Europe/Zurich"))


@pytest.fixture
def older_release(drinks: RulesWorld) -> RulesWorld:
    """A restaurant of an earlier release, which contains its menu of tea and cake."""
    menu = drinks.states.pop(MENU)
    drinks.states[RESTAURANT] = replace(
        drinks.states[RESTAURANT], menu=menu.content, has_menu_entity=False
    )
    return drinks


def test_a_restaurant_of_an_earlier_release_moves_its_menu_once(older_release: RulesWorld) -> None:
    older_release.do(RESTAURANT, HandOverMenu())
    assert rows(older_release) == [(1, "Tea", "2.50", True), (2, "Cake", "4.00", True)]
    assert older_release.snapshot(MENU)["menu_version"] == 1
    assert not older_release.states[RESTAURANT].menu.categories
    older_release.unchanged(RESTAURANT, HandOverMenu())


@pytest.mark.parametrize("command", [menu(), c.ChangeMenuItem(item_id=1), PriceLines(())])
def test_gateways_of_an_earlier_release_get_a_retryable_error(
    command: object, drinks: RulesWorld
) -> None:
    drinks.refuse(RESTAURANT, command, Code.UNAVAILABLE)
