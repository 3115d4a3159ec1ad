"""Invariants of the parsers for any input: a command or a protocol error, and no exception."""

from pathlib import Path
from typing import Any

import orjson

from gateway.http.routes import COMMAND_ROUTES
from gateway.websocket.command_loop import request_id_of
from gateway.websocket.handshake import parse_query
from protocol import commands as c
from protocol.codec import encode, parse_body, parse_frame
from protocol.errors import Code, Rejected
from protocol.ids import Channel
from protocol.request_digest import previous_digest, request_digest

CORPUS = Path(__file__).with_name("corpus")
CHANNELS = tuple(Channel)
BODIES = tuple(
    dict.fromkeys((c.CreateRestaurant, c.JoinSession, *(act.command for act in COMMAND_ROUTES)))
)
MAX_ERROR_BYTES = 4096


def one_input(data: bytes) -> None:
    """Parse one input. Its first byte chooses the parser: a channel, a body, or the query."""
    if not data:
        return
    reader, message = data[0], data[1:]
    if reader < len(CHANNELS):
        _frame(CHANNELS[reader], message)
    elif reader < len(CHANNELS) + len(BODIES):
        _body(BODIES[reader - len(CHANNELS)], message)
    else:
        _query(message)


def _frame(channel: Channel, message: bytes) -> None:
    """Parse as bytes and as text: the server refuses text frames that are not UTF-8."""
    _check(parse_frame(channel, message), c.Command)
    text = message.decode(errors="replace")
    _check(parse_frame(channel, text), c.Command)
    request_id = request_id_of(text)
    assert request_id is None or 0 < len(request_id) <= 64


def _body(command: type[c.Command], message: bytes) -> None:
    known: dict[str, Any] = {"item_id": 1} if command in (c.UpdateItem, c.ChangeMenuItem) else {}
    call: dict[str, Any] = {"call_id": "7-1"} if command is c.UpdateCall else {}
    _check(parse_body(command, message, request_id="key", **known, **call), command)


def _query(message: bytes) -> None:
    answer = parse_query(message)
    if isinstance(answer, Rejected):
        _check(answer, c.Command)


def _check(answer: object, command: type[c.Command]) -> None:
    """`answer` must be a command that has digests, or a short error in JSON."""
    if isinstance(answer, Rejected):
        assert answer.code in Code
        error = encode(answer.body("r"))
        assert len(error) <= MAX_ERROR_BYTES, error[:200]
        assert orjson.loads(error)["error"]
    else:
        assert isinstance(answer, command), answer
        request_digest(answer)
        previous_digest(answer)
        hash(answer)
