"""All sockets of one gateway: admission before the handshake is accepted, subscription after it,
and the release of each socket's resources."""

import asyncio
import itertools
import logging
import time

from starlette.types import Scope

from gateway.admission import Admission
from gateway.auth.authenticator import bearer
from gateway.auth.client_address import ClientAddressResolver
from gateway.auth.origins import Origins
from gateway.auth.revocation import RevocationWatcher
from gateway.auth.visibility import frame_check, may_resume
from gateway.backend.connectivity import PartitionDetector
from gateway.backend.subscriptions import SubscriptionHub
from gateway.backend.topic_subscribers import NO_EPOCH
from gateway.metrics import ACCEPTED, CLOSED, CONNECTIONS, REFUSED
from gateway.server.endpoint import Handler, Rejection
from gateway.server.frames import FrameWriter, encode_text_frame
from gateway.settings import GatewaySettings
from gateway.websocket.command_loop import CommandLoop, CommandServices
from gateway.websocket.connection import Connection
from gateway.websocket.connection_limits import ConnectionLimits
from gateway.websocket.context import ConnectionContext
from gateway.websocket.handshake import accepted_subprotocol, authorization, parse_handshake
from gateway.websocket.wakeup import Wakeup
from protocol.codec import encode
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.ids import KIND_OF, Topic

log = logging.getLogger(__name__)

MAX_REASON_BYTES = 123
CLOSE_ALL_TIMEOUT_S = 2.0
"""How long a gateway that shuts down waits for its clients to close."""

_TOO_MANY = Rejected(Code.RATE_LIMITED, "Too many connections: wait, then reconnect.")
_RESTARTING = "restarting: reconnect and resume"


