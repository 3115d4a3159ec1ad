"""The rows of a file merged into a menu: which row is which part, what changes, which are wrong.

Rows are matched by external id, then by id. The files' formats are in `gateway/http/menu_files`.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET

from domain.copy import replace
from domain.menu.categories import Categories
from domain.menu.merge_result import Merge
from domain.menu.replacement import (
    excess_minimum,
    external_ids,
    item_after,
    names_group_twice,
    with_groups,
    with_option_ids,
)
from domain.menu.state import MenuCategory, MenuContent, MenuItem, OptionGroup, Translation
from domain.menu.views import category_row, group_row, item_row
from domain.menu.wrong_row import WrongRow
from protocol import commands as c
from protocol.menu import (
    MAX_LANGUAGES,
    MAX_OPTION_GROUPS,
    GroupRow,
    ItemRow,
    OptionGroupInput,
    OptionInput,
)


def merge(content: MenuContent, command: c.ImportMenu) -> Merge:
    """The menu after an import, with its `version` unchanged. Do not use it if rows are wrong."""
    result = Merge(content)
    if command.option_groups is not None:
        _merge_groups(result, command.option_groups, replaces=command.replace)
    _merge_items(result, command)
    result.rows.sort(key=lambda row: (row["line"] is None, row["line"] or 0))
    result.wrong.sort(key=lambda row: row["line"])
    return result


class _Matcher:
    """Finds the parts that rows are about, each part at most once."""

    def __init__(
        self, parts: Iterable[MenuItem] | Iterable[OptionGroup], is_known: Callable[[int], bool]
    ) -> None:
        self._named = external_ids(parts)
        self._is_known = is_known
        self._lines: dict[int | str, int] = {}

    def match(self, line: int, row: ItemRow | OptionGroupInput) -> int | None:
        """The id of a row's part; None for a new one. Raises WrongRow."""
        external_id = row.external_id if isinstance(row.external_id, str) else None
        id_ = self._named.get(external_id) if external_id is not None else None
        if id_ is None:
            id_ = row.id
            if id_ is not None and not self._is_known(id_):
                raise WrongRow(line, "id", "this menu has no such id. Leave it out of a new row")
        for column, key in (("external_id", external_id), ("id", id_)):
            if key is not None and key in self._lines:
                raise WrongRow(
                    line, column, f"line {self._lines[key]} is the same one. Remove one of them"
                )
        self._lines |= {key: line for key in (external_id, id_) if key is not None}
        return id_


# --- option groups -------------------------------------------------------------------------------


def _merge_groups(result: Merge, rows: Iterable[GroupRow], *, replaces: bool) -> None:
    content = result.content
    known, options = content.groups(), content.options()
    matcher = _Matcher(content.option_groups, known.__contains__)
    used: set[int] = set()
    given: dict[Any, tuple[int | None, OptionGroupInput]] = {}
    if not replaces:
        given = {group.id: (None, _unchanged(group)) for group in content.option_groups}
    for row in rows:
        try:
            id_ = matcher.match(row.line, row.group)
            group = with_option_ids(dataclasses.replace(row.group, id=id_), known)
            _check_options(row.line, group, options, used)
            if len(given) >= MAX_OPTION_GROUPS and id_ not in given:
                raise WrongRow(row.line, "name", f"a menu has at most {MAX_OPTION_GROUPS} groups")
        except WrongRow as error:
            result.wrong.append(error.row)
            continue
        given[object() if id_ is None else id_] = row.line, group
    result.content = with_groups(content, [group for _, group in given.values()])
    for (line, _), after in zip(given.values(), result.content.option_groups, strict=True):
        if line is None:
            continue
        why = excess_minimum(after)
        if why is not None:
            result.wrong.append(WrongRow(line, "min", why).row)
            continue
        before = _group_fields(known[after.id]) if after.id in known else None
        result.report("option_group", line, before, _group_fields(after))
    for id_ in known.keys() - result.content.groups().keys():
        result.report("option_group", None, _group_fields(known[id_]), None)


def _unchanged(group: OptionGroup) -> OptionGroupInput:
    options = tuple(OptionInput(id=option.id, name=option.name) for option in group.options)
    return OptionGroupInput(id=group.id, name=group.name, options=options)


