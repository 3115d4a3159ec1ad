"""One socket after another to the same place: connects, reads, and connects again."""

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
from load_tests.commands import Ended
from load_tests.evening import back_off
from load_tests.record import Record
from restaurant_qr_client.protocol import CloseCode

CONNECT_S = 10.0
FINAL = frozenset(
    {CloseCode.MALFORMED, CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND}
)
"""Close codes that connecting again does not help."""

_LOST = (OSError, websocket.WebSocketException)
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


class Link:
    """`number` counts its connections; `ended` is the code of a close that is for good.

    `url` says where the next connection goes, `opened` is called on each with the moment at which
    it was begun, `take` with each frame and its arrival, `finished` at the end for good.
    """

    def __init__(
        self,
        record: Record,
        token: str,
        url: Callable[[], str],
        opened: Callable[[float], None],
        take: Callable[[Frame, float], None],
        finished: Callable[[], None],
    ) -> None:
        self._record = record
        self._token = token
        self._url = url
        self._opened = opened
        self._take = take
        self._finished = finished
        self._socket: websocket.WebSocket | None = None
        self._leaving = False
        self._greenlet: Any = None
        self.number = 0
        self.ended: int | None = None

    @property
    def is_up(self) -> bool:
        return self._socket is not None

    @property
    def is_over(self) -> bool:
        return self._leaving or self.ended is not None

    def raise_if_ended(self) -> None:
        if self.ended is not None:
            raise Ended(f"closed with {self.ended}")

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._live)

    def send(self, frame: Frame) -> None:
        """Send, if there is a connection; the reader meets a lost one and connects again."""
        if self._socket is not None:
            with suppress(*_LOST):
                self._socket.send(orjson.dumps(frame).decode())

    def cut(self) -> None:
        """Lose the connection without a close frame, half of the time with a reset."""
        if self._socket is not None and self._socket.sock is not None:
            self._record.tally.count("cut")
            with suppress(OSError):
                if self._record.random.random() < 0.5:
                    self._socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                self._socket.sock.close()

    def leave(self) -> None:
        """End with a close frame."""
        self._leaving = True
        if self._socket is not None:
            with suppress(*_LOST):
                self._socket.send_close()
        if self._greenlet is not None:
            self._greenlet.join(2.0)
        self.abandon()

    def abandon(self) -> None:
        """End at once."""
        self._leaving = True
        if self._socket is not None and self._socket.sock is not None:
            self._socket.sock.close()
        if self._greenlet is not None:
            self._greenlet.kill(block=False)

    def _live(self) -> None:
        attempt = 0
        while not self.is_over:
            began = time.perf_counter()
            try:
                self._connect(attempt, began)
                self._opened(began)
                while self._read():
                    attempt = 0
            except _LOST:
                attempt += 1
            finally:
                self._socket = None
            if not self.is_over:
                gevent.sleep(back_off(attempt, self._record.random))

    def _connect(self, attempt: int, began: float) -> None:
        try:
            self._socket = websocket.create_connection(
                self._url(), timeout=CONNECT_S, subprotocols=["bearer", self._token]
            )
        except _LOST as error:
            self._record.tally.count("not connected")
            if attempt == 0:  # one failure for each time that there is nobody
                status = getattr(error, "status_code", None)
                what = f"handshake answered with {status}" if status else type(error).__name__
                self._record.request("RESUME", "could not connect", began, ConnectionError(what))
            raise
        self._socket.settimeout(None)
        self._record.tally.count("connections")
        self.number += 1

    def _read(self) -> bool:
        """One frame; False where the server closed the connection."""
        assert self._socket is not None
        opcode, payload = self._socket.recv_data(control_frame=True)
        at = time.perf_counter()
        if opcode == websocket.ABNF.OPCODE_TEXT:
            self._take(orjson.loads(payload), at)
        elif opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            if not self._leaving:
                self._record.tally.count(f"closed with {code}")
                if code in FINAL:
                    self.ended = code
                    self._finished()
            return False
        return True
