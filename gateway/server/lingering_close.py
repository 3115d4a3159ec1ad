"""The last protocol of a connection: waits until the client closes, too (nginx's lingering close).

Closing immediately would reset a connection whose client still sends, and the client would lose a
close frame or response that it has not read yet.
"""

import asyncio
from collections.abc import Callable
from typing import Any

_BUFFER = memoryview(bytearray(64 * 1024))
"""Shared by all connections, since the data is discarded."""


class LingeringClose(asyncio.BufferedProtocol):
    """Discards what the client sends. `on_gone` is called at the end."""

    def __init__(self, on_gone: Callable[[], None] | None = None) -> None:
        self._on_gone = on_gone
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: Any, timeout_s: float) -> None:
        """Send the written bytes and an end of stream, then wait for the client's end of stream, at
        most `timeout_s`."""
        transport.set_protocol(self)
        transport.resume_reading()
        self._timer = asyncio.get_running_loop().call_later(timeout_s, transport.abort)
        try:
            transport.write_eof()
        except OSError:  # the client is gone, and the event loop has not reported it yet
            transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Discard the bytes."""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._on_gone is not None:
            self._on_gone()
