"""Files of menus: exports, imports of files in many variants, and errors by line."""

import csv
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.menu.merge import merge
from domain.menu.merge_result import Merge
from domain.menu.state import (
    MenuCategory,
    MenuContent,
    MenuItem,
    Option,
    OptionGroup,
    ServingHours,
    Translation,
)
from domain.menu.wrong_row import WrongRow
from gateway.http.menu_files.csv_format import read_csv, write_csv
from gateway.http.menu_files.json_format import MAX_VALUES, read_json, write_json
from gateway.http.menu_files.rows import MAX_ROWS, MenuRows
from protocol import commands as c
from protocol.codec import parse_body
from protocol.limits import MessageLimits
from protocol.menu import Allergen, Diet

LIMITS = MessageLimits(max_values=MAX_VALUES)
SOUP = MenuItem(1, "Soup", "Of the day", 650, True, external_id="S1", option_group_ids=(1,))
PIE = MenuItem(2, "Pie", "", 400, True, allergens=(Allergen.EGGS,))
SIZE = OptionGroup(1, "Size", 1, 1, (Option(2, "Small"), Option(3, "Large", 100)), "size")
MENU = MenuContent((MenuCategory("Food", (SOUP, PIE)),), 3, 1, (SIZE,), 4)


def command_of(rows: MenuRows, **options: Any) -> c.ImportMenu:
    groups = rows.option_groups
    return c.ImportMenu(
        categories=tuple(rows.categories),
        items=tuple(rows.items),
        option_groups=None if groups is None else tuple(groups),
        **options,
    )


def merged(text: str, content: MenuContent = MENU, **options: Any) -> Merge:
    """A menu after the import of a CSV file in which no line is wrong."""
    rows = read_csv(text.encode())
    result = merge(content, command_of(rows, **options))
    assert rows.wrong == result.wrong == []
    return result


def wrong_lines(data: bytes, content: MenuContent = MENU, **options: Any) -> list[dict[str, Any]]:
    """The wrong lines of a CSV file, in any order."""
    try:
        rows = read_csv(data)
    except WrongRow as error:
        return [error.row]
    return [*rows.wrong, *merge(content, command_of(rows, **options)).wrong]


# --- export and import again ---------------------------------------------------------------------

TRICKY = (
    "=1+1", "+49", "-", "-5", "@SUM(A1)", "'-", "''=x", "'t Hooft", 'the "best"', "a,b;c\td",
    "none", "undeclared", "line\r\nbreak", "line\rbreak", "line\nbreak", "a | b", "#5", "5",
    "ß 茶 🍵", "true",
)  # fmt: skip
_letters = st.characters(exclude_categories=("Cs", "Cc"))
texts = (st.sampled_from(TRICKY) | st.text(_letters, min_size=1, max_size=12)).filter(
    lambda text: text == text.strip() and bool(text)
)
translations = st.dictionaries(
    st.sampled_from(("de", "pt-BR", "zh-Hans")),
    st.builds(Translation, texts, texts | st.just("")),
)
clock = st.times().map(lambda time: time.strftime("%H:%M"))
hours = st.lists(
    st.builds(
        ServingHours,
        st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days))),
        clock,
        clock,
    ),
    max_size=2,
).map(tuple)


def _subset(values: Any) -> Any:
    return st.sets(st.sampled_from(list(values))).map(lambda some: tuple(sorted(some, key=str)))


