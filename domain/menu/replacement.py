"""A menu's content after it was replaced: new parts get ids, known ones keep what is not given."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
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
from protocol.menu import MenuItemInput

P = TypeVar("P", MenuCategory, MenuItem, Option, OptionGroup)

_BLANK_CATEGORY = MenuCategory("", ())
_BLANK_ITEM = MenuItem(0, "", "", 0, available=True)
_BLANK_OPTION = Option(0, "")
_BLANK_GROUP = OptionGroup(0, "", 0, 1, ())


def replaced(content: MenuContent, command: c.ReplaceMenu) -> MenuContent | Rejected:
    """The content after a command; its `version` is unchanged."""
    groups = _replaced_groups(content, command)
    if isinstance(groups, Rejected):
        return groups
    content = groups
    inputs = [item for category in command.categories for item in category.items]
    refused = _ids_refusal("item", inputs, content.items(), content.next_id)
    refused = refused or _references_refusal(content, inputs)
    if refused is not None:
        return refused
    known, next_id = content.items(), content.next_id
    names: dict[Any, int] = {group.external_id: group.id for group in content.option_groups}
    categories = []
    for category in command.categories:
        items = []
        for given in category.items:
            id_ = given.id
            if id_ is None:
                id_, next_id = next_id, next_id + 1
            item = _part(_BLANK_ITEM, known.get(id_), given, id=id_)
            ids = tuple(names.get(ref, ref) for ref in item.option_group_ids)
            if len(set(ids)) < len(ids):
                return Rejected(
                    Code.INVALID_MESSAGE,
                    f"{item.name}: names an option group twice.",
                    {"field": "option_group_ids"},
                )
            until = None if item.available else item.unavailable_until
            items.append(replace(item, option_group_ids=ids, unavailable_until=until))
        before = next((each for each in content.categories if each.name == category.name), None)
        categories.append(_part(_BLANK_CATEGORY, before, category, items=tuple(items)))
    return replace(content, categories=tuple(categories), next_id=next_id)


def _replaced_groups(content: MenuContent, command: c.ReplaceMenu) -> MenuContent | Rejected:
    if command.option_groups is UNSET:
        return content
    inputs = command.option_groups or ()
    known = content.groups()
    options = {option.id: option for group in known.values() for option in group.options}
    given = [option for group in inputs for option in group.options]
    refused = _ids_refusal("option group", inputs, known, content.next_option_id) or _ids_refusal(
        "option", given, options, content.next_option_id
    )
    if refused is not None:
        return refused
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
            parts.append(_part(_BLANK_OPTION, options.get(option_id), option, id=option_id))
        groups.append(_part(_BLANK_GROUP, known.get(id_), group, id=id_, options=tuple(parts)))
    refused = _groups_refusal(groups) or _external_ids_refusal(groups)
    if refused is not None:
        return refused
    return replace(content, option_groups=tuple(groups), next_option_id=next_id)


def _part(blank: P, before: P | None, given: Any, **changes: Any) -> P:
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


def _groups_refusal(groups: Iterable[OptionGroup]) -> Rejected | None:
    for number, group in enumerate(groups):
        most = sum(option.max_each for option in group.options)
        if group.min > min(group.max, most):
            return Rejected(
                Code.INVALID_MESSAGE,
                f"option_groups.{number}: min is greater than max, or than its options allow.",
                {"field": f"option_groups.{number}.min", "max": min(group.max, most)},
            )
    return None


def _external_ids_refusal(groups: Iterable[OptionGroup]) -> Rejected | None:
    names = Counter(group.external_id for group in groups if group.external_id is not None)
    doubled = sorted(name for name, times in names.items() if times > 1)
    if doubled:
        return Rejected(
            Code.INVALID_MESSAGE,
            "option_groups: two groups have the same external_id. Change one of them.",
            {"field": "option_groups", "doubled": doubled},
        )
    return None


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
