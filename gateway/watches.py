"""What lets a connection in and may end before it: a guest's session, a staff device's sign-in.

Each gateway listens once to each of them that it has connections of, and ends those connections,
on whatever channel they are, as soon as it ends.
"""

import asyncio
import itertools
from typing import Protocol

import orjson

from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.identity import Principal
from gateway.wire import TextFrame
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


class Ground(Protocol):
    """What one channel says about whom it lets in; `id_` tells apart those who came by it."""

    refusal: Rejected

    def learn(self, payload: bytes) -> None:
        """Take in a frame of the channel."""

    def lets_in(self, id_: int) -> bool: ...


class OpenSession:
    """A guest may stay until the session is closed."""

    refusal = SESSION_CLOSED

    def __init__(self) -> None:
        self._is_open = True

    def learn(self, payload: bytes) -> None:
        if b'"closed"' not in payload:  # guests can write it into a note, too
            return
        frame = orjson.loads(payload)
        if frame["type"] == "session_status" and frame["data"].get("status") == "closed":
            self._is_open = False

    def lets_in(self, id_: int) -> bool:
        return self._is_open


class SignedIn:
    """A staff device may stay as long as it is in its restaurant's list."""

    refusal = SIGNED_OUT

    def __init__(self) -> None:
        self._devices: set[int] = set()

    def learn(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        data = frame["data"]
        if frame["type"] == "devices":
            self._devices = {each["device_id"] for each in data["devices"]}
        elif frame["type"] in ("device_added", "device_signed_in"):
            self._devices.add(data["device_id"])
        else:
            self._devices.discard(data["device_id"])

    def lets_in(self, id_: int) -> bool:
        return id_ in self._devices


def ground_of(principal: Principal, restaurant: int) -> tuple[Topic, int] | None:
    """The channel that a principal depends on, and its id there; None where there is none.
    `restaurant` is known to be its own."""
    if principal.role is Role.GUEST and principal.session_id is not None:
        session = Address(Kind.SESSION, principal.session_id, restaurant)
        return Topic(session, Channel.SESSION), principal.session_id
    if principal.device_id is not None:
        home = Address(Kind.RESTAURANT, restaurant, restaurant)
        return Topic(home, Channel.DEVICES), principal.device_id
    return None


class _Watch:
    """All connections of this gateway that depend on one channel; listens as one of them would."""

    def __init__(self, id_: int, ground: Ground) -> None:
        self.id = id_
        self.ground = ground
        self.connections: dict[Connection, int] = {}
        self.is_gone = False
        self.joining: asyncio.Task[Rejected | None]

    def push(self, frame: TextFrame, *, asked_for: bool = False) -> None:
        self.ground.learn(frame.payload)
        out = [each for each, id_ in self.connections.items() if not self.ground.lets_in(id_)]
        self._send_away(out, CloseCode.UNAUTHENTICATED, self.ground.refusal.error)

    def close(self, code: CloseCode, reason: str) -> None:
        """What is listened to is not there any more."""
        self.is_gone = True
        self._send_away(list(self.connections), code, reason)

    def _send_away(self, connections: list[Connection], code: CloseCode, reason: str) -> None:
        """Once those who listen to the channel itself have been told."""
        loop = asyncio.get_running_loop()
        for connection in connections:
            loop.call_soon(connection.close, code, reason[:120])


class Watches:
    """Those of one gateway, by channel."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._watches: dict[Topic, _Watch] = {}
        self._ids = itertools.count(1)

    async def enter(self, topic: Topic, id_: int, connection: Connection) -> Rejected | None:
        """Let a connection last as long as its ground; why not, where that is gone already."""
        watch = self._watches.get(topic)
        if watch is None:
            ground = OpenSession() if topic.channel is Channel.SESSION else SignedIn()
            watch = self._watches[topic] = _Watch(-next(self._ids), ground)
            watch.joining = asyncio.create_task(
                self._feeds.join(watch, Role.ADMIN, topic, None, None)
            )
        watch.connections[connection] = id_
        refused = await asyncio.shield(watch.joining)
        if refused is None and (watch.is_gone or not watch.ground.lets_in(id_)):
            return watch.ground.refusal
        return refused

    def leave(self, topic: Topic, connection: Connection) -> None:
        """The connection is gone."""
        watch = self._watches.get(topic)
        if watch is None:
            return
        watch.connections.pop(connection, None)
        if watch.joining.done():
            self._end(topic, watch)
        else:
            watch.joining.add_done_callback(lambda _: self._end(topic, watch))

    def _end(self, topic: Topic, watch: _Watch) -> None:
        if watch.connections or self._watches.get(topic) is not watch:
            return
        del self._watches[topic]
        self._feeds.leave(watch, topic)