@st.composite
def contents(draw: st.DrawFn) -> MenuContent:
    """A menu in which everything may occur."""
    group_names = draw(
        st.lists(st.none() | texts, max_size=3, unique_by=lambda each: each or object())
    )
    groups = tuple(
        OptionGroup(
            10 * number,
            draw(texts),
            0,
            2,
            tuple(
                Option(10 * number + at, draw(texts), draw(st.integers(-500, 500)))
                for at in range(1, 1 + draw(st.integers(1, 3)))
            ),
            external_id,
            draw(translations),
        )
        for number, external_id in enumerate(group_names, 1)
    )
    ids = iter(range(1, 9))

    def item(id_: int) -> MenuItem:
        return MenuItem(
            id_,
            draw(texts),
            draw(texts | st.just("")),
            draw(st.integers(0, 10**8)),
            draw(st.booleans()),
            draw(translations),
            draw(st.none() | _subset(Allergen)),
            draw(_subset(Diet)),
            draw(_subset([group.id for group in groups])) if groups else (),
            draw(hours),
            photo_id=draw(st.sampled_from((None, 32 * "a"))),
            external_id=draw(st.none() | texts.map(lambda text: f"{text}{id_}")),
        )

    categories = tuple(
        MenuCategory(
            f"{number}{draw(texts)}",
            tuple(item(next(ids)) for _ in range(draw(st.integers(1, 2)))),
            draw(translations),
            draw(hours),
        )
        for number in range(draw(st.integers(0, 3)))
    )
    return MenuContent(categories, 9, 5, groups, 50)


@given(contents(), st.booleans(), st.booleans())
def test_importing_an_exported_csv_file_changes_nothing(
    content: MenuContent, decimal_comma: bool, replaces: bool
) -> None:
    if not content.categories:
        replaces = False  # a file without lines
    rows = read_csv(write_csv(content, decimal_comma=decimal_comma))
    result = merge(content, command_of(rows, replace=replaces))
    assert (rows.wrong, result.wrong) == ([], [])
    assert result.content == content
    assert {row["outcome"] for row in result.rows} <= {"unchanged"}


@given(contents(), st.booleans())
def test_importing_an_exported_json_file_changes_nothing(
    content: MenuContent, replaces: bool
) -> None:
    rows = read_json(write_json(content), LIMITS)
    result = merge(content, command_of(rows, replace=replaces))
    assert (rows.wrong, result.wrong) == ([], [])
    assert result.content == content
    assert {row["outcome"] for row in result.rows} <= {"unchanged"}


def test_an_exported_json_file_is_a_body_of_the_menus_route() -> None:
    assert isinstance(parse_body(c.ReplaceMenu, write_json(MENU)), c.ReplaceMenu)


def test_an_exported_item_without_an_external_id_is_unknown_to_another_restaurant() -> None:
    rows = read_json(write_json(MENU), LIMITS)
    [wrong] = merge(MenuContent(), command_of(rows)).wrong
    line = write_json(MENU).decode().splitlines().index('          "id": 2,')  # "{" is before it
    assert (wrong["line"], wrong["column"]) == (line, "id")


def test_a_file_with_external_ids_can_be_imported_by_another_restaurant() -> None:
    other = MenuContent(
        (MenuCategory("Drinks", (MenuItem(1, "Tea", "", 250, True),)),), 2, 1, (), 1
    )
    food = MenuContent((MenuCategory("Food", (SOUP,)),), 3, 1, (SIZE,), 4)
    result = merge(other, command_of(read_json(write_json(food), LIMITS)))
    assert result.wrong == []
    after = result.content
    assert [item.name for item in after.items().values()] == ["Tea", "Soup"]
    assert after.option_groups[0].external_id == "size"
    assert after.items()[2].option_group_ids == (after.option_groups[0].id,)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "'=x"])
def test_a_cell_that_is_a_formula_is_exported_with_an_apostrophe(text: str) -> None:
    item = MenuItem(1, text, "", 1, True)
    exported = write_csv(MenuContent((MenuCategory("Food", (item,)),), 2)).decode("utf-8-sig")
    [_, cells] = csv.reader(io.StringIO(exported, newline=""))
    assert cells[3] == f"'{text}"


def test_a_csv_file_begins_with_a_mark_and_has_separators_that_fit_its_decimals() -> None:
    assert write_csv(MENU).startswith(b"\xef\xbb\xbfcategory,external_id,id,name,")
    line = write_csv(MENU, decimal_comma=True).decode().splitlines()[1]
    assert line == "Food;S1;;Soup;Of the day;6,50;true;-;undeclared;;;size"


