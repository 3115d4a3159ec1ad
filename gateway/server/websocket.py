"""Sockets on picows: a `FrameWriter`, and the client's messages in order.

picows parses frames in C, and closes a connection that violates the framing rules. This module
handles limits over several frames, pings, and the end of a connection.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from gateway.limits import TokenBucket
from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.endpoint import Handler
from gateway.server.frames import CLOSE_TIMEOUT_S, TextFrame, WriterOwner
from gateway.server.heartbeat import Heartbeat
from gateway.server.lingering_close import LingeringClose
from gateway.server.message_assembler import FrameError, MessageAssembler
from gateway.server.receive_queue import ReceiveQueue
from gateway.server.write_batching import WriteBatcher

MAX_BATCH_BYTES = 64 * 1024
"""Maximum bytes that are batched for one socket in an iteration of the event loop, so that the
transport reports early that a client does not keep up."""
PINGS_PER_S, PING_BURST = 10, 100
"""Rate and burst of a client's pings that are answered."""

TOO_BIG, INTERNAL_ERROR = 1009, 1011
_NORMAL, _PROTOCOL_ERROR, _INVALID_TEXT = 1000, 1002, 1007


def _may_be_sent(code: int) -> bool:
    """Whether a close frame may have this code (RFC 6455, 7.4, and IANA's registry)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


class SocketState(Enum):
    """The states of a socket, in order."""

    OPEN = 1
    CLOSING = 2
    """The close frame is sent; the client's data is discarded until it closes, too."""
    GONE = 3


@dataclass(frozen=True, slots=True)
class SocketResources:
    """Shared by the sockets of one server."""

    loop: asyncio.AbstractEventLoop
    batcher: WriteBatcher
    heartbeat: Heartbeat
    max_message_bytes: int


