"""Redacts frames for roles that may not see all of a channel.

A guest sees its table only while its own session is there, and its orders without the reasons for
what was voided or cancelled, and without who voided it. A kitchen sees its restaurant without
session codes, which would let it join a table, and without takings and payments.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Protocol

import orjson

from gateway.auth.principal import Principal
from gateway.auth.revocation import SESSION_CLOSED
from gateway.backend.topic_subscribers import Subscriber
from gateway.server.frames import TextFrame, encode_text_frame
from protocol.caller import Role
from protocol.errors import CloseCode, Rejected
from protocol.ids import Channel

HIDDEN_FROM_KITCHENS = frozenset({"session_code", "figures"})
"""Fields that are removed for kitchens at any depth."""
MAX_CACHED_FRAMES = 32
"""Redacted frames that are cached, since a restaurant's screens all get the same."""

Redactor = Callable[[TextFrame], TextFrame | Rejected]
"""Returns the redacted frame, or why the connection must be closed instead."""


def redactor_for(principal: Principal, channel: Channel) -> Redactor | None:
    """The redactor of a channel's frames; None if they are sent unchanged."""
    if principal.role is Role.GUEST and channel is Channel.TABLE:
        return partial(_for_guest, principal.session_id)
    if principal.role is Role.GUEST and channel in (Channel.ORDER, Channel.ITEMS):
        return _without_reasons
    if principal.role is Role.KITCHEN and channel in (Channel.RESTAURANT, Channel.NOTIFICATIONS):
        return _for_kitchen
    return None


def redact_snapshot(principal: Principal, channel: Channel, payload: bytes) -> bytes | Rejected:
    """A snapshot for an HTTP response."""
    redact = redactor_for(principal, channel)
    if redact is None:
        return payload
    redacted = redact(encode_text_frame(payload))
    return redacted if isinstance(redacted, Rejected) else redacted.payload


def may_resume(principal: Principal, channel: Channel) -> bool:
    """False for a guest on its table's channel: missed events may belong to an earlier session."""
    return principal.role is not Role.GUEST or channel is not Channel.TABLE


class Connection(Subscriber, Protocol):
    """The subscriber that the redacted frames are for."""

    @property
    def is_closed(self) -> bool: ...


class RedactingSubscriber:
    """Passes a channel's frames on to a connection, redacted."""

    __slots__ = ("_connection", "_redact")

    def __init__(self, connection: Connection, redact: Redactor) -> None:
        self._connection = connection
        self._redact = redact

    @property
    def id(self) -> int:
        return self._connection.id

    def send(self, frame: TextFrame, *, solicited: bool = False) -> None:
        if self._connection.is_closed:
            return
        redacted = self._redact(frame)
        if isinstance(redacted, Rejected):
            self.close(CloseCode.UNAUTHENTICATED, redacted.error[:120])
        else:
            self._connection.send(redacted, solicited=solicited)

    def close(self, code: CloseCode, reason: str) -> None:
        self._connection.close(code, reason)


def _for_guest(session_id: int | None, frame: TextFrame) -> TextFrame | Rejected:
    """If the table is free or has another session, the guest's session is closed."""
    session = orjson.loads(frame.payload)["data"]["session"]
    own = session is not None and session["id"] == session_id
    return frame if own else SESSION_CLOSED


def _without_reasons(frame: TextFrame) -> TextFrame:
    """An order's frame for guests. Most have no reason, and are sent unchanged."""
    return _guest_frame(frame.payload) if b'"reason":"' in frame.payload else frame


@lru_cache(MAX_CACHED_FRAMES)
def _guest_frame(payload: bytes) -> TextFrame:
    frame = orjson.loads(payload)
    data = frame["data"]
    for each in (data, *data.get("items", ())):
        if "reason" in each:
            each["reason"] = None
        for void in each.get("voids", ()):
            void.update(reason=None, by=None)
    return encode_text_frame(orjson.dumps(frame))


def _for_kitchen(frame: TextFrame) -> TextFrame:
    return _kitchen_frame(frame.payload)


@lru_cache(MAX_CACHED_FRAMES)
def _kitchen_frame(payload: bytes) -> TextFrame:
    frame = _strip_fields(orjson.loads(payload))
    data = frame["data"]
    if _is_payment(data):
        data = {"version": data["version"]}
        frame = {"type": "withheld", "data": data, "seq": frame["seq"]}
    elif "notifications" in data:
        data["notifications"] = [row for row in data["notifications"] if not _is_payment(row)]
    return encode_text_frame(orjson.dumps(frame))


def _is_payment(notification: dict[str, Any]) -> bool:
    """Whether a notification, or its acknowledgement, reveals a payment."""
    return notification.get("kind") == "payment"


def _strip_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _strip_fields(each)
            for name, each in value.items()
            if name not in HIDDEN_FROM_KITCHENS
        }
    return [_strip_fields(each) for each in value] if isinstance(value, list) else value
