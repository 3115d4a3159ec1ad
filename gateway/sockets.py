"""The WebSocket channels: handshake, first message, actions, and the end of a connection.

A connection that may not be is accepted first and then closed, so that its client sees the code.
"""

import asyncio
import itertools
import logging
import re
import time
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from actors.messages import Done, Read, Reply, View
from gateway.addresses import Addresses, ClientAddress
from gateway.connection import Connection
from gateway.feeds import NO_EPOCH, Feeds, Subscriber
from gateway.gate import Gate
from gateway.identity import NOBODY, SUBPROTOCOL, Identity, bearer
from gateway.isolation import Isolation
from gateway.limits import Occupancy, Rates, TokenBucket, counted, weight
from gateway.links import Links
from gateway.metrics import ACCEPTED, CONNECTIONS, LIMITED, RECEIVED
from gateway.origins import Origins
from gateway.parsing import parse_id
from gateway.policy import may_do, may_read
from gateway.prepare import Preparation
from gateway.reach import Reach
from gateway.requests import Requests
from gateway.settings import GatewaySettings
from gateway.shown import Shown, may_resume, shown_to
from gateway.token_register import TokenRegister
from gateway.watches import Watches, ground_of
from gateway.wire import EXTENSION, framed
from protocol import commands as c
from protocol.bounds import MAX_FRAME_BYTES
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.frames import encode, parse_frame
from protocol.ids import KIND_OF, Channel, Topic
from storage.store import StoreUnavailable

log = logging.getLogger(__name__)

PATHS: dict[Channel, str] = {
    Channel.ITEMS: "/ws/orders/{id}/items",
    Channel.ORDER: "/ws/orders/{id}",
    Channel.SESSION: "/ws/tables/sessions/{id}",
    Channel.TABLE: "/ws/tables/{id}",
    Channel.WAITER: "/ws/waiters/{id}",
    Channel.NOTIFICATIONS: "/ws/restaurants/{id}/notifications",
    Channel.MENU: "/ws/restaurants/{id}/menu",
    Channel.DEVICES: "/ws/restaurants/{id}/devices",
    Channel.RESTAURANT: "/ws/restaurants/{id}",
}
"""Where each channel is; every path also with a slash at its end."""

_PATH = re.compile(
    "|".join(
        f"{path.replace('{id}', f'(?P<{channel.value}>[^/]+)')}/?"
        for channel, path in PATHS.items()
    )
)

STAFF_SHARE = 0.05
"""Share by which staff may exceed `max_connections`, so that guests cannot take all of them."""
EXCESS = 10
"""Bursts' worth of refused messages, less the accepted ones, that close a connection."""

_CLOSES: dict[Code, CloseCode] = {
    Code.INVALID_MESSAGE: CloseCode.MALFORMED,
    Code.UNAUTHENTICATED: CloseCode.UNAUTHENTICATED,
    Code.FORBIDDEN: CloseCode.FORBIDDEN,
    Code.NOT_FOUND: CloseCode.NOT_FOUND,
    Code.RATE_LIMITED: CloseCode.TOO_MANY,
    Code.UNAVAILABLE: CloseCode.RESTART,
}
_TOO_MANY = Rejected(Code.RATE_LIMITED, "Too many connections: wait, then reconnect.")


class _Query(NamedTuple):
    """What a path may be followed by: from where to resume, and a token."""

    epoch: str | None
    since: int | None
    token: str | None


