"""Closes connections whose token is revoked or whose grant (a guest's session, or a staff device's
sign-in) ends.

Each gateway subscribes once to each grant that it has connections of, and closes these connections,
whatever their channel, as soon as the grant ends.
"""

import asyncio
import itertools
from collections.abc import Collection

from engine.messages import Published, Subscribed
from gateway.auth.principal import Principal
from gateway.auth.token_register import Connection, TokenRegister
from gateway.backend.subscriptions import SubscriptionHub
from gateway.server.frames import TextFrame
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic

SESSION_CLOSED = Rejected(
    Code.UNAUTHENTICATED,
    "The session is closed, and its guests' tokens with it. Scan the code again.",
)
SIGNED_OUT = Rejected(
    Code.UNAUTHENTICATED, "This device was signed out. Ask a manager for a new sign-in code."
)


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

    def __init__(self, id_: int, rejection: Rejected) -> None:
        self.id = id_
        self.rejection = rejection
        self.admitted: Collection[int] = ()
        self.connections: dict[Connection, int] = {}
        self.is_gone = False
        self.subscribing: asyncio.Task[Rejected | None]

    def send(self, frame: TextFrame, *, solicited: bool = False) -> None:
        """Ignore a frame: `check` has received what matters of it."""

    def check(self, sent: Subscribed | Published) -> Rejected | None:
        """Close the connections that are not admitted any more."""
        if sent.admitted is None:  # the host runs an earlier release
            return UNAVAILABLE
        self.admitted = sent.admitted
        revoked = [each for each, id_ in self.connections.items() if id_ not in self.admitted]
        self._close_all(revoked, self.rejection.close_code, self.rejection.error)
        return None

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
            rejection = SESSION_CLOSED if topic.channel is Channel.SESSION else SIGNED_OUT
            watch = self._by_topic[topic] = _GrantWatch(-next(self._ids), rejection)
            watch.subscribing = asyncio.create_task(
                self._hub.subscribe(watch, Role.ADMIN, topic, None, None, watch.check)
            )
        watch.connections[connection] = id_
        refused = await asyncio.shield(watch.subscribing)
        if refused is not None or watch.is_gone:
            return refused or UNAVAILABLE
        return None if id_ in watch.admitted else watch.rejection

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