class WebSocketEndpoint:
    """The lifecycle of each socket: `authorize`, `open`, `release`. `release` is idempotent."""

    def __init__(
        self,
        settings: GatewaySettings,
        admission: Admission,
        revocations: RevocationWatcher,
        commands: CommandServices,
        hub: SubscriptionHub,
        origins: Origins,
        partition: PartitionDetector,
    ) -> None:
        self._limits = settings.limits
        self._connection_limits = ConnectionLimits(settings.limits)
        self._partition = partition
        self._origins = origins
        self._client_addresses = ClientAddressResolver(settings.trusted_proxies)
        self._revocations = revocations
        self._admission = admission
        self._commands = commands
        self._hub = hub
        self._ids = itertools.count(1)
        self._open: dict[int, Connection] = {}
        self._disconnected = Wakeup()
        self._is_closing = False

    @property
    def connections(self) -> int:
        return len(self._open)

    def accepted_subprotocol(self, offered: list[str]) -> str | None:
        return accepted_subprotocol(offered)

    # --- before the handshake is accepted --------------------------------------------------------

    async def authorize(self, scope: Scope) -> ConnectionContext | Rejection:
        """Check address, origin, path and token of a handshake. A returned context counts toward
        the limits until `release`."""
        context = ConnectionContext(self._client_addresses.resolve(scope))
        refused: Rejected | None = UNAVAILABLE  # so that a cancelled handshake is released, too
        try:
            refused = await self._authorize(scope, context)
        finally:
            if refused is not None:
                self.release(context)
        return context if refused is None else self.reject(refused)

    def reject(self, refused: Rejected) -> Rejection:
        """Count a refused handshake. Returns the frames for the client."""
        code = refused.close_code
        REFUSED.add(label_value=refused.code.value)
        CLOSED.add(label_value=str(int(code)))
        return Rejection(encode_text_frame(encode(refused.body(None))), code, _reason(refused))

    async def _authorize(self, scope: Scope, context: ConnectionContext) -> Rejected | None:
        if self._partition.is_partitioned or self._is_closing:
            return UNAVAILABLE
        if not self._connection_limits.take_handshake(context):
            return _TOO_MANY
        # Over a limit, the refusal waits until it is known whether the caller is staff.
        self._connection_limits.reserve(context)
        refused = self._origins.check(scope)
        if refused is not None:
            return refused
        requested = parse_handshake(scope)
        if isinstance(requested, Rejected):
            return requested
        token = bearer(
            authorization(scope["headers"]), scope.get("subprotocols", []), requested.query.token
        )
        principal = await self._admission.principal(token, context.client)
        if isinstance(principal, Rejected):
            return principal
        quota_key, is_staff = principal.quota_key or token, principal.caller.is_staff
        if not self._connection_limits.admit(context, quota_key, is_staff=is_staff):
            return _TOO_MANY
        context.requested, context.principal = requested, principal
        return None

    # --- after the handshake ---------------------------------------------------------------------

    async def open(self, context: ConnectionContext, writer: FrameWriter) -> Handler | None:
        """Subscribe an accepted socket; its first frame is the snapshot. Returns the handler of its
        messages, or None if it was refused (an error is sent and the socket closed)."""
        limits = self._limits
        connection = context.connection = Connection(
            next(self._ids), writer, limits.send_queue_frames, limits.send_queue_bytes
        )
        self._open[connection.id] = connection
        ACCEPTED.add()
        CONNECTIONS.add(1, context.requested.channel.value)
        context.is_opening = True
        try:
            refused = await self._subscribe(context, connection)
        finally:
            context.is_opening = False
            if context.is_gone:
                self.release(context)
        if refused is not None:
            connection.reject(refused, refused.close_code, _reason(refused))
        elif self._is_closing:
            connection.close(CloseCode.RESTART, _RESTARTING)
        return None if context.commands is None else context.commands.on_message

    async def _subscribe(
        self, context: ConnectionContext, connection: Connection
    ) -> Rejected | None:
        requested, principal = context.requested, context.principal
        channel = requested.channel
        address = await self._admission.resolve_readable(
            principal, KIND_OF[channel], requested.id, channel
        )
        if isinstance(address, Rejected):
            return address
        topic = Topic(address, channel)
        context.topic = topic
        self._close_at_expiry(context, connection)
        refused = await self._revocations.attach(principal, address.restaurant, connection)
        if refused is not None:
            return refused
        epoch = requested.query.epoch
        if epoch is not None and not may_resume(principal, channel):
            epoch = NO_EPOCH
        check = frame_check(principal, channel)
        refused = await self._hub.subscribe(
            connection, principal.role, topic, epoch, requested.query.since, check
        )
        if refused is None:
            context.commands = CommandLoop(
                self._commands, connection, topic, principal, context.quota_key
            )
        return refused

    def _close_at_expiry(self, context: ConnectionContext, connection: Connection) -> None:
        expires_at = context.principal.expires_at
        if expires_at is not None:
            context.expiry_timer = asyncio.get_running_loop().call_later(
                max(0.0, expires_at - time.time()),
                connection.close,
                CloseCode.UNAUTHENTICATED,
                "the token has expired: get a new one, then resume",
            )

    # --- on disconnect ---------------------------------------------------------------------------

    def release(self, context: ConnectionContext) -> None:
        """Release everything that a socket occupies, after its client has gone or was rejected."""
        context.is_gone = True
        connection = context.connection
        if connection is not None:
            connection.abort()
        if context.is_opening:  # `open` releases the rest
            return
        if connection is not None and self._open.pop(connection.id, None) is not None:
            CONNECTIONS.add(-1, context.requested.channel.value)
            self._unbind(context, connection)
            self._disconnected.notify()
        self._connection_limits.release(context)

    def _unbind(self, context: ConnectionContext, connection: Connection) -> None:
        if context.expiry_timer is not None:
            context.expiry_timer.cancel()
        if context.topic is not None:
            restaurant = context.topic.address.restaurant
            self._revocations.detach(context.principal, restaurant, connection)
            self._hub.unsubscribe(connection, context.topic)
        context.commands = None

    def close_all(self, reason: str = "gateway partitioned: reconnect to another, resume") -> None:
        """Close every socket with 1012."""
        for connection in list(self._open.values()):
            connection.close(CloseCode.RESTART, reason)

    async def close(self) -> None:
        """Close every socket with 1012, and wait up to CLOSE_ALL_TIMEOUT_S for the clients to
        close."""
        self._is_closing = True
        self.close_all(_RESTARTING)
        try:
            async with asyncio.timeout(CLOSE_ALL_TIMEOUT_S):
                while self._open:
                    await self._disconnected.wait()
        except TimeoutError:
            log.info("clients did not close in time", extra={"clients": len(self._open)})


def _reason(refused: Rejected) -> str:
    """The reason of a close frame, cut to the size that RFC 6455 allows."""
    return refused.error.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
