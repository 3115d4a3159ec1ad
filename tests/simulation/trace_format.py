"""Formats trace entries, one per line."""

import dataclasses
from typing import Any

from engine.messages import (
    Activate,
    DeliverEffects,
    Read,
    Resubscribe,
    Submit,
    Subscribe,
    Unsubscribe,
)
from tests.simulation.request import Response

MAX_CHARS = 160


def format_detail(value: Any) -> str:
    """One detail of a trace entry."""
    match value:
        case str():
            text = value
        case bytes():
            text = value.decode(errors="replace")
        case Submit(to, command, caller, request_ref):
            request = f" {request_ref.request_id[:8]}" if request_ref is not None else ""
            text = f"{type(command).__name__}{_fields(command)}>{to} by {caller.subject}{request}"
        case DeliverEffects(to, source, messages):
            contents = ", ".join(f"{number} {type(body).__name__}" for number, body, _ in messages)
            text = f"DeliverEffects {source}>{to}: {contents}"
        case Subscribe(topic, _, connection, _, _, since):
            text = f"Subscribe {topic} c{connection} since {since}"
        case Resubscribe(topic, _, connections, _, since):
            text = f"Resubscribe {topic} {len(connections)} since {since}"
        case Unsubscribe(topic, _, connection):
            text = f"Unsubscribe {topic} c{connection}"
        case Read(to, channel):
            text = f"Read {to}/{channel.value}"
        case Activate(to):
            text = f"Activate {to}"
        case Response(code, changed, version, result, data):
            summary = f"changed={changed} version={version} {result}"
            text = summary if code is None else f"{code} {data or ''}"
        case _:
            text = repr(value)
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + "…"


def _fields(command: Any) -> dict[str, Any]:
    """A command's fields that are set."""
    fields = dataclasses.fields(command) if dataclasses.is_dataclass(command) else ()
    left_out = ("action", "request_id", "expected_version")
    given = {each.name: getattr(command, each.name) for each in fields}
    return {name: given[name] for name in given if name not in left_out and given[name]}
