"""What of a channel's frames is shown to whom, where that is not all of them.

A guest is shown its table while its own party sits there, and nothing from before or after. A
kitchen gets its restaurant without session codes, which would let it join a table, and without
takings and payments.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import orjson

from gateway.connection import Connection
from gateway.identity import Principal
from gateway.watches import SESSION_CLOSED
from gateway.wire import TextFrame, framed
from protocol.caller import Role
from protocol.errors import CloseCode, Rejected
from protocol.ids import Channel

NOT_FOR_KITCHENS = frozenset({"session_code", "figures"})
"""Fields that kitchens are not shown, wherever they stand."""
REMEMBERED = 32
"""Frames that were made for kitchens: several screens are shown each, one after the other."""

Show = Callable[[TextFrame], TextFrame | Rejected]
"""A frame as somebody is shown it, or why they are to go instead."""


def shown_to(principal: Principal, channel: Channel) -> Show | None:
    """None where all frames are shown as they are."""
    if principal.role is Role.GUEST and channel is Channel.TABLE:
        return partial(_to_party, principal.session_id)
    if principal.role is Role.KITCHEN and channel in (Channel.RESTAURANT, Channel.NOTIFICATIONS):
        return _to_kitchen
    return None


def shown_once(principal: Principal, channel: Channel, payload: bytes) -> bytes | Rejected:
    """A snapshot that was asked for over HTTP."""
    show = shown_to(principal, channel)
    if show is None:
        return payload
    shown = show(framed(payload))
    return shown if isinstance(shown, Rejected) else shown.payload


def may_resume(principal: Principal, channel: Channel) -> bool:
    """Not a guest at its table: what it missed may be of a party before."""
    return principal.role is not Role.GUEST or channel is not Channel.TABLE


class Shown:
    """A connection that is shown less than its channel says."""

    __slots__ = ("_connection", "_show")

    def __init__(self, connection: Connection, show: Show) -> None:
        self._connection = connection
        self._show = show

    @property
    def id(self) -> int:
        return self._connection.id

    def push(self, frame: TextFrame, *, asked_for: bool = False) -> None:
        if self._connection.closed:
            return
        shown = self._show(frame)
        if isinstance(shown, Rejected):
            self.close(CloseCode.UNAUTHENTICATED, shown.error[:120])
        else:
            self._connection.push(shown, asked_for=asked_for)

    def close(self, code: CloseCode, reason: str) -> None:
        self._connection.close(code, reason)


def _to_party(session_id: int | None, frame: TextFrame) -> TextFrame | Rejected:
    """A table that is free, or another party's, has been left: its session is closed."""
    session = orjson.loads(frame.payload)["data"]["session"]
    own = session is not None and session["id"] == session_id
    return frame if own else SESSION_CLOSED


def _to_kitchen(frame: TextFrame) -> TextFrame:
    return _for_kitchens(frame.payload)


@lru_cache(REMEMBERED)
def _for_kitchens(payload: bytes) -> TextFrame:
    frame = _less(orjson.loads(payload))
    data = frame["data"]
    if _is_payment(data):
        data = {"version": data["version"]}
        frame = {"type": "withheld", "data": data, "seq": frame["seq"]}
    elif "notifications" in data:
        data["notifications"] = [row for row in data["notifications"] if not _is_payment(row)]
    return framed(orjson.dumps(frame))


def _is_payment(notification: dict[str, Any]) -> bool:
    """Whether a notification, or its acknowledgement, reveals a payment."""
    return notification.get("kind") == "payment"


def _less(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _less(each) for name, each in value.items() if name not in NOT_FOR_KITCHENS}
    return [_less(each) for each in value] if isinstance(value, list) else value
