"""A menu's content after it was replaced: new parts get ids, known ones keep what is not given."""

import dataclasses
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from msgspec import UNSET

from domain.copy import replace
from domain.menu.state import (
    MenuCategory,
    MenuContent,
    MenuItem,
    Option,
    OptionGroup,
    ServingHours,
    Translation,
)
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.menu import MenuItemInput, OptionGroupInput

P = TypeVar("P", MenuCategory, MenuItem, Option, OptionGroup)
G = TypeVar("G", MenuItemInput, OptionGroupInput)

BLANK_CATEGORY = MenuCategory("", ())
_BLANK_ITEM = MenuItem(0, "", "", 0, available=True)
_BLANK_OPTION = Option(0, "")
_BLANK_GROUP = OptionGroup(0, "", 0, 1, ())


def replaced(content: MenuContent, command: c.ReplaceMenu) -> MenuContent | Rejected:
    """The content after a command; its `version` is unchanged."""
    groups = _replaced_groups(content, command)
    if isinstance(groups, Rejected):
        return groups
    content = groups
    named = external_ids(content.items().values())
    given = [
        (category, [_identified(each, named) for each in category.items])
        for category in command.categories
    ]
    inputs = [item for _, items in given for item in items]
    refused = _ids_refusal("item", inputs, content.items(), content.next_id)
    refused = refused or _references_refusal(content, inputs)
    if refused is not None:
        return refused
    known, next_id = content.items(), content.next_id
    groups_named: dict[Any, int] = {**external_ids(content.option_groups)}
    named_before = defaultdict[str, deque[MenuCategory]](deque)
    for old in content.categories:
        named_before[old.name].append(old)
    categories = []
    for category, inputs in given:
        items = []
        for each in inputs:
            id_ = each.id
            if id_ is None:
                id_, next_id = next_id, next_id + 1
            item = item_after(known.get(id_), each, groups_named, id=id_)
            if names_group_twice(item):
                return Rejected(
                    Code.INVALID_MESSAGE,
                    f"{item.name}: names an option group twice.",
                    {"field": "option_group_ids"},
                )
            items.append(item)
        before = named_before[category.name].popleft() if named_before[category.name] else None
        categories.append(part(BLANK_CATEGORY, before, category, items=tuple(items)))
    refused = _external_ids_refusal(
        "categories", (item for category in categories for item in category.items)
    )
    return refused or replace(content, categories=tuple(categories), next_id=next_id)


def _replaced_groups(content: MenuContent, command: c.ReplaceMenu) -> MenuContent | Rejected:
    if command.option_groups is UNSET:
        return content
    named = external_ids(content.option_groups)
    known = content.groups()
    inputs = [
        with_option_ids(_identified(each, named), known) for each in command.option_groups or ()
    ]
    options = [option for group in inputs for option in group.options]
    next_id = content.next_option_id
    refused = _ids_refusal("option group", inputs, known, next_id) or _ids_refusal(
        "option", options, content.options(), next_id
    )
    if refused is not None:
        return refused
    content = with_groups(content, inputs)
    for number, group in enumerate(content.option_groups):
        why = excess_minimum(group)
        if why is not None:
            return Rejected(
                Code.INVALID_MESSAGE,
                f"option_groups.{number}: {why}.",
                {"field": f"option_groups.{number}.min", "max": most_options(group)},
            )
    return _external_ids_refusal("option_groups", content.option_groups) or content


def external_ids(parts: Iterable[MenuItem] | Iterable[OptionGroup]) -> dict[str, int]:
    """The ids of the parts that have an external id, by that."""
    return {each.external_id: each.id for each in parts if each.external_id is not None}


def _identified(given: G, named: Mapping[str, int]) -> G:
    """The same part with the id of the one that has its external id, if it has no id itself."""
    if given.id is not None or not isinstance(given.external_id, str):
        return given
    return dataclasses.replace(given, id=named.get(given.external_id))


def with_option_ids(given: OptionGroupInput, known: Mapping[int, OptionGroup]) -> OptionGroupInput:
    """The same group with the ids of its options, by their names, if they have no ids."""
    before = None if given.id is None else known.get(given.id)
    if before is None:
        return given
    taken = {option.id for option in given.options}
    named: dict[str, list[int]] = {}
    for option in before.options:
        if option.id not in taken:
            named.setdefault(option.name, []).append(option.id)
    options = []
    for each in given.options:
        if each.id is None and (ids := named.get(each.name)):
            each = dataclasses.replace(each, id=ids.pop(0))
        options.append(each)
    return dataclasses.replace(given, options=tuple(options))


