"""A client's frame parsed into a command, and a server's frame encoded to bytes, once each."""

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
    Channel.ITEMS: {"update_item": c.UpdateItem},
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
"""The actions of each channel, spelt as clients spell them."""


FAST_PATH_CHARS = 1000
"""Of a frame of as many characters nothing can be dear."""
MENU_VALUES = 110_000
"""The largest menu has as many: sixty categories of three hundred items of six."""


_STORED = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_WIRE = _STORED | orjson.OPT_OMIT_MICROSECONDS


def encode(value: Any) -> bytes:
    """JSON for clients of mappings, dataclasses, named tuples, enums and datetimes. Times are
    in whole seconds of UTC, such as `2026-01-28T21:00:00Z`, so that their text sorts by time."""
    return orjson.dumps(value, _plain, _WIRE)


@overload
def timestamp(at: datetime) -> str: ...
@overload
def timestamp(at: datetime | None) -> str | None: ...
def timestamp(at: datetime | None) -> str | None:
    """A time as `encode` writes it, for views."""
    return None if at is None else orjson.dumps(at, None, _WIRE)[1:-1].decode()


def encode_stored(value: Any) -> bytes:
    """JSON for states and messages in the store, where times keep their microseconds."""
    return orjson.dumps(value, _plain, _STORED)


def encode_compact(value: Any) -> bytes:
    """`encode` for what stays in memory: the encoder's own bytes have kilobytes to spare."""
    return bytes(memoryview(encode(value)))


def encoded_list(values: Iterable[bytes]) -> orjson.Fragment:
    """A list of JSON values, as the encoders take it."""
    return orjson.Fragment(b"[" + b",".join(values) + b"]")


def data_of(frame: bytes) -> orjson.Fragment:
    """The `data` of a channel's frame, still encoded. It stands between `type` and `seq`."""
    return orjson.Fragment(frame[frame.index(b'"data":') + 7 : frame.rindex(b',"seq":')])


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):  # a named one
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def parse_frame(
    channel: Channel, frame: str | bytes, limits: MessageLimits = DEFAULT_LIMITS
) -> c.Command | Rejected:
    """The command in a client's text frame, or the refusal that says what is wrong with it."""
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
    command: type[T], body: bytes, limits: MessageLimits = DEFAULT_LIMITS, **known: Any
) -> T | Rejected:
    """The command in an HTTP body; `known` are the fields that the path and headers decide."""
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
    given = [name for name in ("action", *known) if name in fields]
    if given:
        return Rejected(
            Code.INVALID_MESSAGE, f"{given[0]}: decided by the path and headers; leave it out."
        )
    try:
        return body_adapter(command).validate_python(
            fields | {name: value for name, value in known.items() if value is not None}
        )
    except ValidationError as error:
        return invalid(error)


def invalid(error: ValidationError) -> Rejected:
    """The first thing that is wrong, named by its path; what was sent is not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"] if part not in _TAGS)
    if first["type"] == "too_long":
        return limit_exceeded("items", path, f"at most {first['ctx']['max_length']} of them")
    what = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    return invalid_field(path, what)


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
    "bool_type": "true or false is needed",
    "dataclass_type": "an object is needed",
    "int_type": "a whole number is needed",
    "missing": "is needed",
    "string_type": "a text is needed",
    "too_short": "at least one is needed",
    "tuple_type": "a list is needed",
    "unexpected_keyword_argument": "there is no such field",
}
_TAGS = {"menu", "free"} | {action for actions in ACTIONS.values() for action in actions}


def _parse_checked(
    channel: Channel, frame: str | bytes, limits: MessageLimits
) -> c.Command | Rejected:
    """Parse an invalid or long frame. The limits are checked first, so that a long frame with
    many errors costs little."""
    try:
        value = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return Rejected(Code.INVALID_JSON, "The message is not JSON. Send one JSON object.")
    if not isinstance(value, dict):
        return Rejected(Code.INVALID_MESSAGE, "A message is one JSON object with an action.")
    refused = limits.refusal(value)
    if refused is not None:
        return refused
    action = value.get("action")
    known = ACTIONS[channel]
    if not isinstance(action, str):
        return Rejected(Code.INVALID_MESSAGE, "action: say what to do.", {"actions": sorted(known)})
    if action not in known:
        return _unknown_action(channel)
    try:
        return _adapter(channel).validate_python(value)
    except ValidationError as error:
        return invalid(error)


def _unknown_action(channel: Channel) -> Rejected:
    return Rejected(
        Code.UNKNOWN_ACTION,
        f"The {channel.value} channel has no such action.",
        {"actions": sorted(ACTIONS[channel])},
    )
