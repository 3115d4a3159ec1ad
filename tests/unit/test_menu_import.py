"""Imports into a menu: matching, changes, deletions and refusals, all rows or none."""

from typing import Any

import pytest

from domain.menu.state import MenuChanged
from domain.messages import ExportMenu
from protocol import commands as c
from protocol.errors import Code
from protocol.menu import (
    Allergen,
    CategoryRow,
    GroupRow,
    ItemRow,
    MenuCategoryInput,
    MenuItemInput,
    OptionGroupInput,
    OptionInput,
)
from tests.unit.world import MENU, RulesWorld

SIZES = OptionGroupInput(
    name="Size",
    external_id="size",
    options=(OptionInput(name="Small"), OptionInput(name="Large", price=100)),
)
TEA = MenuItemInput(name="Tea", price=250, external_id="T", option_group_ids=("size",))
CAKE = MenuItemInput(name="Cake", price=400, allergens=(Allergen.EGGS,))
SOUP = MenuItemInput(name="Soup", price=650)


@pytest.fixture
def served(world: RulesWorld) -> RulesWorld:
    """Tea (item 1, "T") and cake (item 2) among drinks, soup (item 3) among food; group 1 with
    options 2 and 3."""
    drinks = MenuCategoryInput(name="Drinks", items=(TEA, CAKE))
    food = MenuCategoryInput(name="Food", items=(SOUP,))
    world.do(MENU, c.ReplaceMenu(categories=(drinks, food), option_groups=(SIZES,)))
    world.clear()
    return world


def importing(*rows: ItemRow, **fields: Any) -> c.ImportMenu:
    return c.ImportMenu(items=rows, **fields)


def names(world: RulesWorld) -> dict[str, list[tuple[int, str]]]:
    return {
        category["name"]: [(item["id"], item["name"]) for item in category["items"]]
        for category in world.snapshot(MENU)["categories"]
    }


def outcomes(report: Any) -> list[tuple[int | None, str, str]]:
    return [(row["line"], row["name"], row["outcome"]) for row in report["rows"]]


def test_an_import_changes_its_rows_and_leaves_the_others(served: RulesWorld) -> None:
    before = served.snapshot(MENU)
    done = served.do(
        MENU,
        importing(
            ItemRow(line=2, external_id="T", name="Green tea"),
            ItemRow(line=3, id=2, price=450),
            ItemRow(line=4, category="Food", name="Pie", price=500),
            ItemRow(line=5, category="Sweets", name="Flan", price=500),
        ),
    )
    assert done.result == {
        "menu_version": 2,
        "counts": {"new": 2, "changed": 2, "unchanged": 0, "deleted": 0},
    }
    assert [type(event) for event in done.events] == [MenuChanged]
    assert served.types(MENU) == ["menu_update"]
    assert names(served) == {
        "Drinks": [(1, "Green tea"), (2, "Cake")],
        "Food": [(3, "Soup"), (4, "Pie")],
        "Sweets": [(5, "Flan")],
    }
    cake = before["categories"][0]["items"][1]
    assert served.snapshot(MENU)["categories"][0]["items"][1] == {**cake, "price": "4.50"}


def test_an_external_id_decides_before_an_id(served: RulesWorld) -> None:
    served.do(MENU, importing(ItemRow(line=2, external_id="T", id=2, name="Green tea")))
    assert names(served)["Drinks"] == [(1, "Green tea"), (2, "Cake")]


def test_an_id_gives_an_item_its_external_id(served: RulesWorld) -> None:
    served.do(MENU, importing(ItemRow(line=2, external_id="C", id=2)))
    served.do(MENU, importing(ItemRow(line=2, external_id="C", name="Gateau")))
    assert names(served)["Drinks"] == [(1, "Tea"), (2, "Gateau")]


def test_an_item_moves_to_the_end_of_its_new_category(served: RulesWorld) -> None:
    served.do(MENU, importing(ItemRow(line=2, id=1, category="Food")))
    assert names(served) == {"Drinks": [(2, "Cake")], "Food": [(3, "Soup"), (1, "Tea")]}


def test_replacing_deletes_what_is_not_in_the_file(served: RulesWorld) -> None:
    command = importing(
        ItemRow(line=2, id=3), ItemRow(line=3, external_id="T", category="Food"), replace=True
    )
    report = served.unchanged(MENU, importing(*command.items, replace=True, dry_run=True)).result
    assert outcomes(report) == [
        (2, "Soup", "unchanged"),
        (3, "Tea", "changed"),
        (None, "Cake", "deleted"),
        (None, "Drinks", "deleted"),
    ]
    served.do(MENU, command)
    assert names(served) == {"Food": [(3, "Soup"), (1, "Tea")]}
    assert len(served.snapshot(MENU)["option_groups"]) == 1


def test_replacing_takes_the_order_of_the_file(served: RulesWorld) -> None:
    rows = tuple(ItemRow(line=line, id=id_) for line, id_ in ((2, 3), (3, 2), (4, 1)))
    report = served.unchanged(MENU, importing(*rows, replace=True, dry_run=True)).result
    assert report["counts"]["unchanged"] == 3
    assert report["would_change"]
    served.do(MENU, importing(*rows, replace=True))
    assert names(served) == {"Food": [(3, "Soup")], "Drinks": [(2, "Cake"), (1, "Tea")]}


def test_a_deleted_item_is_restored_under_its_id(served: RulesWorld) -> None:
    served.do(MENU, importing(ItemRow(line=2, id=3), replace=True))
    served.do(MENU, importing(ItemRow(line=2, id=2, category="Food", name="Cake", price=400)))
    assert names(served) == {"Food": [(3, "Soup"), (2, "Cake")]}


