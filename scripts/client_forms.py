"""What the service tells, as types of both clients, from `protocol/told.py`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import EnumType, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

from protocol import told
from protocol.ids import Channel

ABOUT = 'What the service tells. Money is a string such as "250.00", times are RFC 3339 in UTC.'
WRITTEN = "Written by `make docs` from `protocol/told.py`; changes belong there."
FRAMES = (told.Ack, told.Refusal, told.Result)
"""What the clients open by themselves."""
LISTED = "Listed"
"""The one form that is a union with a name."""


@dataclass(frozen=True, slots=True)
class Language:
    """How one spells types: `enum` a word of several, `array` a list of some."""

    plain: Mapping[type, str]
    enum: Callable[[EnumType], str]
    array: Callable[[str], str]
    literal: Callable[[tuple[str, ...]], str]

    def written(self, hint: Any) -> str:
        """An annotation, without its limits, and as JSON has its values."""
        origin, arguments = get_origin(hint), get_args(hint)
        if hint == told.Listed:
            return LISTED
        if origin in (Annotated, NotRequired):
            return self.written(arguments[0])
        if origin is Literal:
            return self.literal(arguments)
        if origin in (Union, UnionType):
            return " | ".join(self.written(each) for each in arguments)
        if origin is list:
            return self.array(self.written(arguments[0]))
        if isinstance(hint, EnumType):
            return self.enum(hint)
        return str(hint.__name__) if is_typeddict(hint) else self.plain[hint]


def _literals(values: tuple[str, ...]) -> str:
    return f"Literal[{', '.join(json.dumps(value) for value in values)}]"


PYTHON = Language(
    {str: "str", datetime: "str", int: "int", float: "float", bool: "bool", NoneType: "None"},
    lambda enum: enum.__name__,
    lambda each: f"list[{each}]",
    _literals,
)
TYPESCRIPT = Language(
    {
        str: "string", datetime: "string", int: "number", float: "number", bool: "boolean",
        NoneType: "null",
    },
    lambda enum: enum.__name__,
    lambda each: f"{each}[]" if each.isidentifier() else f"Array<{each}>",
    lambda values: " | ".join(json.dumps(value) for value in values),
)  # fmt: skip


def python() -> str:
    """The Python client's `forms.py`."""
    lines = [
        f'"""{ABOUT}\n\n{WRITTEN}\n"""\n',
        "from typing import Literal, NotRequired, TypedDict\n",
    ]
    lines += [f"{each.__name__} = {_literals(tuple(each))}" for each in _enums()]
    for name, form in _forms():
        if form is told.Listed:
            lines += ["", "", f"{name} = {PYTHON.written(get_args(form)[0])}"]
            continue
        base = _base(form)
        lines += ["", "", f"class {name}({base.__name__ if base else 'TypedDict'}):"]
        fields = list(_fields(form))
        if form.__doc__:
            lines += [f'    """{form.__doc__}"""', *([""] if fields else [])]
        for field, hint, needed in fields:
            written = PYTHON.written(hint)
            lines.append(f"    {field}: {written if needed else f'NotRequired[{written}]'}")
    for channel in Channel:
        name = _snapshot(channel).__name__
        lines += ["", "", f"class {name}View({name}):", "    version: int"]
    return "\n".join([*lines, ""])


def typescript() -> str:
    """The JavaScript client's `messages.d.ts`."""
    enums = ",\n  ".join(each.__name__ for each in _enums())
    lines = [f"/**\n * {ABOUT}\n *\n * {WRITTEN}\n */\n"]
    lines += [f"import type {{\n  {enums},\n}} from './protocol.js';\n"]
    for name, form in _forms():
        if form is told.Listed:
            one_of = TYPESCRIPT.written(get_args(form)[0]).replace(" | ", "\n  | ")
            lines.append(f"export type {name} =\n  | {one_of};\n")
            continue
        if form.__doc__:
            lines.append(f"/** {form.__doc__} */")
        base = _base(form)
        extends = f" extends {base.__name__}" if base else ""
        lines.append(f"export interface {name}{extends} {{")
        for field, hint, needed in _fields(form):
            lines.append(f"  {field}{'' if needed else '?'}: {TYPESCRIPT.written(hint)};")
        lines.append("}\n")
    lines += [
        "/** With its entity's version, as of an ack; `expected_version` of an action is such. */",
        "export type Versioned<T> = T & { version: number };\n",
        "/** What each channel's snapshot says. */",
        "export interface Data {",
        *(f"  {each.value}: Versioned<{_snapshot(each).__name__}>;" for each in Channel),
        "}\n",
        "/** The types of message of each channel, and the data of each. */",
        "export interface Messages {",
    ]
    for channel in Channel:
        lines.append(f"  {channel.value}: {{")
        for type_, form in told.TOLD[channel].items():
            lines.append(f"    {type_}: Versioned<{TYPESCRIPT.written(form)}>;")
        lines.append("  };")
    return "\n".join([*lines, "}", ""])


def _forms() -> Iterator[tuple[str, Any]]:
    for name, form in vars(told).items():
        if form is told.Listed or (is_typeddict(form) and form not in FRAMES):
            yield name, form


def _base(form: Any) -> Any:
    """The form that one adds to, if any."""
    return next(filter(is_typeddict, form.__orig_bases__), None)


def _fields(form: Any) -> Iterator[tuple[str, Any, bool]]:
    """The name and type of each field that it adds, and whether it is always there."""
    base = _base(form)
    for name, hint in get_type_hints(form, include_extras=True).items():
        if base is None or name not in base.__annotations__:
            yield name, hint, name in form.__required_keys__


def _enums() -> list[type[StrEnum]]:
    found = {
        each
        for _, form in _forms()
        if is_typeddict(form)
        for hint in get_type_hints(form).values()
        for each in (hint, *get_args(hint))
        if isinstance(each, type) and issubclass(each, StrEnum)
    }
    return sorted(found, key=lambda enum: enum.__name__)


def _snapshot(channel: Channel) -> Any:
    return told.TOLD[channel][told.SNAPSHOTS[channel]]