# --- valid files ---------------------------------------------------------------------------------

PLAIN = "external_id,name,price\nS1,Broth,7.00\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), id="byte order mark"),
        pytest.param(PLAIN.replace(",", ";").encode(), id="semicolons"),
        pytest.param(PLAIN.replace(",", "\t").encode(), id="tabs"),
        pytest.param(PLAIN.replace(",", "\t").encode("utf-16"), id="UTF-16"),
        pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r").encode(), id="CR"),
        pytest.param(PLAIN.replace(",", ";").replace("7.00", "7,00").encode(), id="decimal comma"),
        pytest.param(PLAIN.replace("7.00", '"7,0"').encode(), id="quoted decimal comma"),
        pytest.param(PLAIN.replace("7.00", "7").encode(), id="no decimals"),
        pytest.param(PLAIN.upper().replace("BROTH", "Broth").encode(), id="capitals"),
        pytest.param(("\n" + PLAIN + ",,\n\n").encode(), id="empty lines"),
        pytest.param(b"name,price,external_id,hours\nBroth,7.00,S1\n", id="short line"),
    ],
)
def test_a_csv_file_is_understood_as_programs_write_it(data: bytes) -> None:
    rows = read_csv(data)
    result = merge(MENU, command_of(rows))
    assert (rows.wrong, result.wrong) == ([], [])
    [soup, pie] = result.content.items().values()
    assert (soup.name, soup.price, soup.description) == ("Broth", 700, "Of the day")
    assert pie == PIE


def test_empty_cells_keep_their_fields_and_a_dash_clears_them() -> None:
    kept = merged("id,description,allergens,external_id\n1,,,\n2,,,\n")
    assert kept.content == MENU
    cleared = merged("id,description,allergens,option_groups\n1,-,-,-\n2,-,none,-\n").content
    soup, pie = cleared.items().values()
    assert (soup.description, soup.allergens, soup.option_group_ids) == ("", None, ())
    assert pie.allergens == ()


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("available", "FALSE", "available", False),
        ("available", "Nein", "available", False),
        ("portions", "12", "portions", 12),
        ("portions", "-", "portions", None),
        ("allergens", "Milk, gluten", "allergens", ("gluten", "milk")),
        ("diets", "vegan|halal", "diets", ("halal", "vegan")),
        ("hours", "1-2,5 9:00-11:30", "hours", (ServingHours((1, 2, 5), "09:00", "11:30"),)),
        ("option_groups", "#1", "option_group_ids", (1,)),
        ("option_groups", "size", "option_group_ids", (1,)),
        ("description", "'=1+1", "description", "=1+1"),
        ("description", "two\nlines", "description", "two\nlines"),
        ("name_de", "Kuchen", "translations", {"de": Translation("Kuchen")}),
        ("NAME_pt-br", "Torta", "translations", {"pt-BR": Translation("Torta")}),
    ],
)
def test_a_cell_sets_its_field(column: str, cell: str, field: str, value: Any) -> None:
    result = merged(f'id,{column}\n2,"{cell}"\n')
    assert getattr(result.content.items()[2], field) == value
    assert result.content.items()[1] == SOUP


def test_a_translation_changes_one_language_and_a_dash_removes_it() -> None:
    texts = {"de": Translation("Suppe", "Heiß"), "fr": Translation("Soupe")}
    soup = MenuItem(1, "Soup", "", 650, True, texts)
    content = MenuContent((MenuCategory("Food", (soup,)),), 2)
    kept = merged("id,name_de,name_fr\n1,Brühe,\n", content).content.items()[1]
    assert kept.translations == {"de": Translation("Brühe", "Heiß"), "fr": Translation("Soupe")}
    removed = merged("id,name_de\n1,-\n", content).content.items()[1]
    assert removed.translations == {"fr": Translation("Soupe")}


