"""Hands an accepted handshake over to picows.

picows' own listener decides synchronously, rejects `Connection: keep-alive, Upgrade`, and logs
whole heads. This module therefore creates `WSProtocol`, the class behind that listener, and feeds
it a head that this server wrote. The class is not documented: its version is pinned, and tests
replay recorded heads of browsers.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from picows import WSAutoPingStrategy, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # in no stub

from gateway.server.request_head import Handshake, switching_protocols
from gateway.server.websocket import PicowsSocket, SocketResources

log = logging.getLogger(__name__)

READ_BYTES = 4096
"""Maximum bytes of one read from a socket. picows doubles and keeps a buffer that a read has nearly
filled; this limit bounds the buffer to a message and one read."""
READ_BUFFER_BYTES = 1024

_HEAD = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)


_NO_HEADERS: dict[str, str] = {}


class _Response:
    """The response to a handshake, in place of a `WSUpgradeResponse`, of which it has a tenth of
    the size. picows keeps it as long as the socket."""

    __slots__ = ("_subprotocol", "headers")
    status = HTTPStatus.SWITCHING_PROTOCOLS

    def __init__(self, subprotocol: str | None) -> None:
        self._subprotocol = subprotocol
        self.headers: dict[str, str] = {}

    def to_bytes(self) -> bytearray:
        accept = self.headers.pop("Sec-WebSocket-Accept").encode()
        return bytearray(switching_protocols(accept, self._subprotocol))


class _Socket:
    """The socket of a transport for picows, which reads its number, and sets and logs options that
    the event loop has already set."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def setsockopt(self, *option: int) -> None:
        """Do nothing: TCP_NODELAY is set already, and quick acknowledgements would last for one
        packet only."""

    def getsockopt(self, *option: int) -> int:
        return 0


class _Log:
    """Replaces picows' logger of a connection and logs only its failures: the other lines contain
    clients' addresses and heads. Not a `logging.Logger`, of which picows would make a child per
    connection."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # as in logging
        return False

    def log(self, *args: object, **how: object) -> None:
        """Discard the line."""

    debug = info = warning = error = log

    def exception(self, message: str, *args: object) -> None:
        log.exception("picows: %s", message % args)


_LOG = _Log()


class _Transport:
    """A transport for picows whose `close` does nothing. picows closes it shortly after a close
    frame of its own, which would reset the connection of a client that still sends
    (`LingeringClose`)."""

    __slots__ = ("_transport",)

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def get_extra_info(self, name: str) -> Any:
        """The socket; None for TLS and the addresses, which picows would log."""
        if name == "socket":
            return _Socket(self._transport.get_extra_info("socket").fileno())
        return None

    def close(self) -> None:
        """Do nothing: `SocketProtocol.buffer_updated` closes the socket."""


class SocketProtocol(WSProtocol):  # type: ignore[misc]  # picows has no types for it
    """picows' protocol with bounded reads."""

    __slots__ = ("_socket",)

    def __init__(self, socket: PicowsSocket, response: Any, max_message_bytes: int) -> None:
        def listener(request: Any) -> Any:
            return WSUpgradeResponseWithListener(response, socket)

        super().__init__(
            None, None, False, listener, _LOG, True, None, False, 1.0, 1.0,
            WSAutoPingStrategy.PING_WHEN_IDLE, False, max_message_bytes, None, READ_BUFFER_BYTES,
        )  # fmt: skip
        self._socket = socket

    def get_buffer(self, size_hint: int) -> memoryview:
        buffer: memoryview = super().get_buffer(size_hint)
        return buffer[:READ_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        if self.transport.is_close_frame_sent:
            self._socket.on_picows_closed()

    def pause_writing(self) -> None:
        self._socket.set_blocked(True)

    def resume_writing(self) -> None:
        self._socket.set_blocked(False)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._socket.on_lost()


def hand_over(
    transport: Any,
    handshake: Handshake,
    subprotocol: str | None,
    early: bytes,
    resources: SocketResources,
    on_gone: Callable[[], None],
) -> PicowsSocket:
    """Accept a handshake with a subprotocol; `early` are the bytes that the client sent after its
    head."""
    response = _Response(subprotocol)
    socket = PicowsSocket(transport, resources, on_gone)
    protocol = SocketProtocol(socket, response, resources.max_message_bytes)
    transport.set_protocol(protocol)
    protocol.connection_made(_Transport(transport))
    data = memoryview(_HEAD % handshake.key + early)
    while data and not socket.is_closed:
        buffer = protocol.get_buffer(len(data))
        taken = min(len(buffer), len(data))
        buffer[:taken] = data[:taken]
        protocol.buffer_updated(taken)
        data = data[taken:]
    protocol.transport.request.headers = _NO_HEADERS  # picows keeps them, a tenth of a socket
    return socket
