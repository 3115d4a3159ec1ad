"""Handles the messages of an open socket: parses, limits, dispatches and answers them."""

import asyncio
from functools import partial
from typing import Any

import orjson

from engine.messages import Done, Read, Reply, View
from gateway.admission import Admission
from gateway.auth.principal import Principal
from gateway.auth.visibility import admit
from gateway.backend.host_client import HostClient
from gateway.limits import KeyedRateLimiter, TokenBucket, message_cost, record_violation
from gateway.metrics import LIMIT_VIOLATIONS, MESSAGES_RECEIVED
from gateway.server.frames import encode_text_frame
from gateway.settings import Limits
from gateway.websocket.connection import Connection
from gateway.websocket.wakeup import Wakeup
from protocol import commands as c
from protocol.codec import encode, parse_frame
from protocol.errors import UNAVAILABLE, CloseCode, Code, Rejected
from protocol.ids import Topic
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

ABUSE_FACTOR = 10
"""A connection is closed when its refused messages, minus its accepted ones, exceed this many times
`burst_messages`."""
TOO_LARGE_REASON = "this message is too large"


class CommandServices:
    """Services shared by the command loops of a gateway. `rates` limits messages per token, on all
    its connections together."""

    def __init__(self, limits: Limits, admission: Admission, client: HostClient) -> None:
        self.limits, self.admission, self.client = limits, admission, client
        per_s = limits.messages_per_s_per_token
        self.rates = KeyedRateLimiter(lambda: TokenBucket(per_s, 2 * per_s), "token_messages")


class CommandLoop:
    """Handles one socket's messages in order. `on_message` returns when the next message may be
    read."""

    __slots__ = ("_bucket", "_connection", "_excess", "_in_flight", "_principal", "_quota_key",
                 "_services", "_slot_freed", "_topic")  # fmt: skip

    def __init__(
        self,
        services: CommandServices,
        connection: Connection,
        topic: Topic,
        principal: Principal,
        quota_key: str | None,
    ) -> None:
        self._services = services
        self._connection = connection
        self._topic = topic
        self._principal = principal
        self._quota_key = quota_key
        self._bucket: TokenBucket | None = None  # made for the first message
        self._excess = 0
        self._in_flight = 0
        self._slot_freed: Wakeup | None = None

    async def on_message(self, message: str | bytes) -> None:
        """Handle one message, text or binary. Waits while too many commands are in flight or too
        many frames are unsent."""
        if self._connection.is_closed:
            return
        MESSAGES_RECEIVED.add()
        count = message_cost(len(message))
        text = message if isinstance(message, str) else None
        if not self._is_within_rate(count):
            self._reject_excess(text, count)
        elif text is None:
            self._send_error(
                Rejected(Code.INVALID_MESSAGE, "Send text frames, each one JSON object.")
            )
        else:
            await self._handle(text)
        await self._connection.wait_writable()
        while self._in_flight >= self._services.limits.max_in_flight:
            if self._slot_freed is None:
                self._slot_freed = Wakeup()
            await self._slot_freed.wait()

    async def _handle(self, text: str) -> None:
        self._excess = max(0, self._excess - 1)
        command = parse_frame(self._topic.channel, text, self._services.limits.bounds)
        if not isinstance(command, Rejected):
            await self._dispatch(command)
        elif record_violation(command).code is Code.TOO_LARGE:
            self._connection.close(CloseCode.TOO_LARGE, TOO_LARGE_REASON)
        else:
            self._send_error(command, request_id_of(text))

    def _is_within_rate(self, count: int) -> bool:
        """Whether a message of this cost is within the limits of the connection and of its
        principal."""
        services = self._services
        if self._bucket is None:
            self._bucket = TokenBucket(
                services.limits.messages_per_s, services.limits.burst_messages
            )
        if not self._bucket.take(count):
            LIMIT_VIOLATIONS.add(label_value="messages")
            return False
        return self._quota_key is None or services.rates.take(self._quota_key, count)

    def _reject_excess(self, text: str | None, count: int) -> None:
        """Refuse a message over the limit, and close a client that keeps exceeding it."""
        self._excess += count
        if self._excess > ABUSE_FACTOR * self._services.limits.burst_messages:
            self._connection.close(
                CloseCode.RATE_LIMITED, "too many messages: wait, then reconnect"
            )
        else:
            refused = Rejected(
                Code.RATE_LIMITED, "Too many messages. Wait a moment and send it again."
            )
            self._send_error(refused, request_id_of(text))

    def _send_error(self, refused: Rejected, request_id: str | None = None) -> None:
        self._connection.send_error(refused, request_id)

    async def _dispatch(self, command: c.Command) -> None:
        """Dispatch a command without waiting for its reply."""
        services, address = self._services, self._topic.address
        reply: asyncio.Future[Any] | Rejected
        if isinstance(command, c.Get):
            read = Read(address, self._topic.channel, self._principal.role)
            reply = services.client.send(read, self._send_snapshot)
        else:
            reply = await services.admission.submit(self._principal, address, command)
        if isinstance(reply, Rejected):
            self._send_error(reply, command.request_id)
            return
        self._in_flight += 1
        reply.add_done_callback(partial(self._on_reply, command.request_id))

    def _send_snapshot(self, reply: Reply) -> None:
        """Send a snapshot while the reply is read, before any later event."""
        if not isinstance(reply, View):
            return
        view = admit(self._principal, self._topic.channel, reply)
        if isinstance(view, Rejected):
            self._connection.close(view.close_code, view.error[:120])
        else:
            self._connection.send(encode_text_frame(view.frame), solicited=True)

    def _on_reply(self, request_id: str | None, reply: asyncio.Future[Reply]) -> None:
        self._in_flight -= 1
        if self._slot_freed is not None:
            self._slot_freed.notify()
        if reply.cancelled():
            return
        answer = UNAVAILABLE if reply.exception() is not None else reply.result()
        if isinstance(answer, View):
            if request_id is not None:
                self._ack(request_id, Done(False, answer.version, {}))
        elif isinstance(answer, Rejected):
            self._send_error(answer, request_id)
        elif isinstance(answer, Done) and request_id is not None:
            self._ack(request_id, answer)

    def _ack(self, request_id: str, done: Done) -> None:
        data = {"changed": done.changed, "version": done.version, **done.result}
        frame = {"type": "ack", "request_id": request_id, "data": data}
        self._connection.send(encode_text_frame(encode(frame)))


def request_id_of(text: str | None) -> str | None:
    """The request id of a message that was refused before it was parsed; None if it has no valid
    one."""
    if text is None or len(text) > MAX_FRAME_BYTES:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    request_id = value.get("request_id") if isinstance(value, dict) else None
    return request_id if isinstance(request_id, str) and 0 < len(request_id) <= 64 else None
