"""The digest of a request, which distinguishes a retry from another request with the same id.

It covers the action and the fields that differ from their defaults. A release that adds a field to
a command therefore does not change the digests of requests without that field.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
from msgspec import UNSET

from protocol.commands import Command


def request_digest(command: Command) -> str:
    """The digest of a command."""
    return _digest(_encoded(command, _given))


def previous_digest(command: Command) -> str:
    """The digest as the previous release computed it: it also covers fields with defaults."""
    return _digest(type(command).__name__.encode() + _encoded(command, _previous))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


def _encoded(command: Command, form: Callable[[Any], Any]) -> bytes:
    """A command as JSON. `form` converts it and each nested dataclass to a mapping."""
    return orjson.dumps(command, form, orjson.OPT_PASSTHROUGH_DATACLASS)


def _given(value: Any) -> dict[str, Any]:
    """The action, and the fields that differ from their defaults."""
    cls: Any = type(value)
    return {
        each.name: field_value
        for each in _fields(cls)
        if (field_value := getattr(value, each.name)) != each.default or each.name == "action"
    }


def _previous(value: Any) -> dict[str, Any]:
    """All fields, except those that the previous release does not have if they have their
    default."""
    cls: Any = type(value)
    previous = {}
    for each in _fields(cls):
        field_value = getattr(value, each.name)
        if field_value == each.default:
            field_value = each.metadata.get("default_before", field_value)
            if field_value is UNSET or "added" in each.metadata:
                continue
        previous[each.name] = field_value
    return previous


_fields = cache(fields)
