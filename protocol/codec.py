"""Parses clients' messages to commands, and encodes values to JSON."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, overload

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from protocol.limits import DEFAULT_LIMITS, MessageLimits, invalid_field, limit_exceeded, too_large
from restaurant_qr_wire.channels import SNAPSHOT_ACTIONS

T = TypeVar("T", bound=c.Command)

_CHANGES: dict[Channel, dict[str, type[c.Command]]] = {
    Channel.ORDER: {"update_status": c.UpdateStatus},
    Channel.ITEMS: {
        "update_item": c.UpdateItem,
        "add_items": c.AddItems,
        "void_items": c.VoidItems,
        "deliver_items": c.DeliverItems,
    },
    Channel.TABLE: {"occupy": c.Occupy, "release": c.Release},
    Channel.SESSION: {
        "update_guests_count": c.UpdateGuestsCount,
        "close_session": c.CloseSession,
        "call_waiter": c.CallWaiter,
        "place_order": c.PlaceOrder,
    },
    Channel.WAITER: {"acknowledge": c.Acknowledge},
    Channel.NOTIFICATIONS: {"acknowledge": c.Acknowledge},
}
ACTIONS: dict[Channel, dict[str, type[c.Command]]] = {
    channel: {SNAPSHOT_ACTIONS[channel]: c.Get, **_CHANGES.get(channel, {})} for channel in Channel
}
"""The actions of each channel, by their names on the wire."""


FAST_PATH_CHARS = 1000
"""Frames up to this length are parsed without checking their limits first: none is expensive."""
MENU_VALUES = 110_000
"""Maximum number of values in a menu: 60 categories of 300 items of 6 values, rounded up."""


_STORED = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_WIRE = _STORED | orjson.OPT_OMIT_MICROSECONDS


def encode(value: Any) -> bytes:
    """Encode mappings, dataclasses, named tuples, enums and datetimes as JSON for clients. Times
    are UTC in whole seconds, such as `2026-01-28T21:00:00Z`, so their text sorts by time. Raises
    TypeError for other types."""
    return orjson.dumps(value, _encodable, _WIRE)


@overload
def timestamp(at: datetime) -> str: ...
@overload
def timestamp(at: datetime | None) -> str | None: ...
def timestamp(at: datetime | None) -> str | None:
    """A time as text, as `encode` writes it."""
    return None if at is None else orjson.dumps(at, None, _WIRE)[1:-1].decode()


def encode_stored(value: Any) -> bytes:
    """Encode a value as JSON for the store. Unlike in `encode`, times have microseconds."""
    return orjson.dumps(value, _encodable, _STORED)


def encode_compact(value: Any) -> bytes:
    """`encode` for values that stay in memory: orjson over-allocates its result by kilobytes, so
    this returns a copy."""
    return bytes(memoryview(encode(value)))


def encoded_list(values: Iterable[bytes]) -> orjson.Fragment:
    """A list of encoded values, which `encode` inserts unchanged."""
    return orjson.Fragment(b"[" + b",".join(values) + b"]")


def data_of(frame: bytes) -> orjson.Fragment:
    """The encoded `data` of a channel's frame, which is between `type` and `seq`."""
    return orjson.Fragment(frame[frame.index(b'"data":') + 7 : frame.rindex(b',"seq":')])


def _encodable(value: Any) -> Any:
    if hasattr(value, "encoded"):  # it keeps its JSON
        return value.encoded()
    if isinstance(value, tuple):  # orjson encodes plain tuples itself, but no named ones
        return list(value)
    raise TypeError(f"cannot encode {type(value).__name__} as JSON")


def parse_frame(
    channel: Channel, frame: str | bytes, limits: MessageLimits = DEFAULT_LIMITS
) -> c.Command | Rejected:
    """The command in a client's text frame, or a refusal that names the first error."""
    if len(frame) > limits.max_bytes:
        return too_large(limits.max_bytes)
    if len(frame) > min(FAST_PATH_CHARS, limits.max_text):
        return _parse_checked(channel, frame, limits)
    try:
        command = _adapter(channel).validate_json(frame)
    except ValidationError:
        return _parse_checked(channel, frame, limits)
    if isinstance(command, c.Get) and command.action not in ACTIONS[channel]:
        return _unknown_action(channel)
    return command


