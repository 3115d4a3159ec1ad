"""Streams: ordered, persistent connections from a gateway or host to a host.

A stream begins with a preface: protocol number, the host's secret, and the peer's name. It is
checked before anything is decoded. Frames follow: a length, then a message number and a body
encoded by `engine/codec.py`. All frames of one iteration of the event loop are sent in one write,
so that messages are batched without a delay.

    to the host:    (number, message)            gets one reply with that number
    from the host:  (number, reply)
                    (0, Published or Dropped)    in the order of their commits

Each end sends a heartbeat after a second without other frames, and closes the stream if its peer
has been silent for three seconds. Streams never resend; their owners resend messages without a
reply.
"""

import asyncio
import hmac
import logging
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, cast

from engine.codec import Body, UndecodableBody, UndecodableFrame, decode, encode
from protocol.errors import UNAVAILABLE

log = logging.getLogger(__name__)

PROTOCOL = 1
"""Incremented by a release whose streams are incompatible with those of the previous release."""
HEARTBEAT_S = 1.0
PEER_TIMEOUT_S = 3.0
"""A stream is closed if its peer has sent nothing for this long."""
SLOW_CONSUMER_BYTES = 16 * 1024 * 1024
"""Unsent bytes above which a heartbeat closes the stream of a slow consumer, unless they have
decreased since the last heartbeat."""
MAX_BUFFER_BYTES = 16 * SLOW_CONSUMER_BYTES
"""Unsent bytes above which a stream is closed immediately."""
MAX_FRAME_BYTES = 64 * 1024 * 1024
PUSHED = 0
"""The message number of Published and Dropped, which are not replies."""

_MAGIC = b"RQST"
_PREFACE = struct.Struct("!4sH32sB")
_LENGTH = struct.Struct("!I")
_HEARTBEAT = _LENGTH.pack(0)

Item = tuple[int, Body]


class HostUnavailable(Exception):
    """The host did not answer. It is unknown whether it handled the message, so send the same
    message again."""


class Endpoint(NamedTuple):
    """The address of a host: the path of a Unix socket, or an IP address and port. `incarnation`
    differs for each process that has run under the host's name."""

    address: str | tuple[str, int]
    secret: bytes
    incarnation: str
    protocol: int = PROTOCOL


class Network(Protocol):
    """Connects streams to hosts by name."""

    async def connect(self, host: str, stream: "Stream") -> str:
        """Connect a stream to a host, which is started if it is not running. Returns the host's
        incarnation. Raises HostUnavailable."""

    async def incarnation(self, host: str) -> str:
        """The incarnation to which a new stream would connect. Raises HostUnavailable."""


Receive = Callable[["Stream", Sequence[Item]], None]


