"""A state dataclass as the fields of a hash, one an attribute.

Attributes marked `metadata={"per_entry": True}` are mappings and have one field a key, so that a
change writes what changed and not all of them.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter

from protocol.frames import encode

S = TypeVar("S")


@cache
def _attributes(cls: type) -> tuple[tuple[str, bool], ...]:
    """Each attribute's name, and whether it is stored an entry at a time."""
    return tuple((each.name, bool(each.metadata.get("per_entry"))) for each in fields(cls))


@cache
def _adapter(cls: type[S]) -> TypeAdapter[S]:
    return TypeAdapter(cls)


def changes(before: Any, after: Any) -> dict[str, bytes | None]:
    """The fields to write (None: to delete) that turn `before`, or nothing, into `after`.

    States share what they have in common, so identity says what changed.
    """
    changed: dict[str, bytes | None] = {}
    for name, per_entry in _attributes(type(after)):
        old, new = getattr(before, name, MISSING), getattr(after, name)
        if old is new:
            continue
        if per_entry:
            _entry_changes(name, {} if old is MISSING else old, new, changed)
        elif old != new:
            changed[name] = encode(new)
    return changed


def _entry_changes(
    name: str, old: Mapping[Any, Any], new: Mapping[Any, Any], changed: dict[str, bytes | None]
) -> None:
    for key, entry in new.items():
        if old.get(key, MISSING) is not entry:
            changed[f"{name}/{key}"] = encode(entry)
    for key in old:
        if key not in new:
            changed[f"{name}/{key}"] = None


def restore(cls: type[S], stored: Mapping[str, bytes]) -> S:
    """The state that `changes` wrote; attributes that are not stored have their default."""
    values: dict[str, Any] = {
        name: {} for name, per_entry in _attributes(cls) if per_entry
    }
    for name, raw in stored.items():
        attribute, slash, key = name.partition("/")
        if slash:
            values[attribute][key] = orjson.loads(raw)
        else:
            values[attribute] = orjson.loads(raw)
    return cast(S, _adapter(cls).validate_python(values))
