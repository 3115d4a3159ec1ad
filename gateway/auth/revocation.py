"""Closes connections whose token is revoked or whose grant (a guest's session, or a staff device's
sign-in) ends.

Each gateway subscribes once to each grant that it has connections of, and closes these connections,
whatever their channel, as soon as the grant ends.
"""

import asyncio
import itertools
from typing import Protocol

import orjson

from gateway.auth.principal import Principal
from gateway.auth.token_register import Connection, TokenRegister
from gateway.backend.subscriptions import SubscriptionHub
from gateway.server.frames import TextFrame
from protocol.caller import Role
from protocol.errors import CloseCode, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic

SESSION_CLOSED = Rejected(
    Code.UNAUTHENTICATED,
    "The session is closed, and its guests' tokens with it. Scan the code again.",
)
SIGNED_OUT = Rejected(
    Code.UNAUTHENTICATED, "This device was signed out. Ask a manager for a new sign-in code."
)


class Grant(Protocol):
    """The state of one channel that decides whether connections stay open, by their id on it."""

    rejection: Rejected

    def on_frame(self, payload: bytes) -> None:
        """Update from a frame of the channel."""

    def is_valid(self, id_: int) -> bool: ...


class SessionGrant:
    """Valid until the session is closed."""

    rejection = SESSION_CLOSED

    def __init__(self) -> None:
        self._is_open = True

    def on_frame(self, payload: bytes) -> None:
        if b'"closed"' not in payload:  # a quick check; a guest's note may contain it, too
            return
        frame = orjson.loads(payload)
        if frame["type"] == "session_status" and frame["data"].get("status") == "closed":
            self._is_open = False

    def is_valid(self, id_: int) -> bool:
        return self._is_open


class DeviceGrant:
    """Valid while the staff device is in its restaurant's list."""

    rejection = SIGNED_OUT

    def __init__(self) -> None:
        self._devices: set[int] = set()

    def on_frame(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        data = frame["data"]
        if frame["type"] == "devices":
            self._devices = {each["device_id"] for each in data["devices"]}
        elif frame["type"] in ("device_added", "device_signed_in"):
            self._devices.add(data["device_id"])
        else:
            self._devices.discard(data["device_id"])

    def is_valid(self, id_: int) -> bool:
        return id_ in self._devices


def grant_of(principal: Principal, restaurant: int) -> tuple[Topic, int] | None:
    """The channel that a principal's grant depends on, and its id there; None if it has none.
    `restaurant` must be the principal's own."""
    if principal.role is Role.GUEST and principal.session_id is not None:
        session = Address(Kind.SESSION, principal.session_id, restaurant)
        return Topic(session, Channel.SESSION), principal.session_id
    if principal.device_id is not None:
        home = Address(Kind.RESTAURANT, restaurant, restaurant)
        return Topic(home, Channel.DEVICES), principal.device_id
    return None


class _GrantWatch:
    """The connections of this gateway that depend on one channel, to which it subscribes."""

    def __init__(self, id_: int, grant: Grant) -> None:
        self.id = id_
        self.grant = grant
        self.connections: dict[Connection, int] = {}
        self.is_gone = False
        self.subscribing: asyncio.Task[Rejected | None]

    def send(self, frame: TextFrame, *, solicited: bool = False) -> None:
        self.grant.on_frame(frame.payload)
        revoked = [each for each, id_ in self.connections.items() if not self.grant.is_valid(id_)]
        self._close_all(revoked, CloseCode.UNAUTHENTICATED, self.grant.rejection.error)

    def close(self, code: CloseCode, reason: str) -> None:
        """Close all connections: the entity of the channel does not exist any more."""
        self.is_gone = True
        self._close_all(list(self.connections), code, reason)

    def _close_all(self, connections: list[Connection], code: CloseCode, reason: str) -> None:
        """Close connections after the channel's own subscribers have received the event."""
        loop = asyncio.get_running_loop()
        for connection in connections:
            loop.call_soon(connection.close, code, reason[:120])


class RevocationWatcher:
    """The tokens of one gateway's connections, and their grants by channel."""

    def __init__(self, register: TokenRegister, hub: SubscriptionHub) -> None:
        self._register = register
        self._hub = hub
        self._by_topic: dict[Topic, _GrantWatch] = {}
        self._ids = itertools.count(1)

    async def attach(
        self, principal: Principal, restaurant: int, connection: Connection
    ) -> Rejected | None:
        """Close a connection as soon as its token is revoked or its grant ends. Returns the reason
        if that has already happened."""
        revoked = self._register.attach(principal.token_id, connection)
        source = grant_of(principal, restaurant)
        if revoked is not None or source is None:
            return revoked
        topic, id_ = source
        watch = self._by_topic.get(topic)
        if watch is None:
            grant = SessionGrant() if topic.channel is Channel.SESSION else DeviceGrant()
            watch = self._by_topic[topic] = _GrantWatch(-next(self._ids), grant)
            watch.subscribing = asyncio.create_task(
                self._hub.subscribe(watch, Role.ADMIN, topic, None, None)
            )
        watch.connections[connection] = id_
        refused = await asyncio.shield(watch.subscribing)
        if refused is None and (watch.is_gone or not watch.grant.is_valid(id_)):
            return watch.grant.rejection
        return refused

    def detach(self, principal: Principal, restaurant: int, connection: Connection) -> None:
        """Remove a connection that is closed, attached or not."""
        self._register.detach(principal.token_id, connection)
        source = grant_of(principal, restaurant)
        watch = None if source is None else self._by_topic.get(source[0])
        if source is None or watch is None:
            return
        topic, _ = source
        watch.connections.pop(connection, None)
        if watch.subscribing.done():
            self._end(topic, watch)
        else:
            watch.subscribing.add_done_callback(lambda _: self._end(topic, watch))

    def _end(self, topic: Topic, watch: _GrantWatch) -> None:
        if watch.connections or self._by_topic.get(topic) is not watch:
            return
        del self._by_topic[topic]
        self._hub.unsubscribe(watch, topic)