class FrameReader:
    """Splits the bytes of a stream into frames, and decodes them."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Item]:
        """The items whose frames these bytes complete. Raises UndecodableFrame, and ValueError for
        an oversized frame."""
        self._buffer += data
        start, items = 0, []
        with memoryview(self._buffer) as view:
            while len(view) - start >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(view, start)
                if size > MAX_FRAME_BYTES:
                    raise ValueError(f"a frame of {size} bytes exceeds {MAX_FRAME_BYTES} bytes")
                end = start + _LENGTH.size + size
                if end > len(view):
                    break
                if size:
                    items.append(self._item(view[start + _LENGTH.size : end]))
                start = end
        del self._buffer[:start]
        return items

    def _item(self, frame: memoryview) -> Item:
        with frame:
            try:
                return decode(frame)
            except UndecodableBody as error:
                log.error("cannot decode a message", extra={"why": str(error)})
                return error.number, UNAVAILABLE


class Stream(asyncio.Protocol):
    """One end of a stream. `receive` is called with each batch of items. `lost` is called once when
    the stream ends, except by `close`."""

    def __init__(self, receive: Receive, lost: Callable[["Stream"], None]) -> None:
        self.receive, self.lost = receive, lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._incoming = FrameReader()
        self._received_at = self._beat_at = self._loop.time()
        self._has_sent = False
        self._unsent = 0
        self._heartbeat: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def send(self, number: int, body: Body) -> None:
        """Send a message or reply, if the stream is open. If it cannot be encoded, UNAVAILABLE is
        sent instead; a host that receives it as a message returns it as the reply."""
        if self._transport is None:
            return
        try:
            frame = encode(number, body)
        except Exception:
            log.exception("cannot encode a message", extra={"message_type": type(body).__name__})
            frame = encode(number, UNAVAILABLE)
        self.send_frame(frame)

    def send_frame(self, frame: bytes) -> None:
        """Send an encoded frame, if the stream is open."""
        self._write(_LENGTH.pack(len(frame)), frame)

    def send_preface(self, secret: bytes, name: str) -> None:
        """Send the host's secret and this process's name. Call it before any other method that
        sends."""
        peer = name.encode()
        self._write(_PREFACE.pack(_MAGIC, PROTOCOL, secret, len(peer)), peer)

    def abort(self) -> None:
        """Close the stream immediately, discarding unsent frames. `lost` is called."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close the stream after all frames are sent. `lost` is not called."""
        self.lost = _ignore
        if self._transport is not None:
            self._flush()
            self._transport.close()

    # --- asyncio.Protocol ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has no common base class
        self._received_at = self._loop.time()
        self._schedule_heartbeat()

    def data_received(self, data: bytes) -> None:
        self._received_at = self._loop.time()
        try:
            items = self._incoming.feed(data)
        except (UndecodableFrame, ValueError) as error:
            log.error("stream closed: cannot decode a frame", extra={"why": str(error)})
            self.abort()
            return
        if items:
            self.receive(self, items)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._transport = None
        self._outgoing.clear()
        self.lost(self)

    # --- outgoing --------------------------------------------------------------------------------

    def _write(self, *parts: bytes) -> None:
        if self._transport is None:
            return
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing += parts

    def _flush(self) -> None:
        transport, outgoing = self._transport, self._outgoing
        if transport is None or not outgoing:
            return
        self._outgoing = []
        self._has_sent = True
        transport.write(b"".join(outgoing))
        if transport.get_write_buffer_size() > MAX_BUFFER_BYTES:
            self._abort_because("slow consumer")

    def _abort_because(self, reason: str) -> None:
        log.warning("stream closed", extra={"why": reason})
        self.abort()

    # --- heartbeat -------------------------------------------------------------------------------

    def _schedule_heartbeat(self) -> None:
        self._beat_at = self._loop.time() + HEARTBEAT_S
        self._heartbeat = self._loop.call_at(self._beat_at, self._beat)

    def _beat(self) -> None:
        now = self._loop.time()
        was_blocked = now - self._beat_at > HEARTBEAT_S  # by our own loop: the peer is not silent
        if now - self._received_at > PEER_TIMEOUT_S and not was_blocked:
            self._abort_because(f"peer silent for {PEER_TIMEOUT_S:g} s")
            return
        if self._transport is None:
            return
        unsent = self._transport.get_write_buffer_size()
        if unsent > SLOW_CONSUMER_BYTES and unsent >= self._unsent:
            self._abort_because("slow consumer")
            return
        self._unsent = unsent
        if not self._has_sent:
            self._transport.write(_HEARTBEAT)
        self._has_sent = False
        self._schedule_heartbeat()


class IncomingStream(Stream):
    """The host's end of a stream. `accept` is called after the peer's preface is verified."""

    def __init__(self, secret: bytes, accept: Callable[["IncomingStream"], None]) -> None:
        super().__init__(_ignore, _ignore)
        self.peer = ""
        self._secret, self._accept = secret, accept
        self._preface = bytearray()

    def data_received(self, data: bytes) -> None:
        if self.peer:
            super().data_received(data)
            return
        preface = self._preface
        preface += data
        if len(preface) < _PREFACE.size:
            return
        magic, protocol, secret, length = _PREFACE.unpack_from(preface)
        end = _PREFACE.size + length
        if not hmac.compare_digest(secret, self._secret) or magic != _MAGIC or not length:
            log.warning("stream refused: invalid preface")
            self.abort()
        elif protocol != PROTOCOL:
            log.error(
                "stream refused: incompatible protocol",
                extra={"protocol": PROTOCOL, "peer_protocol": protocol},
            )
            self.abort()
        elif len(preface) >= end:
            self.peer = preface[_PREFACE.size : end].decode(errors="replace")
            self._accept(self)
            super().data_received(bytes(preface[end:]))
            preface.clear()


def _ignore(*_: object) -> None:
    """Ignore a callback."""
