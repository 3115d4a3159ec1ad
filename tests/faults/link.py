"""One socket after another to whichever node takes it: connects, reads, and connects again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from load_tests.channels import Frame
from load_tests.evening import back_off
from restaurant_qr_client.protocol import CloseCode
from tests.faults.book import Book

HANDSHAKE_S = 5.0
PING_S = 10.0
"""A connection whose peer is silent for so long is lost."""
FINAL = frozenset(
    {CloseCode.MALFORMED, CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.NOT_FOUND}
)
"""Close codes that connecting again does not help."""


class Link:
    """`opened` is called on each connection, `take` with each frame; `number` counts connections,
    `lost_at` is when the last one was lost."""

    def __init__(
        self,
        book: Book,
        urls: Sequence[str],
        path: Callable[[], str],
        token: str,
        opened: Callable[[], None],
        take: Callable[[Frame], None],
    ) -> None:
        self._book = book
        self._urls = urls
        self._turn = book.random.randrange(len(urls))
        self._path = path
        self._token = token
        self._opened = opened
        self._take = take
        self._socket: ClientConnection | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self.number = 0
        self.ended: int | None = None
        self.task = asyncio.create_task(self._live())

    @property
    def is_up(self) -> bool:
        return self._socket is not None

    def send(self, frame: Frame) -> None:
        """Send, if there is a connection; the reader meets a lost one and connects again."""
        if self._socket is not None:
            task = asyncio.create_task(self._send(self._socket, orjson.dumps(frame).decode()))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def cut(self) -> None:
        """Give the connection up: whoever it leads to does not answer."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def leave(self) -> None:
        """End for good, with a close frame."""
        socket, self._socket = self._socket, None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        if socket is not None:
            await socket.close()

    async def _send(self, socket: ClientConnection, text: str) -> None:
        with suppress(ConnectionClosed):
            await socket.send(text)

    async def _live(self) -> None:
        attempt = 0
        while self.ended is None:
            try:
                self._socket = await self._connect()
                self._opened()
                async for text in self._socket:
                    attempt = 0
                    self._take(orjson.loads(text))
                self._closed(self._socket.close_code)
            except ConnectionClosed:
                assert self._socket is not None
                self._closed(self._socket.close_code)
            except (OSError, InvalidHandshake, TimeoutError) as error:
                self._not_connected(error)
            finally:
                self._socket = None
            attempt += 1
            await asyncio.sleep(back_off(attempt - 1, self._book.random))

    async def _connect(self) -> ClientConnection:
        """To the next node: a load balancer would not send twice to one that is away."""
        self._turn += 1
        url = self._urls[self._turn % len(self._urls)].replace("http", "ws", 1)
        socket = await connect(
            url + self._path(),
            additional_headers={"Authorization": f"Bearer {self._token}"},
            open_timeout=HANDSHAKE_S,
            close_timeout=1,
            ping_interval=PING_S / 2,
            ping_timeout=PING_S / 2,
            compression=None,
            proxy=None,
        )
        self.number += 1
        return socket

    def _closed(self, code: int | None) -> None:
        if code in FINAL:
            self.ended = code
        self._book.met[str(code)] += 1

    def _not_connected(self, error: Exception) -> None:
        status = error.response.status_code if isinstance(error, InvalidStatus) else None
        what = f"HTTP {status}" if status else "no connection"
        self._book.met[what] += 1


def now() -> float:
    """The clock of all that a trial measures, in seconds."""
    return time.monotonic()
