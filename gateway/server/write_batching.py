"""Batches the frames of one iteration of the event loop into one system call per socket."""

import asyncio
import logging
from typing import Protocol

log = logging.getLogger(__name__)


class Flushable(Protocol):
    def flush(self) -> None:
        """Pass the batched bytes to the transport."""


class WriteBatcher:
    """The sockets of one server with something to flush. Flushing waits for one more iteration of
    the loop, so that an ack, which follows its events in the next one, leaves with them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._written: list[Flushable] = []

    def schedule(self, socket: Flushable) -> None:
        """Flush a socket after this iteration of the loop and the next."""
        if not self._written:
            self._loop.call_soon(self._loop.call_soon, self._flush)
        self._written.append(socket)

    def _flush(self) -> None:
        written, self._written = self._written, []
        for socket in written:
            try:
                socket.flush()
            except Exception:
                log.exception("cannot write to a socket; others are not affected")
