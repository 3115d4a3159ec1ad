"""Encodes a state dataclass as the fields of a hash: one field per attribute.

An attribute with `metadata={"per_entry": True}` is a mapping with one field per key, so that a
change writes only the entries that changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from itertools import compress, repeat
from operator import attrgetter, is_not
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter

from protocol.codec import encode_stored
from protocol.stored_names import stored_fields, stored_form

S = TypeVar("S")


@cache
def _attributes(cls: Any) -> dict[str, bool]:
    """The stored name of each attribute, and whether it is stored per entry."""
    names = stored_fields(cls)
    return {names[each.name]: bool(each.metadata.get("per_entry")) for each in fields(cls)}


@cache
def _values_of(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    """A function that returns the stored attributes of a state. A state has at least two, because
    `attrgetter` returns a tuple only then."""
    return attrgetter(*stored_fields(cls))


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def changes(before: S | None, after: S) -> dict[str, bytes | None]:
    """The fields to write so that the stored `before` (None if nothing is stored) becomes `after`.
    A value of None deletes the field. States share unchanged values, so an identical object is
    not compared."""
    changed: dict[str, bytes | None] = {}
    cls: Any = type(after)
    attributes = _attributes(cls)
    values_of = _values_of(cls)
    new_values = values_of(after)
    old_values = values_of(before) if before is not None else (MISSING,) * len(new_values)
    for (name, per_entry), old, new in zip(attributes.items(), old_values, new_values, strict=True):
        if old is new:
            continue
        if per_entry:
            _entry_changes(name, {} if old is MISSING else old, new, changed)
        elif old != new:
            changed[name] = encode_stored(stored_form(new))
    return changed


def _entry_changes(
    name: str, old: Mapping[Any, Any], new: Mapping[Any, Any], changed: dict[str, bytes | None]
) -> None:
    added = 0
    for key in compress(new, map(is_not, new.values(), map(old.get, new, repeat(MISSING)))):
        changed[f"{name}/{key}"] = encode_stored(stored_form(new[key]))
        added += key not in old
    if len(old) + added > len(new):
        for key in old.keys() - new.keys():
            changed[f"{name}/{key}"] = None


def restore(state: type[S], stored: Mapping[str, bytes]) -> S:
    """Decode the fields that `changes` returned. A missing field gets its default. A field that the
    class does not have, because another release wrote it, is ignored. The order of entries is
    lost. Raises pydantic.ValidationError and orjson.JSONDecodeError."""
    cls: Any = state
    attributes = _attributes(cls)
    values: dict[str, Any] = {name: {} for name, per_entry in attributes.items() if per_entry}
    for name, raw in stored.items():
        attribute, entry, key = name.partition("/")
        if attributes.get(attribute) is not bool(entry):
            continue
        if entry:
            values[attribute][key] = orjson.loads(raw)
        else:
            values[attribute] = orjson.loads(raw)
    return cast(S, _adapter(cls).validate_python(values))
