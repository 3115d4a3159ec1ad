"""What no message may be beyond, whatever it says."""

from typing import Any

import orjson
import pytest

from protocol.bounds import Bounds
from protocol.errors import Code, Rejected
from protocol.frames import parse_frame
from protocol.ids import Channel

SMALL = Bounds(max_bytes=200, max_depth=2, max_text=10)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"a": "x" * 11}, "a"),
        ({"a": ["x", "x" * 11]}, "a.1"),
        ({"a": [{}]}, "a.0"),
        (nested(3), "0.0"),
        ({"k" * 150: nested(2)}, "k" * 120),
    ],
)
def test_what_is_beyond_is_named_by_its_place(message: Any, place: str) -> None:
    refused = SMALL.refusal(message)
    assert refused is not None
    assert (refused.code, refused.details) == (Code.INVALID_MESSAGE, {"field": place})


@pytest.mark.parametrize("message", [{}, [], {"a": "x" * 10}, nested(2), {"a": [1, None]}, "xy", 7])
def test_what_is_within_passes(message: Any) -> None:
    assert SMALL.refusal(message) is None


@pytest.mark.parametrize("depth", [17, 500, 20_000])
def test_no_depth_breaks_the_parser(depth: int) -> None:
    for frame in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth):
        answer = parse_frame(Channel.SESSION, frame)
        assert isinstance(answer, Rejected)
        assert answer.code in (Code.INVALID_MESSAGE, Code.INVALID_JSON, Code.TOO_LARGE)
        assert len(orjson.dumps(answer.body())) < 1000
