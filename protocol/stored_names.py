"""The names that events, messages and state fields have in the store and in `/history`.

Stored data outlives a release, so a stored name never changes. A renamed class declares the name
under which it is stored as `stored_as`, a renamed field has `metadata=stored_under("old_name")`.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints


def stored_under(name: str) -> dict[str, Any]:
    """Metadata of a dataclass field that is stored as `name`. pydantic reads it by that name."""
    return {"stored_as": name, "validation_alias": name}


ADDED: Mapping[str, Any] = {"added": True}
"""Metadata of a command's field that the previous release does not have. The field has a
default."""


def default_before(value: Any) -> dict[str, Any]:
    """Metadata of a command's field that had another default in the previous release."""
    return {"default_before": value}


UNSTORED: Mapping[str, Any] = {"stored_as": None}
"""Metadata of a dataclass field that is not stored. The field has a default."""


def stored_name(cls: Any) -> str:
    """The `type` of an event or message in the store."""
    return str(getattr(cls, "stored_as", cls.__name__))


def stored_fields(cls: Any) -> dict[str, str]:
    """The stored fields of a dataclass: attribute name -> stored name."""
    names = {each.name: each.metadata.get("stored_as", each.name) for each in fields(cls)}
    return {name: stored for name, stored in names.items() if stored is not None}


def stored_form(value: Any) -> Any:
    """The value to encode for the store: a mapping by stored names if it has renamed or unstored
    fields, otherwise the value itself."""
    if isinstance(value, Mapping):
        return {key: stored_form(each) for key, each in value.items()}
    if type(value) is tuple:
        return tuple(map(stored_form, value))
    cls: Any = type(value)
    renamed = _renamed(cls)
    if renamed is None:
        return value
    return {stored: stored_form(getattr(value, name)) for name, stored in renamed.items()}


@cache
def _renamed(cls: Any) -> dict[str, str] | None:
    """The stored fields of a dataclass that has renamed or unstored fields, itself or in a nested
    dataclass; otherwise None."""
    if not is_dataclass(cls):
        return None
    names = stored_fields(cls)
    is_renamed = any(names.get(each.name) != each.name for each in fields(cls))
    hints = get_type_hints(cls).values()
    return names if is_renamed or any(map(_mentions_renamed, hints)) else None


def _mentions_renamed(hint: Any) -> bool:
    bases = getattr(hint, "__orig_bases__", ())
    arguments = [*get_args(hint), *(each for base in bases for each in get_args(base))]
    return _renamed(hint) is not None or any(map(_mentions_renamed, arguments))
