"""Limits of the size, depth and number of values of messages."""

import time
import tracemalloc
from typing import Any

import orjson
import pytest

from protocol import commands as c
from protocol.codec import parse_body, parse_frame
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from protocol.limits import (
    MAX_FIELDS,
    MAX_PATH_CHARS,
    LimitExceeded,
    MessageLimits,
)
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

SMALL = MessageLimits(max_bytes=200, max_depth=2, max_text=10, max_values=6)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("message", "place", "limit"),
    [
        ({"a": "x" * 11}, "a", "text"),
        ({"a": ["x", "x" * 11]}, "a.1", "text"),
        ({"": "x" * 11}, "message", "text"),
        ({"a": [{}]}, "a.0", "depth"),
        (nested(3), "0.0", "depth"),
        ({"k" * 150: nested(2)}, "k" * 120, "depth"),
        ([[0] * 3, [0] * 2], "message", "values"),
    ],
)
def test_exceeded_limit_names_the_path(message: Any, place: str, limit: str) -> None:
    refused = SMALL.refusal(message)
    assert refused is not None
    assert (refused.code, refused.details) == (Code.INVALID_MESSAGE, {"field": place})
    assert refused.limit == limit


def test_an_object_has_at_most_the_maximum_number_of_fields() -> None:
    within = {str(number): 0 for number in range(MAX_FIELDS)}
    assert MessageLimits().refusal({"a": within}) is None
    refused = MessageLimits().refusal({"a": within | {"one more": 0}})
    assert refused is not None
    assert (refused.details, refused.limit) == ({"field": "a"}, "values")


@pytest.mark.parametrize("message", [{}, [], {"a": "x" * 10}, nested(2), {"a": [1, None]}, "xy", 7])
def test_message_within_limits_passes(message: Any) -> None:
    assert SMALL.refusal(message) is None


@pytest.mark.parametrize("depth", [17, 500, 20_000])
def test_json_of_any_depth_does_not_break_the_parser(depth: int) -> None:
    for frame in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth):
        answer = parse_frame(Channel.SESSION, frame)
        assert isinstance(answer, Rejected)
        assert answer.code in (Code.INVALID_MESSAGE, Code.INVALID_JSON, Code.TOO_LARGE)
        assert len(orjson.dumps(answer.body())) < 1000


def largest_frame(names: str, part: str) -> str:
    """`start`, then as many copies of `part` as fit into the largest frame."""
    room = MAX_FRAME_BYTES - len(names) - 2
    return names + ",".join([part] * (room // (len(part) + 1))) + "]}"


LARGE = {
    "empty lines": largest_frame('{"action":"place_order","items":[', "{}"),
    "lines": largest_frame('{"action":"place_order","items":[', '{"menu_item_id":1}'),
    "numbers for lines": largest_frame('{"action":"place_order","items":[', "1"),
    "lists": largest_frame('{"action":"place_order","x":[', "[]"),
    "a long name": largest_frame('{"action":"place_order","' + "n" * 30_000 + '":[', "1"),
    "names": '{"action":"get_status",' + ",".join(f'"{at}":1' for at in range(4000)) + "}",
}


@pytest.mark.parametrize("frame", LARGE.values(), ids=LARGE)
def test_worst_case_frames_take_little_time_and_memory(frame: str) -> None:
    """Without limits, some of them take a tenth of a second and half a gigabyte."""
    assert len(frame) <= MAX_FRAME_BYTES
    parse_frame(Channel.SESSION, frame)
    took = []
    for _ in range(3):
        began = time.process_time()
        answer = parse_frame(Channel.SESSION, frame)
        took.append(time.process_time() - began)
        assert isinstance(answer, LimitExceeded)
    assert min(took) < 0.02
    tracemalloc.start()
    parse_frame(Channel.SESSION, frame)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * MAX_FRAME_BYTES


def test_a_body_of_a_megabyte_takes_little_more_memory_than_its_size() -> None:
    body = ('{"' + "n" * 500_000 + '":[' + ",".join(["1"] * 250_000) + "]}").encode()
    tracemalloc.start()
    answer = parse_body(c.JoinSession, body)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(answer, LimitExceeded)
    assert most < 20 * len(body)


def test_unknown_field_names_are_truncated_in_errors() -> None:
    for answer in (
        parse_frame(Channel.SESSION, '{"action":"get_status","' + "n" * 500 + '":1}'),
        parse_frame(Channel.SESSION, '{"action":"get_status","' + "n" * 60_000 + '":1}'),
        parse_body(c.JoinSession, b'{"' + b"n" * 60_000 + b'":1}'),
    ):
        assert isinstance(answer, Rejected)
        assert answer.details == {"field": "n" * MAX_PATH_CHARS}
        assert answer.error == "n" * MAX_PATH_CHARS + ": there is no such field."


def test_the_largest_order_and_menu_are_within_the_limits() -> None:
    line = {"menu_item_id": 2**53 - 1, "quantity": 999, "notes": "n" * 500}
    order = parse_frame(
        Channel.SESSION, orjson.dumps({"action": "place_order", "items": [line] * c.MAX_LINES})
    )
    assert isinstance(order, c.PlaceOrder)
    item = {"id": 1, "name": "n", "description": "", "price": "1", "available": True}
    categories = [{"name": "n", "items": [item] * 300}] * 60
    menu = parse_body(c.ReplaceMenu, orjson.dumps({"categories": categories}))
    assert isinstance(menu, c.ReplaceMenu)


def test_long_and_short_frames_parse_to_the_same_command() -> None:
    """Long frames have a parser of their own."""
    for fields in (
        {"action": "place_order", "items": [{"menu_item_id": 1, "notes": " a "}]},
        {"action": "place_order", "items": [{"name": "Tea", "unit_price": "2.5", "quantity": 2}]},
        {"action": "place_order", "items": [{"menu_item_id": 1}, {"name": "Tea"}]},
        {"action": "place_order", "items": [1]},
        {"action": "place_order", "items": {"menu_item_id": 1}},
        {"action": "place_order", "items": [{"menu_item_id": 1}] * 101},
        {"action": "place_order", "items": []},
        {"action": "update_guests_count", "guests_count": "2"},
        {"action": "update_guests_count", "guests_count": True},
        {"action": "close_session", "force": True, "reason": "gone", "request_id": "r"},
        {"action": "call_waiter", "reason": "bill"},
        {"action": "call_waiter", "reason": "wine"},
        {"action": "get_status", "expected_version": 1.5},
        {"action": "get_menu"},
        {"action": "fly"},
        {},
    ):
        frame = orjson.dumps(fields)
        assert parse_frame(Channel.SESSION, frame) == parse_frame(
            Channel.SESSION, frame.ljust(3000)
        )
