"""Guests and the session that let them in: when it closes, so do their connections, on any channel.

Each gateway listens once to each session that it has guests of.
"""

import asyncio
import itertools

import orjson

from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.wire import TextFrame
from protocol.caller import Role
from protocol.errors import CloseCode, Code, Rejected
from protocol.ids import Address, Channel, Topic

CLOSED = Rejected(
    Code.UNAUTHENTICATED,
    "The session is closed, and its guests' tokens with it. Scan the code again.",
)


class _Party:
    """The guests of one session on this gateway; listens to it as a connection would."""

    def __init__(self, id_: int) -> None:
        self.id = id_
        self.connections: set[Connection] = set()
        self.is_closed = False
        self.joining: asyncio.Task[Rejected | None]

    def push(self, frame: TextFrame, *, asked_for: bool = False) -> None:
        if tells_closed(frame.payload):
            self.is_closed = True
            self._send_away(CloseCode.UNAUTHENTICATED, CLOSED.error)

    def close(self, code: CloseCode, reason: str) -> None:
        """The session is not there any more."""
        self.is_closed = True
        self._send_away(code, reason)

    def _send_away(self, code: CloseCode, reason: str) -> None:
        """Once those who listen to the session have been told."""
        loop = asyncio.get_running_loop()
        for connection in self.connections:
            loop.call_soon(connection.close, code, reason[:120])


class Guests:
    """All guests' connections of one gateway, by session."""

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._parties: dict[Address, _Party] = {}
        self._ids = itertools.count(1)

    async def enter(self, session: Address, connection: Connection) -> Rejected | None:
        """Let a guest's connection last as long as its session; why not, where it is closed."""
        party = self._parties.get(session)
        if party is None:
            party = self._parties[session] = _Party(-next(self._ids))
            party.joining = asyncio.create_task(
                self._feeds.join(party, Role.GUEST, Topic(session, Channel.SESSION), None, None)
            )
        party.connections.add(connection)
        refused = await asyncio.shield(party.joining)
        return CLOSED if refused is None and party.is_closed else refused

    def leave(self, session: Address, connection: Connection) -> None:
        """The connection is gone."""
        party = self._parties.get(session)
        if party is None:
            return
        party.connections.discard(connection)
        if party.joining.done():
            self._end(session, party)
        else:
            party.joining.add_done_callback(lambda _: self._end(session, party))

    def _end(self, session: Address, party: _Party) -> None:
        if party.connections or self._parties.get(session) is not party:
            return
        del self._parties[session]
        self._feeds.leave(party, Topic(session, Channel.SESSION))


def tells_closed(payload: bytes) -> bool:
    """Whether a frame of a session's channel says that it is closed."""
    if b'"closed"' not in payload:  # guests can write it into a note, too
        return False
    frame = orjson.loads(payload)
    return bool(frame["type"] == "session_status" and frame["data"].get("status") == "closed")
