"""A WebSocket to one channel that reconnects until closed."""

import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
import orjson
import websocket

from load_tests.channels import Frame
from load_tests.commands import ChannelClosed
from load_tests.recorder import Recorder
from load_tests.schedule import back_off
from restaurant_qr_wire.errors import CloseCode

CONNECT_TIMEOUT_S = 10.0
FINAL = frozenset(
    {CloseCode.BAD_REQUEST, CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND}
)
"""Close codes after which reconnecting is futile."""

_LOST = (OSError, websocket.WebSocketException)
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER option that makes a close a reset."""


class LoadSocket:
    """`number` counts its connections; `ended` is the code of a final close.

    `url` returns the next connection's URL. `on_open` receives the time at which each connection
    was begun, `on_frame` each frame and its arrival, `on_end` is called after a final close.
    """

    def __init__(
        self,
        recorder: Recorder,
        token: str,
        url: Callable[[], str],
        on_open: Callable[[float], None],
        on_frame: Callable[[Frame, float], None],
        on_end: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._token = token
        self._url = url
        self._on_open = on_open
        self._on_frame = on_frame
        self._on_end = on_end
        self._socket: websocket.WebSocket | None = None
        self._is_closing = False
        self._greenlet: Any = None
        self.number = 0
        self.ended: int | None = None

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    @property
    def is_closed(self) -> bool:
        return self._is_closing or self.ended is not None

    def raise_if_ended(self) -> None:
        if self.ended is not None:
            raise ChannelClosed(f"closed with {self.ended}")

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def send(self, frame: Frame) -> None:
        """Send if connected; the reader detects a lost connection and reconnects."""
        if self._socket is not None:
            with suppress(*_LOST):
                self._socket.send(orjson.dumps(frame).decode())

    def cut(self) -> None:
        """Cut the connection without a close frame, half of the time with a reset."""
        if self._socket is not None and self._socket.sock is not None:
            self._recorder.counters.count("cut")
            with suppress(OSError):
                if self._recorder.random.random() < 0.5:
                    self._socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self._socket.sock.close()

    def close(self) -> None:
        """Close with a close frame."""
        self._is_closing = True
        if self._socket is not None:
            with suppress(*_LOST):
                self._socket.send_close()
        if self._greenlet is not None:
            self._greenlet.join(2.0)
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._is_closing = True
        if self._socket is not None and self._socket.sock is not None:
            self._socket.sock.close()
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def _run(self) -> None:
        attempt = 0
        while not self.is_closed:
            began = time.perf_counter()
            try:
                self._connect(attempt, began)
                self._on_open(began)
                while self._read():
                    attempt = 0
            except _LOST:
                attempt += 1
            finally:
                self._socket = None
            if not self.is_closed:
                gevent.sleep(back_off(attempt, self._recorder.random))

    def _connect(self, attempt: int, began: float) -> None:
        try:
            self._socket = websocket.create_connection(
                self._url(), timeout=CONNECT_TIMEOUT_S, subprotocols=["bearer", self._token]
            )
        except _LOST as error:
            self._recorder.counters.count("not connected")
            if attempt == 0:  # one failure per outage
                status = getattr(error, "status_code", None)
                what = f"handshake answered with {status}" if status else type(error).__name__
                self._recorder.request("RESUME", "could not connect", began, ConnectionError(what))
            raise
        self._socket.settimeout(None)
        self._recorder.counters.count("connections")
        self.number += 1

    def _read(self) -> bool:
        """Read one frame; False if the server closed the connection."""
        assert self._socket is not None
        opcode, payload = self._socket.recv_data(control_frame=True)
        at = time.perf_counter()
        if opcode == websocket.ABNF.OPCODE_TEXT:
            self._on_frame(orjson.loads(payload), at)
        elif opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            if not self._is_closing:
                self._recorder.counters.count(f"closed with {code}")
                if code in FINAL:
                    self.ended = code
                    self._on_end()
            return False
        return True
