"""A socket's messages between the frame parser and their handler."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.server.endpoint import Handler

log = logging.getLogger(__name__)

MAX_MESSAGES, MAX_BYTES = 8, 64 * 1024
"""Waiting messages at which reading is paused; it resumes at half of that. Messages of one read are
queued even beyond it."""


class ReceiveQueue:
    """Passes messages to the handler one at a time, in order. Runs a task only while there are
    messages, because most sockets are idle. `on_failure` is called if the handler raises."""

    __slots__ = ("_bytes", "_handler", "_messages", "_on_failure", "_on_idle", "_runner",
                 "_transport", "is_paused")  # fmt: skip

    def __init__(
        self, transport: Any, handler: Handler | None, on_failure: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._handler = handler
        self._on_failure = on_failure
        self._on_idle: Callable[[], None] | None = None
        self._messages: deque[tuple[str | bytes, int]] = deque()
        self._bytes = 0
        self.is_paused = False  # whether reading from the socket is paused
        self._runner: asyncio.Task[None] | None = None

    def start(self, handler: Handler) -> None:
        """Set the handler. It also gets the messages that arrived before."""
        self._handler = handler
        self._run_soon()

    def put(self, message: str | bytes, size: int) -> None:
        """Add a message of `size` bytes."""
        self._messages.append((message, size))
        self._bytes += size
        is_full = len(self._messages) >= MAX_MESSAGES or self._bytes >= MAX_BYTES
        if is_full and not self.is_paused:
            self.is_paused = True
            self._transport.pause_reading()
        self._run_soon()

    def when_idle(self, on_idle: Callable[[], None]) -> None:
        """Call `on_idle` once all messages are handled; now if there are none."""
        if self._runner is None:
            on_idle()
        else:
            self._on_idle = on_idle

    def _run_soon(self) -> None:
        if self._runner is None and self._messages and self._handler is not None:
            self._runner = asyncio.create_task(self._run(self._handler))

    async def _run(self, handler: Handler) -> None:
        try:
            while self._messages:
                message, size = self._messages.popleft()
                self._bytes -= size
                await handler(message)
                if len(self._messages) <= MAX_MESSAGES // 2 and self._bytes <= MAX_BYTES // 2:
                    self._resume()
                if self._messages:
                    await asyncio.sleep(0)  # lets other sockets' handlers run in between
        except Exception:
            log.exception("cannot handle a message; closing its socket")
            self._on_failure()
        finally:
            self._runner = None
            self._resume()
            if self._on_idle is not None:
                self._on_idle()

    def _resume(self) -> None:
        if self.is_paused:
            self.is_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