def test_ten_thousand_lines_are_imported_and_one_more_is_refused() -> None:
    lines = ["category,external_id,name,price"]
    lines += [f"Category {n // 300},E{n},Dish {n},9.50" for n in range(MAX_ROWS)]
    result = merged("\n".join(lines))
    assert result.counts() == {"new": MAX_ROWS, "changed": 0, "unchanged": 0, "deleted": 0}
    more = read_csv("\n".join([*lines, "Food,E,Dish,9.50", "Food,F,Dish,9.50"]).encode())
    assert len(more.items) == MAX_ROWS
    [wrong] = more.wrong
    assert (wrong["line"], wrong["column"]) == (MAX_ROWS + 2, None)


# --- invalid files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ("id,price\n1,\n2,cheap", 3, "price", "must be an amount"),
        ("id,price\n1,6.505", 2, "price", "must be an amount"),
        ("id,price\n1,€6", 2, "price", "must be an amount"),
        ('id,description,price\n1,"two\nlines",5\n2,,cheap', 4, "price", "must be an amount"),
        ("id,available\n1,perhaps", 2, "available", 'must be "true" or "false"'),
        ("id,allergens\n1,gluten|fishes", 2, "allergens", "should be 'gluten'"),
        ("id,diets\n1,carnivore", 2, "diets", "should be 'vegetarian'"),
        ("id,hours\n1,always", 2, "hours", "must be days and times"),
        ("id,hours\n1,5-1 10:00-11:00", 2, "hours", "must have days"),
        ("id,hours\n1,1 10:00-25:00", 2, "hours", "pattern"),
        ("id,name\n1," + 121 * "x", 2, "name", "at most 120"),
        ("id,name\n1,-", 2, "name", "must be a string"),
        ("id,name_de\n1," + 121 * "x", 2, "name_de", "at most 120"),
        ("id,description_de\n1,Heiß", 2, "name_de", "is required"),
        ("id,name\none,Soup", 2, "id", "must be a whole number"),
        ("id,name\n99,Soup", 2, "id", "no such id"),
        ("id,name\n1,Soup\n1,Broth", 3, "id", "line 2"),
        ("external_id,id\nS1,\n,1", 3, "id", "line 2"),
        ("external_id,name,price,category\nX,A,1,B\nX,C,1,B", 3, "external_id", "line 2"),
        ("name,price\nCake,5.00", 2, "category", "required for a new item"),
        ("category,name\nFood,Cake", 2, "price", "required for a new item"),
        ("category,price\nFood,5.00", 2, "name", "required for a new item"),
        ("id,option_groups\n1,sizes", 2, "option_groups", "no option group sizes"),
        ("id,option_groups\n1,size|#1", 2, "option_groups", "named twice"),
        ("id,colour\n1,red", 1, "colour", "no such column"),
        ("id,name,name\n1,a,b", 1, "name", "two columns"),
        ("id,\n1,x", 2, None, "has no name"),
        ("id,name\n1,Soup,9.50", 2, None, "more cells"),
        ('id,name\n1,"Soup', 2, None, "quotation marks"),
        ('id,name\n1,"Soup"s\n2,Pie', 2, None, "quotation marks"),
        ("id,name\n1," + 140_000 * "x", 2, None, "cannot be read"),
        ("Soup;6.50\nPie;4.00", 1, None, "must name the columns"),
        (",,\n", 1, None, "must name the columns"),
        (" \n", 1, None, "empty"),
    ],
)
def test_a_wrong_line_is_named_with_its_column(
    text: str, line: int, column: str | None, why: str
) -> None:
    [wrong] = wrong_lines(text.encode())
    assert (wrong["line"], wrong["column"]) == (line, column)
    assert why in wrong["error"]
    assert wrong["error"].endswith(".")
    if column is not None:
        assert wrong["error"].startswith(f"{column}: ")