class PicowsSocket(WSListener):
    """One socket. `on_gone` is called once, when its client is gone and its messages are
    handled."""

    __slots__ = ("_assembler", "_awaits_pong", "_batch", "_batch_bytes", "_handler", "_on_gone",
                 "_owner", "_pings", "_received", "_resources", "_state", "_transport", "_ws",
                 "is_blocked")  # fmt: skip

    def __init__(
        self, transport: Any, resources: SocketResources, on_gone: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._resources = resources
        self._on_gone = on_gone
        self._ws: Any = None
        self._owner: WriterOwner | None = None
        self._handler: Handler | None = None
        self._state = SocketState.OPEN
        self._batch: list[bytes] | None = None
        self._batch_bytes = 0
        self._received: ReceiveQueue | None = None  # made for the first message
        self._assembler: MessageAssembler | None = None  # made for the first fragment
        self._pings: TokenBucket | None = None
        self._awaits_pong = self.is_blocked = False

    @property
    def is_closed(self) -> bool:
        return self._state is not SocketState.OPEN

    # --- outbound --------------------------------------------------------------------------------

    def bind(self, owner: WriterOwner) -> None:
        self._owner = owner

    def write(self, frame: TextFrame) -> bool:
        if self._state is not SocketState.OPEN:
            return True
        if self.is_blocked:
            return False
        if self._batch is None:
            self._batch = []
            self._resources.batcher.schedule(self)
        self._batch.append(frame.encoded)
        self._batch_bytes += len(frame.encoded)
        if self._batch_bytes > MAX_BATCH_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        """Pass the batched bytes to the transport."""
        batch, self._batch, self._batch_bytes = self._batch, None, 0
        if batch and self._state is SocketState.OPEN:
            self._transport.write(batch[0] if len(batch) == 1 else b"".join(batch))

    def close(
        self, code: int, reason: str, *, wait: bool = True, timeout_s: float = CLOSE_TIMEOUT_S
    ) -> None:
        if self._state is SocketState.OPEN:
            self.flush()
            self._ws.send_close(code, reason)
            self._begin_closing(timeout_s)

    def ping(self) -> bool:
        """For `Heartbeat`: ping the client, or close if nothing was received since the last ping
        although reading was not paused."""
        if self._state is not SocketState.OPEN:
            return False
        if self._received is not None and self._received.is_paused:
            return True
        if self._awaits_pong:
            LIMIT_VIOLATIONS.add(label_value="ping_time")
            self._fail(INTERNAL_ERROR, "no answer to a ping")
            return False
        self._awaits_pong = True
        self._ws.send_ping()
        return True

    def set_blocked(self, is_blocked: bool) -> None:
        """Record whether the transport's buffer is full."""
        self.is_blocked = is_blocked
        if not is_blocked and self._owner is not None and self._state is SocketState.OPEN:
            self._owner.on_writable()

    # --- inbound ---------------------------------------------------------------------------------

    def start(self, handler: Handler) -> None:
        """Set the handler of the client's messages, including those that arrived before."""
        self._handler = handler
        if self._received is not None:
            self._received.start(handler)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._ws = transport
        self._resources.heartbeat.add(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._state is not SocketState.OPEN:
            return
        self._awaits_pong = False  # any frame counts: reading may be paused before the pong
        try:
            self._on_frame(frame)
        except FrameError as error:
            self._fail(error.code, error.why)
        except UnicodeDecodeError:
            self._fail(_INVALID_TEXT, "a text is not UTF-8")

    def _on_frame(self, frame: WSFrame) -> None:
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise FrameError(_PROTOCOL_ERROR, "no extension was agreed upon")
        if kind is WSMsgType.TEXT and frame.fin and self._assembler is None:
            self._deliver(frame.get_payload_as_utf8_text(), frame.payload_size)
        elif kind is WSMsgType.PING:
            self._answer_ping(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CLOSE:
            self._answer_close(frame.get_close_code().value or _NORMAL)
        elif kind is not WSMsgType.PONG:
            self._assemble(kind, frame.get_payload_as_bytes(), is_last=bool(frame.fin))

    def _assemble(self, kind: WSMsgType, payload: bytes, *, is_last: bool) -> None:
        """Handle a binary message or a fragment."""
        if self._assembler is None:
            self._assembler = MessageAssembler(self._resources.max_message_bytes)
        if kind is not WSMsgType.CONTINUATION:
            self._assembler.begin(is_text=kind is WSMsgType.TEXT)
        message = self._assembler.add(payload, is_last=is_last)
        if message is not None:
            self._assembler = None
            self._deliver(message, len(message))

    def _answer_ping(self, payload: bytes) -> None:
        """Answer a ping, unless there are too many or the client does not read."""
        if self.is_blocked:
            return
        if self._pings is None:
            self._pings = TokenBucket(PINGS_PER_S, PING_BURST)
        if self._pings.take():
            self._ws.send_pong(payload)
        else:
            LIMIT_VIOLATIONS.add(label_value="pings")

    def _answer_close(self, code: int) -> None:
        if not _may_be_sent(code):
            raise FrameError(_PROTOCOL_ERROR, "a reserved close code")
        self.close(code, "")

    def _deliver(self, message: str | bytes, size: int) -> None:
        if self._received is None:
            self._received = ReceiveQueue(self._transport, self._handler, self._on_failure)
        self._received.put(message, size)

    # --- the end ---------------------------------------------------------------------------------

    def on_picows_closed(self) -> None:
        """Close, after picows has sent a close frame because the client violated the framing
        rules."""
        if self._state is SocketState.OPEN:
            self._batch = None  # nothing may follow the close frame
            self._fail(self._ws.close_handshake.sent.code.value, "")

    def on_lost(self) -> None:
        """Release everything, because the connection is gone."""
        if self._state is SocketState.GONE:
            return
        self._state = SocketState.GONE
        self._ws = self._transport = self._batch = self._assembler = self._owner = None
        received, self._received = self._received, None
        if received is None or self.is_blocked:  # the handler may wait for the client to read
            self._on_gone()
        else:
            received.when_idle(self._on_gone)

    def _on_failure(self) -> None:
        self._fail(INTERNAL_ERROR, "")

    def _fail(self, code: int, why: str) -> None:
        """Close the socket because of its client, and drop everything unsent."""
        if self._state is not SocketState.OPEN:
            return
        if code == TOO_BIG:
            LIMIT_VIOLATIONS.add(label_value="message")
        if self._owner is not None:
            self._owner.on_lost(code)
        self.flush()
        self._ws.send_close(code, why)  # does nothing if picows has sent one
        self._begin_closing(CLOSE_TIMEOUT_S)

    def _begin_closing(self, timeout_s: float) -> None:
        self._state = SocketState.CLOSING
        LingeringClose(self.on_lost).start(self._transport, timeout_s)
