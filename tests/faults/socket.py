"""A WebSocket that reconnects to whichever node accepts it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from load_tests.channels import Frame
from load_tests.schedule import back_off
from restaurant_qr_wire.errors import CloseCode
from tests.faults.trial_log import TrialLog

HANDSHAKE_TIMEOUT_S = 5.0
PING_TIMEOUT_S = 10.0
"""Seconds of silence after which a connection counts as lost."""
FINAL = frozenset(
    {CloseCode.BAD_REQUEST, CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND}
)
"""Close codes after which reconnecting is futile."""


class TrialSocket:
    """`on_open` is called on each connection, `on_frame` with each frame; `number` counts
    connections."""

    def __init__(
        self,
        log: TrialLog,
        urls: Sequence[str],
        path: Callable[[], str],
        token: str,
        on_open: Callable[[], None],
        on_frame: Callable[[Frame], None],
    ) -> None:
        self._log = log
        self._urls = urls
        self._next_url = log.random.randrange(len(urls))
        self._path = path
        self._token = token
        self._on_open = on_open
        self._on_frame = on_frame
        self._socket: ClientConnection | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self.number = 0
        self.ended: int | None = None
        self.task = asyncio.create_task(self._run())

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def send(self, frame: Frame) -> None:
        """Send if connected; the reader detects a lost connection and reconnects."""
        if self._socket is not None:
            task = asyncio.create_task(self._send(self._socket, orjson.dumps(frame).decode()))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def cut(self) -> None:
        """Abort a connection whose peer does not answer."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def close(self) -> None:
        """Close for good, with a close frame."""
        socket, self._socket = self._socket, None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        if socket is not None:
            await socket.close()

    async def _send(self, socket: ClientConnection, text: str) -> None:
        with suppress(ConnectionClosed):
            await socket.send(text)

    async def _run(self) -> None:
        attempt = 0
        while self.ended is None:
            try:
                self._socket = await self._connect()
                self._on_open()
                async for text in self._socket:
                    attempt = 0
                    self._on_frame(orjson.loads(text))
                self._on_closed(self._socket.close_code)
            except ConnectionClosed:
                assert self._socket is not None
                self._on_closed(self._socket.close_code)
            except (OSError, InvalidHandshake, TimeoutError) as error:
                self._on_failed_connect(error)
            finally:
                self._socket = None
            attempt += 1
            await asyncio.sleep(back_off(attempt - 1, self._log.random))

    async def _connect(self) -> ClientConnection:
        """Connect to the next node; a load balancer would skip one that is down."""
        self._next_url += 1
        url = self._urls[self._next_url % len(self._urls)].replace("http", "ws", 1)
        socket = await connect(
            url + self._path(),
            additional_headers={"Authorization": f"Bearer {self._token}"},
            open_timeout=HANDSHAKE_TIMEOUT_S,
            close_timeout=1,
            ping_interval=PING_TIMEOUT_S / 2,
            ping_timeout=PING_TIMEOUT_S / 2,
            compression=None,
            proxy=None,
        )
        self.number += 1
        return socket

    def _on_closed(self, code: int | None) -> None:
        if code in FINAL:
            self.ended = code
        self._log.client_errors[str(code)] += 1

    def _on_failed_connect(self, error: Exception) -> None:
        status = error.response.status_code if isinstance(error, InvalidStatus) else None
        what = f"HTTP {status}" if status else "no connection"
        self._log.client_errors[what] += 1


def now() -> float:
    """The monotonic clock of a trial, in seconds."""
    return time.monotonic()