class Sockets:
    """All sockets of one gateway."""

    def __init__(
        self,
        settings: GatewaySettings,
        identity: Identity,
        register: TokenRegister,
        reach: Reach,
        preparation: Preparation,
        links: Links,
        feeds: Feeds,
        requests: Requests,
        origins: Origins,
        isolation: Isolation,
    ) -> None:
        self._isolation = isolation
        self._limits = settings.limits
        self._bounds = settings.limits.bounds
        self._origins = origins
        self._addresses = Addresses(settings.trusted_proxies)
        self._by_address = Occupancy(settings.limits.connections_per_address, "address")
        self._by_token = Occupancy(settings.limits.connections_per_token, "token")
        per_s = settings.limits.messages_per_s_per_token
        self._rates = Rates(lambda: TokenBucket(per_s, 2 * per_s), "token messages")
        self._watches = Watches(feeds)
        self._identity = identity
        self._register = register
        self._reach = reach
        self._preparation = preparation
        self._links = links
        self._feeds = feeds
        self._requests = requests
        self._ids = itertools.count(1)
        self._open: dict[int, Connection] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one socket, as an ASGI application."""
        found = _PATH.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
        if found is None or found.lastgroup is None:
            return self._unknown(scope, receive, send)
        channel = Channel(found.lastgroup)
        return self._serve(channel, found[channel.value], scope, receive, send)

    async def close(self) -> None:
        """Tell every client to come back and resume; until they know."""
        connections = list(self._open.values())
        self.send_away("restarting: reconnect and resume")
        await asyncio.gather(*(connection.drained() for connection in connections))

    def send_away(self, why: str = "cut off: reconnect elsewhere, and resume") -> None:
        """Tell every client to connect again, to whichever gateway takes it."""
        for connection in list(self._open.values()):
            connection.close(CloseCode.RESTART, why)

    # --- one connection --------------------------------------------------------------------------

    async def _serve(
        self, channel: Channel, id_: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        limits = self._limits
        wire = scope.get("extensions", {}).get(EXTENSION)
        if wire is not None:
            wire.keep_alive(limits.ping_s)
        await _accept(scope, send)
        connection = Connection(
            next(self._ids), send, limits.max_unsent, limits.max_unsent_bytes, wire
        )
        ACCEPTED.add()
        address = self._addresses.of(scope)
        visit = _Visit()
        visit.is_counted = self._has_room() and self._by_address.enter(address.limited_as)
        if visit.is_counted:
            self._enter(connection, channel)
        try:
            refused = await self._admit(channel, id_, scope, connection, visit, address)
            if refused is not None:
                await self._turn_away(connection, refused)
                return
            await _Conversation(self, receive, connection, visit).hold()
        except asyncio.CancelledError:
            if not connection.gave_up:
                raise
        finally:
            if self._open.pop(connection.id, None) is not None:
                CONNECTIONS.add(-1, channel.value)
            connection.abandon()
            if visit.is_counted:
                self._by_address.leave(address.limited_as)
            self._leave(connection, visit)

    def _enter(self, connection: Connection, channel: Channel) -> None:
        self._open[connection.id] = connection
        CONNECTIONS.add(1, channel.value)

    def _has_room(self, share: float = 0.0) -> bool:
        """Whether one more connection fits `max_connections`, exceeded by at most `share`."""
        if len(self._open) < self._limits.max_connections * (1 + share):
            return True
        LIMITED.add(of="connections")
        return False

    def _leave(self, connection: Connection, visit: "_Visit") -> None:
        if visit.ending is not None:
            visit.ending.cancel()
        self._register.leave(visit.principal.token_id, connection)
        if visit.holder is not None:
            self._by_token.leave(visit.holder)
        if visit.ground is not None:
            self._watches.leave(visit.ground, connection)
        if visit.joined:
            self._feeds.leave(connection, visit.topic)

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        await _accept(scope, send)
        connection = Connection(0, send, 10, 10_000)
        refusal = Rejected(Code.NOT_FOUND, "There is no such channel.")
        await self._turn_away(connection, refusal)
        connection.abandon()

    async def _turn_away(self, connection: Connection, rejected: Rejected) -> None:
        connection.refuse(rejected)
        connection.close(_CLOSES.get(rejected.code, CloseCode.MALFORMED), rejected.error[:120])
        await connection.drained()

    async def _admit(
        self,
        channel: Channel,
        id_in_path: str,
        scope: Scope,
        connection: Connection,
        visit: "_Visit",
        where: ClientAddress,
    ) -> Rejected | None:
        """Everything between the handshake and the first message; why not, where it ends here."""
        if self._isolation.is_cut_off:
            return UNAVAILABLE
        refused = self._origins.refusal(scope)
        if refused is not None:
            return refused
        id_ = parse_id(id_in_path)
        query = _parse_query(scope["query_string"])
        if id_ is None:
            return Rejected(Code.INVALID_MESSAGE, "The id in the path must be a positive integer.")
        if isinstance(query, Rejected):
            return query
        header = _authorization(scope["headers"])
        token = bearer(header, scope.get("subprotocols", []), query.token)
        principal = await self._identity.principal(token, where)
        if isinstance(principal, Rejected):
            return principal
        if not visit.is_counted:
            if not principal.caller.is_staff or not self._has_room(STAFF_SHARE):
                return _TOO_MANY
            self._enter(connection, channel)
        holder = principal.holder or token
        if not self._by_token.enter(holder):
            return _TOO_MANY
        visit.holder, visit.principal = holder, principal.at(where)
        try:
            address = await self._reach.find(visit.principal, KIND_OF[channel], id_)
        except StoreUnavailable:
            return UNAVAILABLE
        if isinstance(address, Rejected):
            return address
        refused = may_read(principal, address, channel)
        if refused is not None:
            return self._requests.unseen(channel.value, address, visit.principal.caller, refused)
        visit.topic = Topic(address, channel)
        refused = await self._bind(connection, visit)
        if refused is None:
            show = shown_to(principal, channel)
            visit.listener = connection if show is None else Shown(connection, show)
            epoch = query.epoch
            if epoch is not None and not may_resume(principal, channel):
                epoch = NO_EPOCH
            refused = await self._feeds.join(
                visit.listener, principal.role, visit.topic, epoch, query.since
            )
            visit.joined = refused is None
        return refused

    async def _bind(self, connection: Connection, visit: "_Visit") -> Rejected | None:
        """Let the connection end with what lets it in: its token, and a guest's session or a staff
        device's sign-in."""
        principal = visit.principal
        revoked = self._register.enter(principal.token_id, connection)
        if revoked is not None:
            return revoked
        if principal.expires_at is not None:
            visit.ending = asyncio.get_running_loop().call_later(
                max(0.0, principal.expires_at - time.time()),
                connection.close,
                CloseCode.UNAUTHENTICATED,
                "the token has expired: get a new one, then resume",
            )
        ground = ground_of(principal, visit.topic.address.restaurant)
        if ground is None:
            return None
        visit.ground, id_ = ground
        return await self._watches.enter(visit.ground, id_, connection)