def test_every_wrong_line_is_named() -> None:
    text = "id,price,available\n1,cheap,\n2,,perhaps\n99,1.00,\n1,5.00,true\n"
    assert [row["line"] for row in wrong_lines(text.encode())] == [2, 3, 4]


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        pytest.param(b"PK\x03\x04\x14\x00\x06\x00", 1, "spreadsheet file", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1, "spreadsheet file", id="xls"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 1, "no text file", id="picture"),
        pytest.param(b"id,name\n1,So\x00up\n", 1, "no text file", id="null byte"),
        pytest.param("id,name\n1,Brühe".encode("cp1252"), 2, "not in UTF-8", id="Windows-1252"),
        pytest.param(b"", 1, "empty", id="nothing"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_both_formats(
    data: bytes, line: int, why: str
) -> None:
    for read in (read_csv, lambda each: read_json(each, LIMITS)):
        with pytest.raises(WrongRow) as refused:
            read(data)
        assert refused.value.row["line"] == line
        assert why in refused.value.row["error"]


def test_a_category_and_a_menu_have_their_largest_size() -> None:
    full = "category,name,price\n" + "Food,Dish,1\n" * 301
    assert [row["line"] for row in wrong_lines(full.encode())] == [300, 301, 302]
    many = "category,name,price\n" + "".join(f"Category {n},Dish,1\n" for n in range(61))
    assert [row["line"] for row in wrong_lines(many.encode())] == [61, 62]


GROUP: dict[str, Any] = {"name": "Sauce", "options": [{"name": "Mint"}]}


@pytest.mark.parametrize(
    ("body", "line", "column", "why"),
    [
        ({"categories": {}}, 1, "categories", "must be a list"),
        ({"categories": [1]}, 1, "categories", "only objects"),
        ({}, 1, "categories", "must be a list"),
        ({"categories": [], "version": 1}, 1, "version", "no such field"),
        (
            {"categories": [], "expected_version": "1"},
            1,
            "expected_version",
            "must be a whole number",
        ),
        ({"categories": [{"name": "Food"}]}, 3, "items", "must be a list"),
        ({"categories": [{"items": []}]}, 3, "name", "is required"),
        ({"categories": [{"name": "A", "line": 1, "items": []}]}, 3, "line", "no such field"),
        (
            {"categories": [{"name": "A", "items": [{"id": 1, "price": "x"}]}]},
            6,
            "price",
            "must be",
        ),
        ({"categories": [{"name": "A", "items": [{"id": 1, "texts": {}}]}]}, 6, "texts", "no such"),
        ({"categories": [{"name": "A", "items": [{"id": 9}]}]}, 6, "id", "no such id"),
        ({"categories": [], "option_groups": [{"name": "A"}]}, 4, "options", "is required"),
        ({"categories": [], "option_groups": [{**GROUP, "min": 3}]}, 4, "min", "greater than max"),
        ({"categories": [], "option_groups": [{**GROUP, "id": 9}]}, 4, "id", "no such id"),
        (
            {"categories": [], "option_groups": [{**GROUP, "options": [{"id": 9, "name": "A"}]}]},
            4,
            "options.0.id",
            "no such option",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_object_of_a_json_file_is_named_with_its_line(
    body: Any, line: int, column: str, why: str
) -> None:
    rows = read_json(orjson.dumps(body, option=orjson.OPT_INDENT_2), LIMITS)
    [wrong] = [*rows.wrong, *merge(MENU, command_of(rows)).wrong]
    assert (wrong["line"], wrong["column"]) == (line, column)
    assert why in wrong["error"]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{"categories": [\n{]}', 2, "not JSON"),
        ("[]", 1, "one JSON object"),
        ('{"categories": ' + "[" * 20 + "]" * 20 + "}", 1, "objects and lists"),
        ('{"categories": [' + "1," * MAX_VALUES + "1]}", 1, "values"),
    ],
    ids=["not JSON", "list", "deep", "many values"],
)
def test_a_json_file_that_cannot_be_read_is_refused(text: str, line: int, why: str) -> None:
    with pytest.raises(WrongRow) as refused:
        read_json(text.encode(), LIMITS)
    assert refused.value.row["line"] == line
    assert why in refused.value.row["error"]
