"""Encoding of messages between hosts and gateways; unknown types are rejected."""

import inspect
import pickle
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Access
from domain.audit import DeniedRead
from domain.codes import CodeValues, DeviceCode, TableCode
from domain.device.rules import SignIn
from domain.entity import Inputs, Redirect, RequestRef
from domain.messages import MESSAGES
from domain.order.line import ChosenOption, OrderLine
from engine import codec
from engine.codec import UndecodableBody, UndecodableFrame, decode, encode
from engine.messages import (
    ACCEPTED,
    Activate,
    CheckDevice,
    CheckGuest,
    DeliverEffects,
    Done,
    Dropped,
    Moved,
    Published,
    Read,
    ReadCodes,
    RecordDenial,
    Resubscribe,
    Submit,
    Subscribe,
    Subscribed,
    Unsubscribe,
    View,
)
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus
from protocol.stored_names import stored_name

ORDER = Address(Kind.ORDER, 123, 2)
TOPIC = Topic(ORDER, Channel.ITEMS)
CALLER = Caller(Role.KITCHEN, "kitchen:2", "10.0.0.1")
ORIGIN = RequestRef(ORDER, "kitchen:2", "a-request", "digest")
SOUP = OrderLine("Soup", 1, 300, options=(ChosenOption(4, "Hot", 1, 0),))
LINES = (c.MenuLine(menu_item_id=4, notes="rare"), c.FreeLine(name="Soup", unit_price=300))
SUBMITS = [
    Submit(ORDER, c.UpdateStatus(status=OrderStatus.READY, request_id="a-request"), CALLER, ORIGIN),
    Submit(ORDER, c.PlaceOrder(items=LINES, expected_version=3), CALLER, None, Inputs(id=9)),
    Submit(
        ORDER,
        c.ReplaceItems(items=LINES),
        CALLER,
        ORIGIN,
        Inputs(lines=(SOUP,)),
    ),
    Submit(ORDER, c.AddItems(items=LINES, expected_total=600), CALLER, ORIGIN),
    Submit(
        ORDER,
        c.VoidItems(items=(c.VoidedItem(item_id=1), c.VoidedItem(item_id=2, units=3)), reason="x"),
        CALLER,
    ),
    Submit(ORDER, c.DeliverItems(item_ids=(1, 2)), CALLER),
    Submit(ORDER, SignIn(7), CALLER, view=Channel.ORDER, followed=ORDER, trace="f" * 32),
    Submit(ORDER, c.PlaceOrder(items=LINES), CALLER, None, Inputs(refusal=UNAVAILABLE)),
]
BODIES: list[Any] = [
    *SUBMITS,
    RecordDenial(ORDER, c.UpdateStatus(status=OrderStatus.READY), CALLER, Code.FORBIDDEN),
    DeliverEffects(ORDER, ORDER, ((1, MESSAGES["CallUnheard"]("7-1"), CALLER),)),
    Read(ORDER, Channel.ORDER, Role.KITCHEN),
    CheckGuest(ORDER, ORDER),
    CheckGuest(ORDER, None),
    CheckGuest(ORDER, ORDER, "ABC234"),
    CheckDevice(ORDER, 3),
    ReadCodes(ORDER),
    CodeValues(
        (TableCode(5, 1, "5", "A", None),), {3: DeviceCode(Role.KITCHEN, None)}, "Trattoria"
    ),
    *Access,
    Subscribe(TOPIC, "g1", 5, Role.GUEST, "epoch", 7),
    Resubscribe(TOPIC, "g1", ((5, Role.GUEST), (6, Role.WAITER)), "epoch", 7),
    Unsubscribe(TOPIC, "g1", 5),
    Activate(ORDER),
    Done(True, 4, {"order_id": 5, "at": datetime(2026, 1, 1, tzinfo=UTC)}, b"{}"),
    View(b"{}"),
    View(b"{}", 4, {Role.KITCHEN: ()}, (7,)),
    Subscribed("epoch", 7, (b"{}", b"[]"), resumed=True),
    Subscribed("epoch", 7, (b"{}",), resumed=False, variants={Role.KITCHEN: (b"[]",)}, admitted=()),
    Rejected(Code.NOT_FOUND, "There is no order 1.", {"order_id": 1}),
    Redirect(ORDER, MESSAGES["CallUnheard"]("7-1")),
    Moved(3),
    ACCEPTED,
    Published(TOPIC, "epoch", 7, (b"{}",), 1.5, ("f" * 32,), {Role.KITCHEN: (b"[]",)}, (7, 8)),
    Dropped(TOPIC),
]


