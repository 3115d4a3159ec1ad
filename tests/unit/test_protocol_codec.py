"""Parsing of clients' frames and bodies, and encoding of frames."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import commands as c
from protocol.codec import ACTIONS, data_of, encode, encode_stored, parse_body, parse_frame
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

FRAMES: list[tuple[Channel, dict[str, Any], c.Command]] = [
    (Channel.ORDER, {"action": "get_status"}, c.Get(action="get_status")),
    (
        Channel.ORDER,
        {"action": "update_status", "status": "ready"},
        c.UpdateStatus(status=OrderStatus.READY),
    ),
    (Channel.ITEMS, {"action": "get_items"}, c.Get(action="get_items")),
    (
        Channel.ITEMS,
        {"action": "update_item", "item_id": 1, "status": "voided", "reason": "sold out"},
        c.UpdateItem(item_id=1, status=ItemStatus.VOIDED, reason="sold out"),
    ),
    (
        Channel.ITEMS,
        {"action": "add_items", "items": [{"menu_item_id": 7}], "expected_total": "2.50"},
        c.AddItems(items=(c.MenuLine(menu_item_id=7),), expected_total=250),
    ),
    (
        Channel.ITEMS,
        {"action": "void_items", "items": [{"item_id": 1, "units": 2}], "reason": "cold"},
        c.VoidItems(items=(c.VoidedItem(item_id=1, units=2),), reason="cold"),
    ),
    (
        Channel.ITEMS,
        {"action": "deliver_items", "item_ids": [1, 2]},
        c.DeliverItems(item_ids=(1, 2)),
    ),
    (Channel.TABLE, {"action": "get_status"}, c.Get(action="get_status")),
    (Channel.TABLE, {"action": "occupy"}, c.Occupy()),
    (Channel.TABLE, {"action": "release"}, c.Release()),
    (
        Channel.SESSION,
        {"action": "update_guests_count", "guests_count": 4},
        c.UpdateGuestsCount(guests_count=4),
    ),
    (Channel.SESSION, {"action": "close_session"}, c.CloseSession()),
    (Channel.SESSION, {"action": "call_waiter"}, c.CallWaiter()),
    (
        Channel.SESSION,
        {"action": "place_order", "items": [{"menu_item_id": 7, "quantity": 2}]},
        c.PlaceOrder(items=(c.MenuLine(menu_item_id=7, quantity=2),)),
    ),
    (
        Channel.SESSION,
        {"action": "place_order", "items": [{"name": "Soup", "unit_price": "2.50"}]},
        c.PlaceOrder(items=(c.FreeLine(name="Soup", unit_price=250),)),
    ),
    (Channel.WAITER, {"action": "get_tasks"}, c.Get(action="get_tasks")),
    (
        Channel.WAITER,
        {"action": "acknowledge", "notification_id": "123"},
        c.Acknowledge(notification_id="123"),
    ),
    (Channel.NOTIFICATIONS, {"action": "get_notifications"}, c.Get(action="get_notifications")),
    (
        Channel.NOTIFICATIONS,
        {"action": "acknowledge", "notification_id": 123},
        c.Acknowledge(notification_id="123"),
    ),
    (Channel.MENU, {"action": "get_menu"}, c.Get(action="get_menu")),
    (Channel.DEVICES, {"action": "get_devices"}, c.Get(action="get_devices")),
    (Channel.RESTAURANT, {"action": "get_status"}, c.Get(action="get_status")),
]


def rejection(channel: Channel, frame: str | bytes) -> Rejected:
    answer = parse_frame(channel, frame)
    assert isinstance(answer, Rejected), answer
    return answer


# --- actions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "frame", "command"), FRAMES)
def test_an_action_parses_to_its_command(
    channel: Channel, frame: dict[str, Any], command: c.Command
) -> None:
    assert parse_frame(channel, orjson.dumps(frame)) == command
    assert parse_frame(channel, orjson.dumps(frame).decode()) == command


@pytest.mark.parametrize(("channel", "frame", "command"), FRAMES)
def test_an_action_may_carry_a_request_id_and_a_version(
    channel: Channel, frame: dict[str, Any], command: c.Command
) -> None:
    parsed = parse_frame(channel, orjson.dumps({**frame, "request_id": "r", "expected_version": 3}))
    assert isinstance(parsed, type(command))
    assert (parsed.request_id, parsed.expected_version) == ("r", 3)


def test_examples_cover_every_action_of_every_channel() -> None:
    tried = {(channel, frame["action"]) for channel, frame, _ in FRAMES}
    known = {(channel, action) for channel, actions in ACTIONS.items() for action in actions}
    assert known - tried <= {(Channel.SESSION, "get_status")}


@pytest.mark.parametrize("channel", Channel)
def test_an_action_of_another_channel_is_unknown(channel: Channel) -> None:
    everything = {action for actions in ACTIONS.values() for action in actions}
    for action in everything - set(ACTIONS[channel]) | {"fly"}:
        answer = rejection(channel, orjson.dumps({"action": action}))
        assert answer.code is Code.UNKNOWN_ACTION
        assert answer.details == {"actions": sorted(ACTIONS[channel])}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "nonsense",
        '{"action":"get_status"}x',
        "[" * 5000,
        '{"a":' * 3000,
        b"\xff",
        "\ud800",
    ],
)
def test_invalid_json_is_rejected(frame: str | bytes) -> None:
    assert rejection(Channel.ORDER, frame).code is Code.INVALID_JSON


@pytest.mark.parametrize("frame", ["[]", "1", '"get_status"', "null", "true"])
def test_json_other_than_an_object_is_rejected(frame: str) -> None:
    assert rejection(Channel.ORDER, frame).code is Code.INVALID_MESSAGE


@pytest.mark.parametrize("frame", ["{}", '{"action":5}', '{"action":null}', '{"type":"x"}'])
def test_unknown_action_error_lists_the_allowed_actions(frame: str) -> None:
    answer = rejection(Channel.ORDER, frame)
    assert answer.code is Code.INVALID_MESSAGE
    assert answer.details == {"actions": ["get_status", "update_status"]}


@pytest.mark.parametrize(
    ("channel", "fields", "place"),
    [
        (Channel.ORDER, {"action": "update_status"}, "status"),
        (Channel.ORDER, {"action": "update_status", "status": "eaten"}, "status"),
        (Channel.ORDER, {"action": "get_status", "request_id": ""}, "request_id"),
        (Channel.ORDER, {"action": "get_status", "request_id": "x" * 65}, "request_id"),
        (Channel.ORDER, {"action": "get_status", "request_id": 5}, "request_id"),
        (Channel.ORDER, {"action": "get_status", "expected_version": "3"}, "expected_version"),
        (Channel.TABLE, {"action": "occupy", "guest_count": 2}, "guest_count"),
        (Channel.SESSION, {"action": "update_guests_count", "guests_count": 0}, "guests_count"),
        (Channel.SESSION, {"action": "close_session", "force": "yes"}, "force"),
        (Channel.SESSION, {"action": "call_waiter", "reason": "wine"}, "reason"),
        (Channel.SESSION, {"action": "place_order", "items": []}, "items"),
        (
            Channel.SESSION,
            {"action": "place_order", "items": [{"quantity": 1}]},
            "items.0.menu_item_id",
        ),
        (
            Channel.SESSION,
            {"action": "place_order", "items": [{"menu_item_id": 1}, {"name": "x"}]},
            "items.1.unit_price",
        ),
        (
            Channel.SESSION,
            {"action": "place_order", "items": [{"menu_item_id": 1, "unit_price": "1"}]},
            "items.0.unit_price",
        ),
        (Channel.WAITER, {"action": "acknowledge"}, "notification_id"),
    ],
)
def test_an_invalid_field_is_named_in_the_error(
    channel: Channel, fields: dict[str, Any], place: str
) -> None:
    answer = rejection(channel, orjson.dumps(fields))
    assert answer.code is Code.INVALID_MESSAGE
    assert answer.details == {"field": place}
    assert answer.error.startswith(f"{place}: ")


def test_errors_do_not_echo_the_input() -> None:
    answer = rejection(Channel.ORDER, '{"action":"update_status","status":"<script>"}')
    assert "script" not in answer.error


def test_a_frame_above_the_size_limit_is_rejected() -> None:
    fits = '{"action":"get_status"}'.ljust(MAX_FRAME_BYTES)
    assert isinstance(parse_frame(Channel.ORDER, fits), c.Get)
    answer = rejection(Channel.ORDER, fits + " ")
    assert answer.code is Code.TOO_LARGE
    assert answer.details == {"max_bytes": MAX_FRAME_BYTES}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["action", "status", "items", "guests_count", "force", "reason", "x"])
ACTION = st.sampled_from(["occupy", "place_order", "get_status", "update_status"])


@given(
    st.sampled_from(Channel),
    st.dictionaries(FIELDS, JSON),
    st.none() | ACTION,
)
def test_any_object_parses_or_is_rejected(
    channel: Channel, fields: dict[str, Any], action: str | None
) -> None:
    fields = {**fields, **({"action": action} if action else {})}
    try:
        frame = orjson.dumps(fields)
    except TypeError:  # an integer of more than 64 bits
        return
    assert isinstance(parse_frame(channel, frame), c.Command | Rejected)


@given(st.sampled_from(Channel), st.binary(max_size=60) | st.text(max_size=60))
def test_any_text_parses_or_is_rejected(channel: Channel, frame: str | bytes) -> None:
    assert isinstance(parse_frame(channel, frame), c.Command | Rejected)


# --- bodies --------------------------------------------------------------------------------------


def test_body_parses_to_the_same_command_with_fields_of_the_path() -> None:
    command = parse_body(
        c.UpdateItem, b'{"status":"voided","reason":"sold out"}', item_id=3, request_id="key"
    )
    assert command == c.UpdateItem(
        item_id=3, status=ItemStatus.VOIDED, reason="sold out", request_id="key"
    )


@pytest.mark.parametrize("body", [b"", b"  ", b"{}"])
def test_an_empty_body_is_accepted(body: bytes) -> None:
    assert parse_body(c.Occupy, body, request_id=None) == c.Occupy()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", Code.INVALID_JSON),
        (b"\xff", Code.INVALID_JSON),
        (b"[]", Code.INVALID_MESSAGE),
        (b'{"guests_count":0}', Code.INVALID_MESSAGE),
        (b'{"guest_count":2}', Code.INVALID_MESSAGE),
        (b'{"action":"release"}', Code.INVALID_MESSAGE),
        (b'{"request_id":"mine"}', Code.INVALID_MESSAGE),
    ],
)
def test_an_invalid_body_is_rejected(body: bytes, code: Code) -> None:
    answer = parse_body(c.Occupy, body, request_id="key")
    assert isinstance(answer, Rejected)
    assert answer.code is code


# --- outgoing frames -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thing:
    at: datetime
    kind: Kind
    address: Address
    entries: dict[int, str]


def test_encoded_frames_are_plain_json() -> None:
    thing = Thing(
        datetime(2026, 1, 28, 21, tzinfo=UTC), Kind.ORDER, Address(Kind.ORDER, 5, 2), {1: "a"}
    )
    assert orjson.loads(encode(thing)) == {
        "at": "2026-01-28T21:00:00Z",
        "kind": "order",
        "address": ["order", 5, 2],
        "entries": {"1": "a"},
    }


@pytest.mark.parametrize("more", [{}, {"epoch": "e"}], ids=["event", "snapshot"])
@given(text=st.text() | st.sampled_from(['"data":', ',"seq":', '\\"data":1,"seq":2']))
def test_encoded_data_is_inserted_into_a_frame_unchanged(text: str, more: dict[str, str]) -> None:
    data = {"notes": text, "data": {"seq": 2}, "seq": 3}
    frame = encode({"type": "order_status", "data": data, "seq": 1, **more})
    assert orjson.loads(encode({"data": data_of(frame)})) == {"data": data}


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_times_have_whole_seconds_on_the_wire_and_microseconds_in_the_store(
    microsecond: int,
) -> None:
    at = datetime(2026, 1, 28, 21, microsecond=microsecond, tzinfo=UTC)
    assert orjson.loads(encode({"at": at})) == {"at": "2026-01-28T21:00:00Z"}
    stored = orjson.loads(encode_stored({"at": at}))["at"]
    assert datetime.fromisoformat(stored) == at


def test_encoding_a_value_without_json_form_raises() -> None:
    with pytest.raises(TypeError):
        encode(object())
