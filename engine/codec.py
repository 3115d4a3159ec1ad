"""Encodes messages and replies as MessagePack: an array of message number, type number and fields.

Commands and entities' messages are tagged with their stored names. Only the classes listed here can
be decoded.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any

import msgspec

from domain.access import Access
from domain.audit import DeniedRead
from domain.codes import CodeValues
from domain.device.rules import SignIn
from domain.entity import NO_INPUTS, Inputs, Redirect, RequestRef
from domain.messages import MESSAGES
from engine.messages import (
    Activate,
    CheckDevice,
    CheckGuest,
    DeliverEffects,
    Done,
    Dropped,
    Message,
    Moved,
    Published,
    Read,
    ReadCodes,
    RecordDenial,
    Reply,
    Resubscribe,
    Submit,
    Subscribe,
    Subscribed,
    Unsubscribe,
    View,
)
from protocol import commands
from protocol.caller import Caller
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel
from protocol.menu import LineOption
from protocol.stored_names import stored_name

Body = Message | Reply | Published | Dropped
UndecodableFrame = msgspec.DecodeError

_encoder = msgspec.msgpack.Encoder()


class UndecodableBody(Exception):
    """A message or reply cannot be decoded, because its sender runs another release. `number` is
    its message number."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"cannot decode message {number}: {reason}")
        self.number = number


def encode(number: int, body: Body) -> bytes:
    """Encode a message or reply with its number. Raises KeyError or TypeError for a type that is
    not listed here."""
    kind = _NUMBERS[type(body)]
    fields_of = _FIELDS.get(kind)
    return _encoder.encode((number, kind, body if fields_of is None else fields_of(body)))


def decode(frame: bytes | memoryview) -> tuple[int, Body]:
    """Decode an encoded message or reply. Raises UndecodableBody or UndecodableFrame."""
    number, kind, raw = _envelope.decode(frame)
    try:
        return number, _DECODERS[kind](raw)
    except (KeyError, msgspec.DecodeError, TypeError, ValueError) as error:
        raise UndecodableBody(number, f"{type(error).__name__}: {error}") from error


_envelope = msgspec.msgpack.Decoder(tuple[int, int, msgspec.Raw])


# --- commands and entities' messages -------------------------------------------------------------


class _Line(msgspec.Struct):
    """A line of an order, from the menu or free. One class, because msgspec cannot decode a union
    of dataclasses."""

    menu_item_id: int | None = None
    name: str | None = None
    unit_price: int | None = None
    quantity: int = 1
    notes: str = ""
    options: tuple[LineOption, ...] = ()

    def line(self) -> commands.MenuLine | commands.FreeLine:
        if self.menu_item_id is not None:
            return commands.MenuLine(
                menu_item_id=self.menu_item_id,
                quantity=self.quantity,
                options=self.options,
                notes=self.notes,
            )
        assert self.name is not None
        assert self.unit_price is not None
        return commands.FreeLine(
            name=self.name, unit_price=self.unit_price, quantity=self.quantity, notes=self.notes
        )


def _lines_decoder(cls: type[Any]) -> Callable[[Any], Any]:
    """A decoder for a command whose `items` are lines."""
    types = {each.name: each.type for each in fields(cls)} | {"items": tuple[_Line, ...]}
    wire = msgspec.defstruct(
        cls.__name__,
        [(each.name, types[each.name], _default_of(each)) for each in fields(cls)],
        kw_only=True,
    )
    decoder: Any = msgspec.msgpack.Decoder(wire)

    def decode_lines(raw: Any) -> Any:
        decoded = decoder.decode(raw)
        values = {name: getattr(decoded, name) for name in types}
        return cls(**values | {"items": tuple(line.line() for line in decoded.items)})

    return decode_lines


def _default_of(field: Field[Any]) -> Any:
    """The default of a dataclass field, as a msgspec field."""
    if field.default is not MISSING:
        return msgspec.field(default=field.default)
    if field.default_factory is not MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field()


_NAMED: dict[str, type[Any]] = {
    name: cls
    for name, cls in inspect.getmembers(commands, inspect.isclass)
    if issubclass(cls, commands.Command) and cls is not commands.Command
} | {SignIn.__name__: SignIn, DeniedRead.__name__: DeniedRead, **MESSAGES}
_NAMED_DECODERS: dict[str, Callable[[Any], Any]] = {
    name: _lines_decoder(cls)
    if issubclass(cls, commands.WithLines)
    else msgspec.msgpack.Decoder(cls).decode
    for name, cls in _NAMED.items()
}


