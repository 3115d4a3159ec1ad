"""A menu as JSON: the body of `PUT …/menu`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from domain.menu.state import MenuCategory, MenuContent, MenuItem, OptionGroup
from domain.menu.views import category_row, group_row, item_row
from domain.menu.wrong_row import WrongRow
from gateway.http.menu_files.rows import MAX_ROWS, MenuRows, checked
from gateway.http.menu_files.text import decode
from protocol.limits import MessageLimits
from protocol.menu import CategoryRow, GroupRow, ItemRow, OptionGroupInput

MAX_VALUES = 500_000
"""The largest file of 10,000 items has fewer."""
_OBJECTS = re.compile(r'"(?:[^"\\]|\\.)*+"|[{\n]')
_OWN = frozenset({"line", "category", "texts"})
"""Fields of rows that items in a file do not have."""


# --- export --------------------------------------------------------------------------------------


def write_json(content: MenuContent) -> bytes:
    """A menu with external ids, and the ids of parts without one."""
    groups = content.groups()
    body = {
        "categories": [_category(category, groups) for category in content.categories],
        "option_groups": [_group(group) for group in content.option_groups],
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _category(category: MenuCategory, groups: Mapping[int, OptionGroup]) -> dict[str, Any]:
    items = [_item(item, groups) for item in category.items]
    return {**category_row(category), "items": items}


def _item(item: MenuItem, groups: Mapping[int, OptionGroup]) -> dict[str, Any]:
    fields: dict[str, Any] = {**item_row(item)}
    del fields["unavailable_until"]
    references = (groups[id_] for id_ in item.option_group_ids)
    fields["option_group_ids"] = [
        group.id if group.external_id is None else group.external_id for group in references
    ]
    return _identified(fields, item.external_id)


def _group(group: OptionGroup) -> dict[str, Any]:
    """Options of a group with an external id are identified by their names."""
    fields: dict[str, Any] = {**group_row(group)}
    if group.external_id is not None:
        for option in fields["options"]:
            del option["id"]
    return _identified(fields, group.external_id)


def _identified(fields: dict[str, Any], external_id: str | None) -> dict[str, Any]:
    if external_id is None:
        return fields
    del fields["id"]
    return {"external_id": external_id, **fields}


# --- import --------------------------------------------------------------------------------------


def read_json(data: bytes, limits: MessageLimits) -> MenuRows:
    """The rows of a file. Raises WrongRow if it cannot be read at all."""
    text = decode(data)
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        why = f"This is not JSON (character {error.colno}): {error.msg}"
        raise WrongRow(error.lineno, "", why) from None
    if not isinstance(body, dict):
        raise WrongRow(1, "", "The file must be one JSON object with categories")
    refused = limits.refusal(body)
    if refused is not None:
        raise WrongRow(1, str(refused.details["field"]), refused.error.partition(": ")[2][:-1])
    return _Reader(text, body).rows


class _Reader:
    """The rows of one body, and the lines of its objects."""

    def __init__(self, text: str, body: dict[str, Any]) -> None:
        self.rows = MenuRows()
        self._lines: dict[int, int] = {}
        self._locate(body, _object_lines(text))
        for name in body.keys() - {"categories", "option_groups", "expected_version"}:
            self._refuse(WrongRow(1, name[:40], "there is no such field"))
        version = body.get("expected_version")
        if version is None or (type(version) is int and version >= 0):
            self.rows.expected_version = version
        else:
            self._refuse(WrongRow(1, "expected_version", "must be a whole number"))
        if "option_groups" in body:
            self._read_groups(body["option_groups"])
        for category in self._objects(body.get("categories"), "categories"):
            self._read_category(category)

    def _locate(self, value: Any, lines: Iterator[int]) -> None:
        """Note the line of each object. They are in the order of the text."""
        if isinstance(value, dict):
            self._lines[id(value)] = next(lines, 1)
        for part in value.values() if isinstance(value, dict) else value:
            if isinstance(part, dict | list):
                self._locate(part, lines)

    def _refuse(self, error: WrongRow) -> None:
        self.rows.wrong.append(error.row)

    def _objects(self, values: Any, name: str, line: int = 1) -> Iterator[dict[str, Any]]:
        if not isinstance(values, list):
            self._refuse(WrongRow(line, name, "must be a list"))
            return
        for value in values:
            if isinstance(value, dict):
                yield value
            else:
                self._refuse(WrongRow(line, name, "must contain only objects"))

    def _read_category(self, given: dict[str, Any]) -> None:
        line = self._lines[id(given)]
        fields = {name: value for name, value in given.items() if name != "items"}
        try:
            category = checked(
                CategoryRow, line, {**_without(fields, line, {"line"}), "line": line}
            )
        except WrongRow as error:
            self._refuse(error)
            return
        self.rows.categories.append(category)
        for item in self._objects(given.get("items"), "items", line):
            self._read_item(item, category.name)

    def _read_item(self, given: dict[str, Any], category: str) -> None:
        line, items = self._lines[id(given)], self.rows.items
        if len(items) == MAX_ROWS:
            self._refuse(WrongRow(line, "", f"A file has at most {MAX_ROWS} items"))
        try:
            fields = {**_without(given, line, _OWN), "line": line, "category": category}
            items.append(checked(ItemRow, line, fields))
        except WrongRow as error:
            self._refuse(error)

    def _read_groups(self, given: Any) -> None:
        groups = self.rows.option_groups = []
        for each in self._objects([] if given is None else given, "option_groups"):
            line = self._lines[id(each)]
            try:
                groups.append(GroupRow(line=line, group=checked(OptionGroupInput, line, each)))
            except WrongRow as error:
                self._refuse(error)


def _without(fields: dict[str, Any], line: int, own: frozenset[str] | set[str]) -> dict[str, Any]:
    """The same fields. Raises WrongRow if rows have them, and files do not."""
    for name in own & fields.keys():
        raise WrongRow(line, name, "there is no such field")
    return fields


def _object_lines(text: str) -> Iterator[int]:
    """The lines on which the objects of a JSON text begin."""
    line = 1
    for token in _OBJECTS.finditer(text):
        if token[0] == "{":
            yield line
        line += token[0] == "\n"
