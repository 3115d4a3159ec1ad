"""A trace in words that fit a line, for people."""

import dataclasses
from typing import Any

from actors.messages import Join, Leave, Read, Rejoin, Submit, Tell, Wake
from tests.simulation.wish import Answer

LONGEST = 160


def word(value: Any) -> str:
    """One detail of what happened."""
    match value:
        case str():
            text = value
        case bytes():
            text = value.decode(errors="replace")
        case Submit(to, command, caller, origin):
            request = f" {origin.request_id[:8]}" if origin is not None else ""
            text = f"{type(command).__name__}{_fields(command)}>{to} by {caller.subject}{request}"
        case Tell(to, source, messages):
            told = ", ".join(f"{number} {type(body).__name__}" for number, body, _ in messages)
            text = f"Tell {source}>{to}: {told}"
        case Join(topic, _, connection, _, _, since):
            text = f"Join {topic} c{connection} since {since}"
        case Rejoin(topic, _, connections, _, since):
            text = f"Rejoin {topic} {len(connections)} since {since}"
        case Leave(topic, _, connection):
            text = f"Leave {topic} c{connection}"
        case Read(to, channel):
            text = f"Read {to}/{channel.value}"
        case Wake(to):
            text = f"Wake {to}"
        case Answer(code, changed, version, result, data):
            end = f"changed={changed} version={version} {result}"
            text = end if code is None else f"{code} {data or ''}"
        case _:
            text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _fields(command: Any) -> dict[str, Any]:
    """What a command asks for, beyond what it is."""
    fields = dataclasses.fields(command) if dataclasses.is_dataclass(command) else ()
    left_out = ("action", "request_id", "expected_version")
    given = {each.name: getattr(command, each.name) for each in fields}
    return {name: given[name] for name in given if name not in left_out and given[name]}
