"""Writes the JavaScript client's constants and types from the protocol; `--check` compares.

`protocol.js` has the constants. `messages.d.ts` has the types of actions and messages, which
json-schema-to-typescript makes from the JSON schemas of their models.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from gateway.docs.schemas import Schema, Schemas
from protocol.codec import ACTIONS
from protocol.commands import Command
from restaurant_qr_wire.channels import (
    MAX_FRAME_BYTES,
    MESSAGES,
    PATHS,
    SNAPSHOT_ACTIONS,
    SNAPSHOTS,
    Channel,
)
from restaurant_qr_wire.errors import ANSWER_FIELDS, ERRORS, RETRYABLE_CODES, CloseCode, Code
from restaurant_qr_wire.notifications import Notification
from scripts.environment import ROOT

CLIENT = ROOT / "web" / "client"
COMPILER = ROOT / "tests" / "e2e" / "node_modules" / ".bin" / "json2ts"
HEAD = "// Written by `make docs` from `restaurant_qr_wire/` and `protocol/`; changes belong there."


def constants() -> str:
    """`protocol.js`."""
    values = {
        "PATHS": PATHS,
        "SNAPSHOT_ACTIONS": SNAPSHOT_ACTIONS,
        "CODES": list(ERRORS),
        "RETRYABLE_CODES": sorted(RETRYABLE_CODES),
        "ANSWER_FIELDS": ANSWER_FIELDS,
        "CLOSE": {code.name: code.value for code in CloseCode},
    }
    lines = [
        f"export const {name} = Object.freeze({json.dumps(value, indent=2)});\n"
        for name, value in values.items()
    ]
    return "\n".join((f"{HEAD}\n", *lines, f"export const MAX_FRAME_BYTES = {MAX_FRAME_BYTES};\n"))


def types() -> str:
    """`messages.d.ts`."""
    options = ("--no-additionalProperties", "--ignoreMinAndMaxItems", "--bannerComment", HEAD)
    schema = json.dumps(_schema()).replace("#/components/schemas/", "#/$defs/")
    return subprocess.check_output([str(COMPILER), *options], input=schema, text=True)


def _schema() -> Schema:
    """An object that refers to the schemas of all actions and messages."""
    schemas = Schemas()
    version = schemas.named("Version", _object({"version": {"type": "integer"}}))
    actions = {
        channel: _object(
            {action: _action(schemas, action, command) for action, command in commands.items()}
        )
        for channel, commands in ACTIONS.items()
    }
    messages = {
        channel: {
            type_: {"allOf": [schemas.of(form), version]}
            for type_, form in MESSAGES[channel].items()
        }
        for channel in Channel
    }
    bases = {form.__name__: schemas.of(form) for form in (Notification,)}
    parts = {
        "Actions": _object(actions),
        "Data": _object({each: messages[each][SNAPSHOTS[each]] for each in Channel}),
        "Messages": _object({each: _object(messages[each]) for each in Channel}),
        "ErrorCode": {"enum": list(Code)},
        "CloseCode": {"enum": list(CloseCode)},
    }
    named = {name: schemas.named(name, part) for name, part in parts.items()}
    return {**_object(named | bases), "title": "Protocol", "$defs": schemas.by_name}


def _action(schemas: Schemas, action: str, command: type[Command]) -> Schema:
    name = action.title().replace("_", "")
    return schemas.named(name, {**schemas.action(action, command), "title": name})


def _object(properties: Mapping[Any, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def main() -> int:
    written = {CLIENT / "protocol.js": constants(), CLIENT / "messages.d.ts": types()}
    for path, text in written.items():
        if sys.argv[1:] != ["--check"]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} does not match the protocol: run `make docs`.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
