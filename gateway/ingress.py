"""What stands between Ray Serve's HTTP server and the gateway's application.

Serve imports `middlewares` in each replica, by `RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH`, and
puts them around its own request handling. Nothing of the gateway itself belongs here.
"""

import asyncio
import logging
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.inbox import Inbox
from gateway.strainer import Strainer
from gateway.wire import EXTENSION

log = logging.getLogger(__name__)

DIRECT = ((b"x-request-disconnect-disabled", b"?1"), (b"x-request-timeout-seconds", b"-1"))
"""Serve's own switches: hand the socket to the application itself, and without a time limit."""

MAX_GATHERED_BYTES = 64 * 1024
"""What one socket is given in a turn of the event loop before the transport has it."""

_SWITCHES = frozenset(name for name, _ in DIRECT)

_READ = frozenset({
    b"authorization", b"host", b"origin", b"x-forwarded-for",
    b"traceparent", b"tracestate", b"x-request-id",
})  # fmt: skip
"""Of a handshake's headers, those that Serve or the gateway reads. The others would be held for as
long as the socket lasts, and looked through by each of the layers in between."""


class DirectSockets:
    """Gives the application the WebSocket itself, so that reading slowly slows its sender down.

    Otherwise Serve reads each socket into an unbounded queue, as fast as the client sends. The
    application must then always have a `receive()` under way to see that its client has gone. A
    client's own values of the switches are dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tide = _Tide()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [header for header in scope["headers"] if header[0] not in _SWITCHES]
            scope = {**scope, "headers": headers}
        elif scope["type"] == "websocket":
            # In the scope itself: uvicorn holds it as long as the socket lasts, a copy or not.
            scope["headers"] = [each for each in scope["headers"] if each[0] in _READ] + [*DIRECT]
            protocol = getattr(send, "__self__", None)
            if isinstance(protocol, WebSocketsSansIOProtocol):
                _take_over(protocol)
                scope["extensions"][EXTENSION] = UvicornWire(protocol, self._tide)
        await self._app(scope, receive, send)


def _take_over(protocol: Any) -> None:
    """Read for uvicorn, and hold less than it does."""
    protocol.queue = Inbox.of(protocol.queue)
    Strainer.stand_before(protocol, protocol.queue)
    protocol.request.headers.clear()  # they are in the scope


class UvicornWire:
    """`Wire` over the WebSocket protocol of uvicorn, whose `send` does the same with more steps.

    What is written in one turn of the event loop, or the next, leaves in one system call; a burst
    earlier, so that the transport tells of a client that does not keep up.
    """

    __slots__ = ("_bytes", "_frames", "_protocol", "_tide")

    def __init__(self, protocol: Any, tide: "_Tide") -> None:
        self._protocol = protocol
        self._tide = tide
        self._frames: list[bytes] = []
        self._bytes = 0

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """In another process it is nothing: Serve's own proxy hands the scope on to a replica."""
        return type(None), ()

    def write(self, frame: bytes) -> bool:
        protocol = self._protocol
        if (
            protocol.close_sent
            or protocol.disconnected
            or not protocol.handshake_complete
            or not protocol.writable.is_set()
        ):
            return False
        if not self._frames:
            self._tide.soon(self)
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes > MAX_GATHERED_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        frames, self._frames, self._bytes = self._frames, [], 0
        protocol = self._protocol
        if frames and not protocol.close_sent and not protocol.transport.is_closing():
            protocol.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def keep_alive(self, ping_s: float) -> None:
        self._protocol.ping_interval = self._protocol.ping_timeout = ping_s

    def opened(self) -> None:
        self._protocol.response = None


class _Tide:
    """The wires that were written to. An ack comes a turn of the loop after its events."""

    def __init__(self) -> None:
        self._wires: list[UvicornWire] = []

    def soon(self, wire: UvicornWire) -> None:
        if not self._wires:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._run)
        self._wires.append(wire)

    def _run(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            try:
                wire.flush()
            except Exception:
                log.exception("a socket could not be written to; the others were")


def middlewares() -> list[Middleware]:
    """What Serve wraps around every replica's application, outermost last."""
    return [Middleware(DirectSockets)]
