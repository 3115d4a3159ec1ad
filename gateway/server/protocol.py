"""Reads the head of a connection's first request and hands the connection to uvicorn or picows."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.utils import accept_key

from gateway.metrics import LIMIT_VIOLATIONS
from gateway.server.endpoint import Endpoint, Rejection
from gateway.server.frames import REJECT_TIMEOUT_S, encode_close_frame
from gateway.server.hand_over import hand_over
from gateway.server.http import HttpProtocol
from gateway.server.lingering_close import LingeringClose
from gateway.server.request_head import (
    HEAD_TIMEOUT_S,
    MAX_HEAD_BYTES,
    BadHead,
    Handshake,
    read_handshake,
    switching_protocols,
)
from gateway.server.websocket import INTERNAL_ERROR, PicowsSocket, SocketResources
from protocol.codec import encode
from protocol.errors import Code, Rejected

log = logging.getLogger(__name__)

MAX_EARLY_BYTES = 64 * 1024
"""Bytes of a client at which reading pauses until its handshake is answered."""


@dataclass(slots=True)
class ServerContext:
    """Shared by the connections of one server."""

    endpoint: Endpoint
    resources: SocketResources
    http: ServerState
    opening: set[asyncio.Task[None]]
    config: Config | None = None

    def http_protocol(self) -> HttpProtocol:
        assert self.config is not None
        return HttpProtocol(self.config, self.http)


class ConnectionProtocol(asyncio.Protocol):
    """Reads a head, then passes the connection on to uvicorn or, once the client is authorized, to
    picows. `is_upgrade`: uvicorn has already read the head, which requests a WebSocket."""

    def __init__(self, context: ServerContext, *, is_upgrade: bool = False) -> None:
        self._context = context
        self._is_upgrade = is_upgrade
        self._transport: Any = None
        self._data = b""
        self._timer: asyncio.TimerHandle | None = None
        self._has_head = False
        self._is_gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._timer = self._context.resources.loop.call_later(HEAD_TIMEOUT_S, self._time_out)

    def data_received(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data
        if self._has_head:
            if len(self._data) > MAX_EARLY_BYTES:
                self._transport.pause_reading()
        elif self._is_upgrade:
            self._has_head = True
            # uvicorn sets this protocol only after it has passed on the head.
            self._context.resources.loop.call_soon(self._find_head)
        else:
            self._find_head()

    def _find_head(self) -> None:
        if self._is_gone:
            return
        end = self._data.find(b"\r\n\r\n")
        if end > MAX_HEAD_BYTES or (end < 0 and len(self._data) > MAX_HEAD_BYTES):
            LIMIT_VIOLATIONS.add(label_value="head")
            self._refuse(431, "Request head exceeds 16 KiB.")
        elif end >= 0:
            self._has_head = True
            self._cancel_timer()
            self._read(end)

    def eof_received(self) -> None:
        """Let the transport close."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_gone = True
        self._cancel_timer()

    def _read(self, end: int) -> None:
        try:
            handshake = read_handshake(self._data[:end])
            if handshake is None and self._is_upgrade:
                raise BadHead(400, "The headers of the handshake contradict each other.")
        except BadHead as error:
            self._refuse(error.status, error.why)
            return
        if handshake is None:
            http = self._context.http_protocol()
            self._transport.set_protocol(http)
            http.connection_made(self._transport)
            http.data_received(self._data)
            return
        self._data = self._data[end + 4 :]
        opening = asyncio.create_task(self._open(handshake))
        self._context.opening.add(opening)
        opening.add_done_callback(self._context.opening.discard)

    async def _open(self, handshake: Handshake) -> None:
        endpoint = self._context.endpoint
        client = self._transport.get_extra_info("peername")
        try:
            context = await endpoint.authorize(handshake.scope(client and client[:2]))
        except Exception:
            log.exception("cannot authorize a handshake; closing the connection")
            self._transport.abort()
            return
        if isinstance(context, Rejection):
            if not self._is_gone:
                self._reject(handshake, context)
            return
        if self._is_gone or self._transport.is_closing():
            endpoint.release(context)
            return
        socket = self._hand_over(handshake, context)
        if socket is None:
            return
        try:
            handler = await endpoint.open(context, socket)
        except Exception:
            log.exception("cannot open a socket; closing it")
            socket.close(INTERNAL_ERROR, "")
            return
        if handler is not None:
            socket.start(handler)

    def _hand_over(self, handshake: Handshake, context: Any) -> PicowsSocket | None:
        """Hand a connection over to picows. Returns its socket, or None if that failed and the
        connection is closed."""
        endpoint = self._context.endpoint
        release = partial(endpoint.release, context)
        subprotocol = endpoint.accepted_subprotocol(handshake.subprotocols)
        early, self._data = self._data, b""
        try:
            self._transport.resume_reading()  # paused if too many bytes arrived early
            return hand_over(
                self._transport, handshake, subprotocol, early, self._context.resources, release
            )
        except Exception:
            log.exception("cannot hand a connection to picows; closing it")
            release()
            self._transport.abort()
            return None

    def _reject(self, handshake: Handshake, rejection: Rejection) -> None:
        """Accept, send the error and close, all in one write."""
        accept = accept_key(handshake.key.decode()).encode()
        subprotocol = self._context.endpoint.accepted_subprotocol(handshake.subprotocols)
        answer = switching_protocols(accept, subprotocol)
        closing = encode_close_frame(rejection.code, rejection.reason)
        self._transport.write(answer + rejection.frame.encoded + closing)
        LingeringClose().start(self._transport, REJECT_TIMEOUT_S)

    def _refuse(self, status: int, why: str) -> None:
        self._cancel_timer()
        body = encode(Rejected(Code.INVALID_MESSAGE, why).body())
        head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json",
                f"Content-Length: {len(body)}", "Connection: close"]  # fmt: skip
        if status == HTTPStatus.UPGRADE_REQUIRED:
            head += ["Sec-WebSocket-Version: 13", "Upgrade: websocket"]
        self._transport.write("\r\n".join([*head, "", ""]).encode() + body)
        LingeringClose().start(self._transport, REJECT_TIMEOUT_S)

    def _time_out(self) -> None:
        if self._data:
            LIMIT_VIOLATIONS.add(label_value="head_time")
            self._refuse(408, f"Request head not received within {HEAD_TIMEOUT_S:g} s.")
        else:  # a browser that connected in advance
            self._transport.abort()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