@dataclass(kw_only=True)
class WithLines:
    """A command with lines as a later release may declare it."""

    items: c.Lines
    table: int | None = None
    notes: list[str] = field(default_factory=list)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_type_decodes_to_an_equal_value(body: Any) -> None:
    decoded = decode(encode(17, body))
    assert decoded == (17, body)
    assert type(decoded[1]) is type(body)


def test_enumerations_of_a_command_keep_their_types() -> None:
    _, decoded = decode(encode(1, SUBMITS[0]))
    assert isinstance(decoded, Submit)
    assert decoded.command.status is OrderStatus.READY
    assert decoded.caller.role is Role.KITCHEN


def test_every_command_and_message_of_an_entity_can_be_decoded() -> None:
    classes = [
        cls
        for _, cls in inspect.getmembers(c, inspect.isclass)
        if issubclass(cls, c.Command) and cls is not c.Command
    ]
    for cls in (*classes, *MESSAGES.values(), SignIn, DeniedRead):
        with pytest.raises(UndecodableBody, match=r"missing required field|Expected"):
            decode(_submit_of(stored_name(cls), []))


def test_fields_that_a_later_release_has_added_are_ignored() -> None:
    frame: Any = msgspec.msgpack.decode(encode(1, Read(ORDER, Channel.ORDER)))
    longer = msgspec.msgpack.encode([*frame[:2], [*frame[2], "a later field"]])
    assert decode(longer) == (1, Read(ORDER, Channel.ORDER))
    named = {"status": "ready", "a_later_field": 1}
    _, submit = decode(_submit_of("UpdateStatus", named))
    assert isinstance(submit, Submit)
    assert submit.command == c.UpdateStatus(status=OrderStatus.READY)


def test_fields_that_an_earlier_release_does_not_send_have_their_defaults() -> None:
    frame: Any = msgspec.msgpack.decode(encode(1, Published(TOPIC, "e", 1, (b"{}",), 5.0)))
    shorter = msgspec.msgpack.encode([*frame[:2], frame[2][:4]])
    assert decode(shorter) == (1, Published(TOPIC, "e", 1, (b"{}",)))


def test_a_command_with_lines_keeps_the_defaults_of_its_other_fields() -> None:
    decoded = codec._lines_decoder(WithLines)(msgspec.msgpack.encode({"items": []}))
    assert decoded == WithLines(items=())
    with pytest.raises(msgspec.ValidationError, match="items"):
        codec._lines_decoder(WithLines)(msgspec.msgpack.encode({}))


@pytest.mark.parametrize("name", ["Popen", "Command", "", "UpdateStatus.__init__"])
def test_a_class_that_is_not_listed_is_never_instantiated(name: str) -> None:
    with pytest.raises(UndecodableBody):
        decode(_submit_of(name, {"args": ["true"]}))


def test_a_value_of_an_unlisted_class_cannot_be_encoded() -> None:
    with pytest.raises(TypeError, match="not a known command"):
        encode(1, Submit(ORDER, object(), CALLER))


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_rejected(data: bytes) -> None:
    with suppress(UndecodableBody, UndecodableFrame):
        decode(data)


def test_a_pickle_is_rejected() -> None:
    with pytest.raises((UndecodableBody, UndecodableFrame)):
        decode(pickle.dumps(READ_ONLY))


READ_ONLY = Read(ORDER, Channel.ORDER)


def _submit_of(name: str, body: object) -> bytes:
    address = [ORDER.kind, ORDER.id, ORDER.restaurant]
    caller = {"role": "guest", "subject": "guest:1"}
    return msgspec.msgpack.encode([1, 1, [address, [name, body], caller]])