def _named(value: Any) -> tuple[str, Any]:
    name = stored_name(type(value))
    if _NAMED.get(name) is not type(value):
        raise TypeError(f"cannot encode {type(value)}: it is not a known command or message")
    return name, value


class _Named(msgspec.Struct, array_like=True):
    name: str
    body: msgspec.Raw

    def value(self) -> Any:
        return _NAMED_DECODERS[self.name](self.body)


# --- messages that contain a command or an entity's message ---------------------------------------


class _Submit(msgspec.Struct, array_like=True):
    to: Address
    command: _Named
    caller: Caller
    request_ref: RequestRef | None = None
    inputs: Inputs | None = None
    view: Channel | None = None
    followed: Address | None = None
    trace: str = ""


def _submit_fields(m: Submit) -> tuple[Any, ...]:
    inputs = None if m.inputs is NO_INPUTS else m.inputs
    return (
        m.to, _named(m.command), m.caller, m.request_ref, inputs, m.view, m.followed, m.trace,
    )  # fmt: skip


def _submit(w: _Submit) -> Submit:
    return Submit(
        w.to, w.command.value(), w.caller, w.request_ref, w.inputs or NO_INPUTS, w.view, w.followed,
        w.trace,
    )  # fmt: skip


class _RecordDenial(msgspec.Struct, array_like=True):
    to: Address
    command: _Named
    caller: Caller
    code: Code


class _DeliverEffects(msgspec.Struct, array_like=True):
    to: Address
    source: Address
    messages: tuple[tuple[int, _Named, Caller], ...]


def _deliver_effects(wire: _DeliverEffects) -> DeliverEffects:
    messages = tuple((number, each.value(), caller) for number, each, caller in wire.messages)
    return DeliverEffects(wire.to, wire.source, messages)


def _deliver_effects_fields(m: DeliverEffects) -> tuple[Any, ...]:
    messages = tuple((number, _named(each), caller) for number, each, caller in m.messages)
    return m.to, m.source, messages


class _Redirect(msgspec.Struct, array_like=True):
    to: Address
    message: _Named


# --- all types -----------------------------------------------------------------------------------


def _decoder_via(wire: type[Any], convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decoder that decodes to the wire class and converts the result."""
    decoder = msgspec.msgpack.Decoder(wire)
    return lambda raw: convert(decoder.decode(raw))


_TYPES: dict[int, type[Any]] = {
    1: Submit, 2: RecordDenial, 3: DeliverEffects, 4: Read, 5: Subscribe, 6: Resubscribe,
    7: Unsubscribe, 8: Activate, 9: CheckGuest, 10: CheckDevice, 11: ReadCodes,
    20: Done, 21: View, 22: Subscribed, 23: Rejected, 24: Redirect, 25: Moved, 26: bool, 27: Access,
    28: CodeValues,
    30: Published, 31: Dropped,
}  # fmt: skip
"""Type numbers. A number is never reused for another type."""
_NUMBERS = {cls: number for number, cls in _TYPES.items()}
_FIELDS: dict[int, Callable[[Any], Any]] = {
    _NUMBERS[Submit]: _submit_fields,
    _NUMBERS[RecordDenial]: lambda m: (m.to, _named(m.command), m.caller, m.code),
    _NUMBERS[DeliverEffects]: _deliver_effects_fields,
    _NUMBERS[Redirect]: lambda m: (m.to, _named(m.message)),
}
_DECODERS: dict[int, Callable[[Any], Any]] = {
    number: msgspec.msgpack.Decoder(cls).decode
    for number, cls in _TYPES.items()
    if number not in _FIELDS
} | {
    _NUMBERS[Submit]: _decoder_via(_Submit, _submit),
    _NUMBERS[RecordDenial]: _decoder_via(
        _RecordDenial, lambda w: RecordDenial(w.to, w.command.value(), w.caller, w.code)
    ),
    _NUMBERS[DeliverEffects]: _decoder_via(_DeliverEffects, _deliver_effects),
    _NUMBERS[Redirect]: _decoder_via(_Redirect, lambda w: Redirect(w.to, w.message.value())),
}
