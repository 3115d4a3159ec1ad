"""What must hold of any bytes that a client sends: an answer of the protocol, and no exception."""

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

CORPUS = Path(__file__).with_name("corpus")
CHANNELS = tuple(Channel)
BODIES = tuple(
    dict.fromkeys((c.CreateRestaurant, c.JoinSession, *(act.command for act in COMMAND_ROUTES)))
)
LONGEST_ERROR = 4096


def one_input(data: bytes) -> None:
    """The first byte chooses who reads the rest: a channel, a body's command, or the query."""
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
    """A socket hands over text: what is no UTF-8 the server has refused before."""
    _holds(parse_frame(channel, message), c.Command)
    text = message.decode(errors="replace")
    _holds(parse_frame(channel, text), c.Command)
    request_id = request_id_of(text)
    assert request_id is None or 0 < len(request_id) <= 64


def _body(command: type[c.Command], message: bytes) -> None:
    known: dict[str, Any] = {"item_id": 1} if command in (c.UpdateItem, c.ChangeMenuItem) else {}
    call: dict[str, Any] = {"call_id": "7-1"} if command is c.UpdateCall else {}
    _holds(parse_body(command, message, request_id="key", **known, **call), command)


def _query(message: bytes) -> None:
    answer = parse_query(message)
    if isinstance(answer, Rejected):
        _holds(answer, c.Command)


def _holds(answer: object, command: type[c.Command]) -> None:
    """A command that can be kept and sent on, or a short error that is JSON."""
    if isinstance(answer, Rejected):
        assert answer.code in Code
        told = encode(answer.body("r"))
        assert len(told) <= LONGEST_ERROR, told[:200]
        assert orjson.loads(told)["error"]
    else:
        assert isinstance(answer, command), answer
        encode(answer)
        hash(answer)