def _check_options(
    line: int, group: OptionGroupInput, known: Mapping[int, Any], used: set[int]
) -> None:
    """Raise WrongRow for the id of an option that is not in the menu, or that is used twice."""
    for number, option in enumerate(group.options):
        if option.id is None:
            continue
        if option.id not in known or option.id in used:
            why = (
                "this menu has no such option, or it is named twice. Leave out the id of a new one"
            )
            raise WrongRow(line, f"options.{number}.id", why)
        used.add(option.id)


def _group_fields(group: OptionGroup) -> Mapping[str, Any]:
    return {**group_row(group), "external_id": group.external_id}


# --- categories and items ------------------------------------------------------------------------


def _merge_items(result: Merge, command: c.ImportMenu) -> None:
    content = result.content
    known, next_id = content.items(), content.next_id
    names = {item.id: each.name for each in content.categories for item in each.items}
    groups, named = content.groups(), external_ids(content.option_groups)
    matcher = _Matcher(known.values(), lambda id_: id_ < content.next_id)
    categories = Categories(content.categories, is_empty=command.replace)
    _merge_categories(result, command, categories)
    for row in command.items:
        try:
            id_ = matcher.match(row.line, row)
            known_item = None if id_ is None else known.get(id_)
            item = _item(row, known_item, named, id_ or next_id)
            _check_groups(row.line, item, groups)
            name = names[item.id] if row.category is UNSET else row.category
            categories.place(row.line, item, name)
        except WrongRow as error:
            result.wrong.append(error.row)
            continue
        next_id += id_ is None
        after = _item_fields(item, name)
        before: Mapping[str, Any] | None = after
        if known_item is None:
            before = None
        elif item != known_item or name != names[item.id]:
            before = _item_fields(known_item, names[item.id])
        result.report("item", row.line, before, after)
    result.content = replace(content, categories=categories.result(), next_id=next_id)
    for id_ in known.keys() - result.content.items().keys():
        result.report("item", None, _item_fields(known[id_], names[id_]), None)
    for category in content.categories:
        if not categories.has(category.name):
            result.report("category", None, _category_fields(category), None)


def _merge_categories(result: Merge, command: c.ImportMenu, categories: Categories) -> None:
    for row in command.categories:
        try:
            before, after = categories.change(row)
        except WrongRow as error:
            result.wrong.append(error.row)
            continue
        old = None if before is None else _category_fields(before)
        result.report("category", row.line, old, _category_fields(after))


def _item(
    row: ItemRow, before: MenuItem | None, groups_named: Mapping[str, int], id_: int
) -> MenuItem:
    """The item after an import. Raises WrongRow."""
    if before is None:
        for column in ("category", "name", "price"):
            if getattr(row, column) is UNSET:
                raise WrongRow(row.line, column, "is required for a new item")
    item = item_after(before, row, groups_named, id=id_)
    if row.texts:
        item = replace(item, translations=_translations(row, item.translations))
    return item


def _translations(row: ItemRow, before: Mapping[str, Translation]) -> dict[str, Translation]:
    after = dict(before)
    for tag, change in row.texts.items():
        if change.name is None:
            after.pop(tag, None)
            continue
        known = after.get(tag)
        name = change.name if change.name is not UNSET else known and known.name
        if not name:
            raise WrongRow(row.line, f"name_{tag}", f"is required with description_{tag}")
        description = change.description
        if description is UNSET:
            description = known.description if known is not None else ""
        after[tag] = Translation(name, description or "")
    if len(after) > MAX_LANGUAGES:
        raise WrongRow(row.line, "", f"An item has at most {MAX_LANGUAGES} translations")
    return after


def _check_groups(line: int, item: MenuItem, groups: Mapping[int, OptionGroup]) -> None:
    """Raise WrongRow if an item names an option group twice, or one that is not in the menu."""
    unknown = [ref for ref in item.option_group_ids if ref not in groups]
    if unknown:
        raise WrongRow(line, "option_groups", f"there is no option group {unknown[0]}")
    if names_group_twice(item):
        raise WrongRow(line, "option_groups", "an option group is named twice")


def _item_fields(item: MenuItem, category: str) -> Mapping[str, Any]:
    return {**item_row(item), "external_id": item.external_id, "category": category}


def _category_fields(category: MenuCategory) -> Mapping[str, Any]:
    fields = category_row(replace(category, items=()))
    return {
        "name": fields["name"],
        "translations": fields["translations"],
        "hours": fields["hours"],
    }