def parse_body(
    command: type[T], body: bytes, limits: MessageLimits = DEFAULT_LIMITS, **preset: Any
) -> T | Rejected:
    """The command in an HTTP body, or a refusal that names the first error. `preset` are the fields
    that the path and headers determine; the body must not contain them."""
    try:
        fields = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        return Rejected(Code.INVALID_JSON, "The body is not JSON. Send one JSON object.")
    if not isinstance(fields, dict):
        return Rejected(Code.INVALID_MESSAGE, "The body must be one JSON object.")
    if command is c.ReplaceMenu:
        limits = replace(limits, max_values=MENU_VALUES)
    refused = limits.refusal(fields)
    if refused is not None:
        return refused
    conflicting = [name for name in ("action", *preset) if name in fields]
    if conflicting:
        return Rejected(
            Code.INVALID_MESSAGE,
            f"{conflicting[0]}: must not be in the body, because the path and headers set it.",
        )
    try:
        return body_adapter(command).validate_python(
            fields | {name: value for name, value in preset.items() if value is not None}
        )
    except ValidationError as error:
        return invalid(error)


def invalid(error: ValidationError) -> Rejected:
    """A refusal that names the first error and its path. It does not repeat the client's input."""
    type_, path, what = first_error(error)
    if type_ == "too_long":
        return limit_exceeded("items", path, what)
    return invalid_field(path, what)


def first_error(error: ValidationError) -> tuple[str, str, str]:
    """The type and path of the first error, and what is wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"] if part not in _TAGS)
    if first["type"] == "too_long":
        return first["type"], path, f"at most {first['ctx']['max_length']} of them"
    message = first["msg"].removeprefix("Value error, ")
    return first["type"], path, _MESSAGES.get(first["type"], message)


def body_adapter(command: type[T]) -> TypeAdapter[T]:
    if command not in _bodies:
        _bodies[command] = TypeAdapter(command)
    return _bodies[command]


_bodies: dict[type[c.Command], TypeAdapter[Any]] = {}


@cache
def _adapter(channel: Channel) -> TypeAdapter[c.Command]:
    union: Any = None
    for command in dict.fromkeys(ACTIONS[channel].values()):
        union = command if union is None else union | command
    discriminated = Annotated[union, Field(discriminator="action")]
    single = len(set(ACTIONS[channel].values())) == 1
    return TypeAdapter(union if single else discriminated)


_MESSAGES = {
    "bool_type": "must be true or false",
    "dataclass_type": "must be an object",
    "int_type": "must be a whole number",
    "missing": "is required",
    "string_type": "must be a string",
    "too_short": "must have at least one element",
    "tuple_type": "must be a list",
    "unexpected_keyword_argument": "there is no such field",
}
"""Sentences for pydantic's types of errors."""
_TAGS = {"menu", "free"} | {action for actions in ACTIONS.values() for action in actions}
"""Names of union members, which pydantic includes in paths."""


def _parse_checked(
    channel: Channel, frame: str | bytes, limits: MessageLimits
) -> c.Command | Rejected:
    """Parse a frame that is invalid or long. Its limits are checked first, so that collecting the
    errors of a long frame is never expensive."""
    try:
        value = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return Rejected(Code.INVALID_JSON, "The message is not JSON. Send one JSON object.")
    if not isinstance(value, dict):
        return Rejected(Code.INVALID_MESSAGE, "A message must be one JSON object with an action.")
    refused = limits.refusal(value)
    if refused is not None:
        return refused
    action = value.get("action")
    actions = ACTIONS[channel]
    if not isinstance(action, str):
        return Rejected(
            Code.INVALID_MESSAGE,
            "action: is required. Send one of the actions in details.",
            {"actions": sorted(actions)},
        )
    if action not in actions:
        return _unknown_action(channel)
    try:
        return _adapter(channel).validate_python(value)
    except ValidationError as error:
        return invalid(error)


def _unknown_action(channel: Channel) -> Rejected:
    return Rejected(
        Code.UNKNOWN_ACTION,
        f"The {channel.value} channel has no such action. Send one of the actions in details.",
        {"actions": sorted(ACTIONS[channel])},
    )