class _Visit:
    """What a connection holds so far, to be released at its end. If not `is_counted`, it
    exceeds a limit and is admitted only for staff."""

    __slots__ = (
        "ending", "ground", "holder", "is_counted", "joined", "listener", "principal", "topic",
    )  # fmt: skip

    def __init__(self) -> None:
        self.is_counted = False
        self.holder: str | None = None
        self.principal = NOBODY
        self.topic: Topic
        self.listener: Subscriber
        self.joined = False
        self.ground: Topic | None = None
        self.ending: asyncio.TimerHandle | None = None


class _Conversation:
    """An admitted connection, inbound: its actions in order, each answered."""

    __slots__ = (
        "_bounds", "_bucket", "_connection", "_excess", "_excess_allowed", "_holder", "_in_flight",
        "_links", "_listener", "_max_in_flight", "_preparation", "_principal", "_rates", "_receive",
        "_requests", "_room", "_topic",
    )  # fmt: skip

    def __init__(
        self,
        sockets: Sockets,
        receive: Receive,
        connection: Connection,
        visit: _Visit,
    ) -> None:
        limits = sockets._limits
        self._receive = receive
        self._connection = connection
        self._listener = visit.listener
        self._topic = visit.topic
        self._principal = visit.principal
        self._preparation = sockets._preparation
        self._links = sockets._links
        self._requests = sockets._requests
        self._bucket = TokenBucket(limits.messages_per_s, limits.burst)
        self._rates = sockets._rates
        self._holder = visit.holder
        self._excess_allowed = EXCESS * limits.burst
        self._excess = 0
        self._max_in_flight = limits.max_in_flight
        self._bounds = sockets._bounds
        self._in_flight = 0
        self._room = Gate()

    async def hold(self) -> None:
        """Until the client or the gateway ends the connection."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return
            await self._take(message)
            await self._connection.room()
            while self._in_flight >= self._max_in_flight:
                await self._room.wait()

    async def _take(self, message: Any) -> None:
        connection = self._connection
        if connection.closed:
            return
        RECEIVED.add()
        text = message.get("text")
        count = weight(len(text or message.get("bytes") or ""))
        if not self._is_within(count):
            self._too_many(text, count)
            return
        self._excess = max(0, self._excess - 1)
        if text is None:
            connection.refuse(
                Rejected(Code.INVALID_MESSAGE, "Send text frames, each one JSON object.")
            )
            return
        command = parse_frame(self._topic.channel, text, self._bounds)
        if isinstance(command, Rejected):
            if len(text) <= MAX_FRAME_BYTES:  # larger ones were counted as they came
                counted(command)
            connection.refuse(command, _request_id(text))
            return
        await self._start(command)

    def _is_within(self, count: int) -> bool:
        """Whether there is room for a message that counts as so many: of the connection, and of all
        that its holder has."""
        if not self._bucket.take(count):
            LIMITED.add(of="messages")
            return False
        return self._holder is None or self._rates.take(self._holder, count)

    def _too_many(self, text: str | None, count: int) -> None:
        """Refuse what is over the limit; who goes on regardless is closed."""
        self._excess += count
        if self._excess > self._excess_allowed:
            self._connection.close(CloseCode.TOO_MANY, "too many messages: wait, then reconnect")
        else:
            self._connection.refuse(
                Rejected(Code.RATE_LIMITED, "Too many messages. Wait a moment and send it again."),
                _request_id(text),
            )

    async def _start(self, command: c.Command) -> None:
        """Send a command on its way; its answer comes when it comes."""
        address, request_id = self._topic.address, command.request_id
        if isinstance(command, c.Get):
            reply = self._links.send(Read(address, self._topic.channel))
        else:
            refused = may_do(self._principal, address, command)
            if refused is not None:
                self._requests.denied(address, command, self._principal.caller, refused.code)
                self._connection.refuse(refused, request_id)
                return
            supplies = await self._preparation.supplies(address, command)
            if isinstance(supplies, Rejected):
                self._connection.refuse(supplies, request_id)
                return
            reply = self._requests.submit(address, command, self._principal.caller, supplies)
        self._in_flight += 1
        reply.add_done_callback(partial(self._answered, request_id))

    def _answered(self, request_id: str | None, reply: asyncio.Future[Reply]) -> None:
        self._in_flight -= 1
        self._room.open()
        if reply.cancelled():
            return
        answer = UNAVAILABLE if reply.exception() is not None else reply.result()
        if isinstance(answer, View):
            self._listener.push(framed(answer.frame), asked_for=True)
            if request_id is not None:
                self._ack(request_id, Done(False, _version(answer), {}))
        elif isinstance(answer, Rejected):
            self._connection.refuse(answer, request_id)
        elif isinstance(answer, Done) and request_id is not None:
            self._ack(request_id, answer)

    def _ack(self, request_id: str, done: Done) -> None:
        data = {"changed": done.changed, "version": done.version, **done.result}
        frame = {"type": "ack", "request_id": request_id, "data": data}
        self._connection.push(framed(encode(frame)))


async def _accept(scope: Scope, send: Send) -> None:
    """A browser takes no answer, and no close code, where what it offered is not chosen from."""
    offered = scope.get("subprotocols", [])
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered[:1] else None
    await send({"type": "websocket.accept", "subprotocol": subprotocol})


def _request_id(text: str | None) -> str | None:
    """The id of a request that was refused unparsed, where it can be told and is a usable one."""
    if text is None or len(text) > MAX_FRAME_BYTES:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    request_id = value.get("request_id") if isinstance(value, dict) else None
    return request_id if isinstance(request_id, str) and 0 < len(request_id) <= 64 else None


def _version(view: View) -> int:
    version: int = orjson.loads(view.frame)["data"]["version"]
    return version


def _authorization(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            return value.decode("latin-1")
    return None


def _parse_query(query: bytes) -> _Query | Rejected:
    """`since`, `epoch` and `token`, each once; anything else is a mistake worth telling."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in ("since", "epoch", "token") or name in given:
            return Rejected(
                Code.INVALID_MESSAGE, "The query takes since, epoch and token, each once."
            )
        given[name] = value
    since = given.get("since")
    epoch = given.get("epoch")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) <= 16):
        return Rejected(Code.INVALID_MESSAGE, "since is the seq of the last event received.")
    if epoch is not None and not 0 < len(epoch) <= 64:
        return Rejected(Code.INVALID_MESSAGE, "epoch is the one of the last snapshot.")
    return _Query(epoch, None if since is None else int(since), given.get("token"))
