"""The operations on files of menus in the OpenAPI document."""

from typing import Any

_COUNT = {"type": "integer"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNTS = dict.fromkeys(("new", "changed", "unchanged", "deleted"), _COUNT)
_WRONG = {
    "type": "object",
    "required": ["line", "column", "error"],
    "properties": {"line": _COUNT, "column": _TEXT_OR_NULL, "error": {"type": "string"}},
}
_ROW = {
    "type": "object",
    "required": ["line", "kind", "outcome", "id", "external_id", "name", "changes"],
    "properties": {
        "line": {"type": ["integer", "null"], "description": "Null for what is not in the file."},
        "kind": {"enum": ["item", "category", "option_group"]},
        "outcome": {"enum": list(_COUNTS)},
        "id": {"type": ["integer", "null"]},
        "external_id": _TEXT_OR_NULL,
        "name": {"type": "string"},
        "changes": {"type": "object", "description": "Each changed field: `from` and `to`."},
    },
}
_DATA = {
    "type": "object",
    "required": list(_COUNTS),
    "properties": {
        **_COUNTS,
        "would_change": {"type": "boolean", "description": "Of a dry run: also of the order."},
        "rows": {"type": "array", "items": _ROW, "description": "Of a dry run."},
        "wrong": {"type": "array", "items": _WRONG, "description": "Of a dry run."},
    },
}
_RESULT = {
    "type": "object",
    "required": ["changed", "version", "data"],
    "properties": {"changed": {"type": "boolean"}, "version": _COUNT, "data": _DATA},
}
_MENU = {
    "type": "object",
    "required": ["categories"],
    "properties": {
        "categories": {"type": "array", "items": {"type": "object"}},
        "option_groups": {"type": ["array", "null"], "items": {"type": "object"}},
        "expected_version": {"type": ["integer", "null"], "minimum": 0},
    },
    "description": "As in `PUT …/menu`. Fields of known items may be missing, also their price.",
}
_JSON_EXAMPLE = {
    "categories": [
        {"name": "Food", "items": [{"external_id": "S1", "name": "Soup", "price": "6.50"}]}
    ]
}
_CSV_EXAMPLE = "category,external_id,name,price,allergens\r\nFood,S1,Soup,6.50,celery|milk\r\n"


def _parameter(name: str, about: str, *values: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"enum": list(values), "default": values[0]}
    return {"name": name, "in": "query", "description": about, "schema": schema}


_FORMAT = _parameter("format", "CSV has the items, JSON also option groups.", "json", "csv")
_EXPORT_PARAMETERS = [
    _FORMAT,
    _parameter("decimal", "`comma`: CSV with semicolons and decimal commas.", "point", "comma"),
]
IMPORT_PARAMETERS = [
    _FORMAT,
    _parameter("dry_run", "Return what would change, and change nothing.", "false", "true"),
    _parameter("replace", "Delete the parts that are not in the file.", "false", "true"),
    {
        "name": "expected_version",
        "in": "query",
        "description": "That of a dry run; `version_conflict` if the menu has changed since.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
    },
]


_CONTENT = {
    "application/json": {"schema": _MENU, "example": _JSON_EXAMPLE},
    "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
}


def export_operation(errors: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": "The menu as a file, with external ids",
        "parameters": _EXPORT_PARAMETERS,
        "responses": {"200": {"description": "The file.", "content": _CONTENT}, **errors},
    }


def import_operation(errors: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "The result.", "content": {"application/json": {"schema": _RESULT}}}
    return {
        "summary": "Import a file into the menu: all of it, or nothing",
        "requestBody": {"required": True, "content": _CONTENT},
        "responses": {"200": answer, **errors},
    }