def test_the_same_file_again_changes_nothing(served: RulesWorld) -> None:
    command = importing(ItemRow(line=2, external_id="P", category="Food", name="Pie", price=500))
    served.do(MENU, command)
    again = served.unchanged(MENU, command)
    assert again.result["counts"]["unchanged"] == 1


def test_a_dry_run_lists_what_would_change_and_every_wrong_row(served: RulesWorld) -> None:
    report = served.unchanged(
        MENU,
        importing(
            ItemRow(line=2, id=1, price=300),
            ItemRow(line=3, id=99),
            ItemRow(line=4, id=2),
            ItemRow(line=5, category="Food", name="Pie"),
            dry_run=True,
        ),
    ).result
    assert report["rows"] == [
        {
            "line": 2, "kind": "item", "outcome": "changed", "id": 1, "external_id": "T",
            "name": "Tea", "changes": {"price": {"from": "2.50", "to": "3.00"}},
        },
        {
            "line": 4, "kind": "item", "outcome": "unchanged", "id": 2, "external_id": None,
            "name": "Cake", "changes": {},
        },
    ]  # fmt: skip
    assert [(row["line"], row["column"]) for row in report["wrong"]] == [(3, "id"), (5, "price")]


def test_one_wrong_row_refuses_all_of_them(served: RulesWorld) -> None:
    command = importing(ItemRow(line=2, id=1, price=300), ItemRow(line=3, id=99))
    refused = served.refuse(MENU, command, Code.INVALID_MESSAGE)
    assert refused.details == {"wrong_count": 1}


# --- option groups and categories ----------------------------------------------------------------


def test_an_option_group_is_matched_and_its_options_by_name(served: RulesWorld) -> None:
    sizes = OptionGroupInput(
        name="Sizes",
        external_id="size",
        options=(OptionInput(name="Large", price=150), OptionInput(name="Huge", price=300)),
    )
    served.do(MENU, importing(option_groups=(GroupRow(line=9, group=sizes),)))
    [group] = served.snapshot(MENU)["option_groups"]
    assert (group["id"], group["name"]) == (1, "Sizes")
    assert [(option["id"], option["price"]) for option in group["options"]] == [
        (3, "1.50"),
        (4, "3.00"),
    ]
    assert names(served)["Drinks"] == [(1, "Tea"), (2, "Cake")]


def test_a_new_group_is_used_by_an_item_of_the_same_file(served: RulesWorld) -> None:
    milk = OptionGroupInput(name="Milk", external_id="milk", options=(OptionInput(name="Oat"),))
    row = ItemRow(line=2, id=1, option_group_ids=("size", "milk"))
    served.do(MENU, importing(row, option_groups=(GroupRow(line=9, group=milk),)))
    new = served.snapshot(MENU)["option_groups"][1]["id"]
    assert served.snapshot(MENU)["categories"][0]["items"][0]["option_group_ids"] == [1, new]


def test_a_group_that_an_item_keeps_cannot_be_deleted(served: RulesWorld) -> None:
    rows = (ItemRow(line=2, id=1), ItemRow(line=3, id=2))
    command = importing(*rows, option_groups=(), replace=True, dry_run=True)
    report = served.unchanged(MENU, command).result
    assert [(row["line"], row["column"]) for row in report["wrong"]] == [(2, "option_groups")]


def test_a_categorys_texts_and_hours_are_imported(served: RulesWorld) -> None:
    food = CategoryRow(line=2, name="Food", translations={})
    new = CategoryRow(line=3, name="Sweets")
    command = importing(categories=(food, new), dry_run=True)
    report = served.unchanged(MENU, command).result
    assert outcomes(report) == [(2, "Food", "unchanged"), (3, "Sweets", "new")]
    served.do(MENU, importing(categories=(new,)))
    assert names(served)["Sweets"] == []


# --- external ids --------------------------------------------------------------------------------


def test_an_export_contains_external_ids_and_no_channel_does(served: RulesWorld) -> None:
    content = served.unchanged(MENU, ExportMenu()).result["content"]
    assert content.items()[1].external_id == "T"
    assert "external_id" not in str(served.snapshot(MENU))
    served.do(MENU, c.ChangeMenuItem(item_id=1, available=False))
    assert "external_id" not in str(served.last(MENU))


def test_a_rewrite_matches_items_groups_and_options_without_ids(served: RulesWorld) -> None:
    before = served.snapshot(MENU)
    drinks = MenuCategoryInput(name="Drinks", items=(TEA,))
    served.do(MENU, c.ReplaceMenu(categories=(drinks,), option_groups=(SIZES,)))
    after = served.snapshot(MENU)
    assert after["categories"][0]["items"] == before["categories"][0]["items"][:1]
    assert after["option_groups"] == before["option_groups"]


def test_an_external_id_stands_once_in_a_menu(served: RulesWorld) -> None:
    for items in (
        (MenuItemInput(id=2, name="Cake", price=1, external_id="T"), TEA),
        (MenuItemInput(name="Pie", price=1, external_id="P"),) * 2,
    ):
        command = c.ReplaceMenu(categories=(MenuCategoryInput(name="Drinks", items=items),))
        refused = served.refuse(MENU, command, Code.INVALID_MESSAGE)
        assert refused.details["doubled"] in (["T"], ["P"])


def test_an_item_cannot_be_named_by_its_id_and_its_external_id(served: RulesWorld) -> None:
    items = (MenuItemInput(id=1, name="Tea", price=1), TEA)
    command = c.ReplaceMenu(categories=(MenuCategoryInput(name="Drinks", items=items),))
    assert served.refuse(MENU, command, Code.INVALID_MESSAGE).details["doubled"] == [1]