def with_groups(content: MenuContent, inputs: Iterable[OptionGroupInput]) -> MenuContent:
    """The content with these groups and no others. Their ids are unique and of this menu."""
    known, options = content.groups(), content.options()
    next_id, groups = content.next_option_id, []
    for group in inputs:
        id_ = group.id
        if id_ is None:
            id_, next_id = next_id, next_id + 1
        parts = []
        for option in group.options:
            option_id = option.id
            if option_id is None:
                option_id, next_id = next_id, next_id + 1
            parts.append(part(_BLANK_OPTION, options.get(option_id), option, id=option_id))
        groups.append(part(_BLANK_GROUP, known.get(id_), group, id=id_, options=tuple(parts)))
    return replace(content, option_groups=tuple(groups), next_option_id=next_id)


def most_options(group: OptionGroup) -> int:
    """How many options of a group a line can have."""
    return min(group.max, sum(option.max_each for option in group.options))


def excess_minimum(group: OptionGroup) -> str | None:
    """Reason why no choice of options is valid for a group; None if one is."""
    if group.min <= most_options(group):
        return None
    return "min is greater than max, or than its options allow"


def item_after(
    before: MenuItem | None, given: Any, groups_named: Mapping[Any, int], **changes: Any
) -> MenuItem:
    """An item with the given fields and `changes`, with the ids of the groups that it names."""
    item = part(_BLANK_ITEM, before, given, **changes)
    ids = tuple(groups_named.get(ref, ref) for ref in item.option_group_ids)
    until = None if item.available else item.unavailable_until
    return replace(item, option_group_ids=ids, unavailable_until=until)


def names_group_twice(item: MenuItem) -> bool:
    return len(set(item.option_group_ids)) < len(item.option_group_ids)


def part(blank: P, before: P | None, given: Any, **changes: Any) -> P:
    """A part of the menu with the given fields. A field that is not given is as before, a cleared
    one as in `blank`."""
    values: dict[str, Any] = {}
    for each in fields(blank):
        value = getattr(given, each.name, UNSET)
        if value is UNSET:
            value = getattr(before or blank, each.name)
        elif value is None:
            value = getattr(blank, each.name)
        elif each.name == "translations":
            value = _translations(value)
        elif each.name == "hours":
            value = tuple(ServingHours(hours.days, hours.opens, hours.closes) for hours in value)
        elif each.name == "unavailable_until":
            value = datetime.fromisoformat(value)
        values[each.name] = value
    return replace(blank, **values | changes)


def _translations(given: Any) -> dict[str, Translation]:
    return {tag: Translation(each.name, each.description) for tag, each in (given or {}).items()}


def _ids_refusal(
    what: str, inputs: Iterable[Any], known: Mapping[int, Any], next_id: int
) -> Rejected | None:
    """A rejection of ids that are named twice or are not of this menu; the id of a deleted item
    may be used again."""
    given = [each.id for each in inputs if each.id is not None]
    doubled = sorted(id_ for id_, times in Counter(given).items() if times > 1)
    is_known = (lambda id_: id_ < next_id) if what == "item" else known.__contains__
    unknown = sorted(id_ for id_ in given if not is_known(id_))
    if not doubled and not unknown:
        return None
    return Rejected(
        Code.INVALID_MESSAGE,
        f"Name each {what} at most once, and only by an id from this menu. Leave the id out of a "
        f"new {what}.",
        {"doubled": doubled, "unknown": unknown},
    )


def _external_ids_refusal(
    field: str, parts: Iterable[MenuItem] | Iterable[OptionGroup]
) -> Rejected | None:
    names = Counter(each.external_id for each in parts if each.external_id is not None)
    doubled = sorted(name for name, times in names.items() if times > 1)
    if not doubled:
        return None
    what = "items" if field == "categories" else "groups"
    return Rejected(
        Code.INVALID_MESSAGE,
        f"{field}: two {what} have the same external_id. Change one of them.",
        {"field": field, "doubled": doubled},
    )


def _references_refusal(content: MenuContent, items: Iterable[MenuItemInput]) -> Rejected | None:
    """A rejection of an item that names an option group which this menu does not have."""
    groups = content.groups()
    known = {*groups, *(group.external_id for group in groups.values())}
    before = content.items()
    for item in items:
        refs = item.option_group_ids
        if refs is UNSET and item.id in before:
            refs = before[item.id].option_group_ids
        wrong = [ref for ref in refs or () if ref not in known]
        if wrong:
            return Rejected(
                Code.INVALID_MESSAGE,
                f"{item.name}: there is no option group {wrong[0]}.",
                {"field": "option_group_ids", "unknown": wrong},
            )
    return None
