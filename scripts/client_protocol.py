"""Writes what the clients know of the protocol, from `protocol/`; `--check` compares.

`protocol.py` and `protocol.js` have the words that a client needs as it runs, `protocol.d.ts` the
types of all that can be asked. The types of what is told, `forms.py` and `messages.d.ts`, come from
`client_forms.py`.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from gateway.routes import ACTS
from gateway.sockets import PATHS
from protocol import commands as c
from protocol import statuses
from protocol.bounds import MAX_FRAME_BYTES
from protocol.errors import ERRORS, CloseCode, Code
from protocol.frames import ACTIONS
from protocol.ids import Channel
from protocol.told import SNAPSHOTS
from scripts import client_forms
from scripts.environment import ROOT

JAVASCRIPT = ROOT / "web" / "client"
PYTHON = ROOT / "restaurant_qr_client"
ANSWER_FIELDS = ("changed", "data", "token", "url", "openapi")
"""Each JSON answer of the HTTP API has one of them; an answer of something in between has none."""
LONGEST = 70
"""A union of more characters has a line for each of its members."""
HEAD = "// Written by `make docs` from `protocol/`; changes belong there.\n"
BODIES: tuple[type[c.Command], ...] = tuple(
    dict.fromkeys((c.CreateRestaurant, c.JoinSession, *(act.command for act in ACTS)))
)
"""The commands that only HTTP has are types, too: less what its path and headers say."""


def words() -> str:
    """`protocol.js`."""
    return "\n".join(
        (
            HEAD,
            _constant("PATHS", {channel.value: f"{PATHS[channel]}/" for channel in Channel}),
            _constant("LOOKS", {channel.value: _look(channel) for channel in Channel}),
            _constant("CODES", [code.value for code in Code]),
            _constant("RETRIED", [code.value for code, rule in ERRORS.items() if rule.retry]),
            _constant("ANSWER_FIELDS", ANSWER_FIELDS),
            _constant("CLOSE", {code.name: code.value for code in CloseCode}),
            f"export const MAX_FRAME_BYTES = {MAX_FRAME_BYTES};",
            "",
        )
    )


def _constant(name: str, value: Any) -> str:
    written = json.dumps(value, indent=2)
    return f"export const {name} = Object.freeze({written});\n"


def _look(channel: Channel) -> str:
    """The action that asks for the channel's snapshot."""
    return next(action for action, command in ACTIONS[channel].items() if command is c.Get)


def python() -> str:
    """`protocol.py`."""
    paths = {channel.value: f"{PATHS[channel]}/" for channel in Channel}
    looks = {channel.value: _look(channel) for channel in Channel}
    snapshots = {channel.value: SNAPSHOTS[channel] for channel in Channel}
    retried = sorted(code.value for code, rule in ERRORS.items() if rule.retry)
    return "\n".join(
        (
            '"""Written by `make docs` from `protocol/`; changes belong there."""\n',
            "from enum import IntEnum\n",
            f"MAX_FRAME_BYTES = {MAX_FRAME_BYTES}",
            f"RETRIED = frozenset({{{', '.join(json.dumps(each) for each in retried)}}})",
            "CODES = frozenset(\n    {",
            *(f"        {json.dumps(code.value)}," for code in Code),
            "    }\n)",
            f"ANSWER_FIELDS = ({', '.join(json.dumps(each) for each in ANSWER_FIELDS)})",
            *_dictionary("PATHS", paths),
            *_dictionary("LOOKS", looks),
            *_dictionary("SNAPSHOTS", snapshots),
            "\n\nclass CloseCode(IntEnum):",
            *(f"    {each.name} = {each.value}" for each in CloseCode),
            "",
        )
    )


def _dictionary(name: str, words: dict[str, str]) -> Iterator[str]:
    yield f"{name} = {{"
    for key, value in words.items():
        yield f"    {json.dumps(key)}: {json.dumps(value)},"
    yield "}"


def types() -> str:
    """`protocol.d.ts`."""
    definitions = dict(_definitions((*_commands(), *BODIES)))
    for enum in vars(statuses).values():
        if isinstance(enum, type) and issubclass(enum, StrEnum) and enum is not StrEnum:
            definitions[enum.__name__] = _union(each.value for each in enum)
    definitions["ChannelName"] = _union(each.value for each in Channel)
    definitions["ErrorCode"] = _union(each.value for each in Code)
    definitions["CloseCode"] = " | ".join(str(each.value) for each in CloseCode)
    return "\n".join(
        (
            HEAD,
            *(_declared(name, definitions[name]) for name in sorted(definitions)),
            "/** What each channel can be asked, by the name of the action. */",
            "export interface Actions {",
            *(line for channel in Channel for line in _actions(channel)),
            "}\n",
            "export declare const PATHS: Readonly<Record<ChannelName, string>>;",
            "export declare const LOOKS: {",
            *(f"  readonly {each.value}: {json.dumps(_look(each))};" for each in Channel),
            "};",
            "export declare const CODES: readonly string[];",
            "export declare const RETRIED: readonly string[];",
            "export declare const ANSWER_FIELDS: readonly string[];",
            "export declare const CLOSE: {",
            *(f"  readonly {each.name}: {each.value};" for each in CloseCode),
            "};",
            "export declare const MAX_FRAME_BYTES: number;",
            "",
        )
    )


def _commands() -> Iterator[type[c.Command]]:
    for actions in ACTIONS.values():
        yield from actions.values()


def _definitions(commands: Iterable[type[c.Command]]) -> Iterator[tuple[str, str]]:
    for command in dict.fromkeys(commands):
        schema = TypeAdapter(command).json_schema(ref_template="{model}")
        for name, each in schema.pop("$defs", {}).items():
            yield name, _type(each)
        yield command.__name__, _type(schema)


def _actions(channel: Channel) -> Iterator[str]:
    yield f"  {channel.value}: {{"
    for action, command in ACTIONS[channel].items():
        yield f"    {action}: {command.__name__};"
    yield "  };"


def _declared(name: str, definition: str) -> str:
    if definition.startswith("{"):
        return f"export interface {name} {definition}\n"
    if len(definition) > LONGEST:
        definition = "\n  | " + definition.replace(" | ", "\n  | ")
    return f"export type {name} = {definition};\n"


def _type(schema: dict[str, Any]) -> str:
    """The TypeScript of a JSON schema, as far as commands need it."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(schema["enum"])
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return " | ".join(_type(each) for each in schema[either])
    match schema["type"]:
        case "object":
            return _object(schema)
        case "array":
            return f"Array<{_type(schema['items'])}>"
        case "integer" | "number":
            return "number"
        case plain:
            return str(plain)


def _object(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    if "action" in schema["properties"]:
        required.add("action")
    fields = (
        f"  {name}{'' if name in required else '?'}: {_type(each)};"
        for name, each in schema["properties"].items()
    )
    return "\n".join(("{", *fields, "}"))


def _union(values: Iterable[str]) -> str:
    return " | ".join(json.dumps(value) for value in values)


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    written = {
        JAVASCRIPT / "protocol.js": words(),
        JAVASCRIPT / "protocol.d.ts": types(),
        PYTHON / "protocol.py": python(),
        JAVASCRIPT / "messages.d.ts": client_forms.typescript(),
        PYTHON / "forms.py": client_forms.python(),
    }
    for path, text in written.items():
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} is not what `protocol/` says: run `make docs`.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
