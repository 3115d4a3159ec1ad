"""Pings all sockets with one timer, so that an idle socket needs neither a task nor a timer."""

import asyncio
import logging
from collections import deque
from typing import Protocol

log = logging.getLogger(__name__)

MAX_PINGS_PER_TURN = 500
"""Sockets that are pinged before the event loop gets to do other work."""


class Pingable(Protocol):
    def ping(self) -> bool:
        """Ping the client, or close a socket that has not answered the last ping. Returns whether
        to ping again."""


class Heartbeat:
    """Pings each socket every `interval_s` seconds, which is also how long it has to answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval_s: float) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._due: deque[tuple[float, Pingable]] = deque()  # soonest first: all wait as long
        self._timer: asyncio.TimerHandle | None = None

    def add(self, socket: Pingable) -> None:
        self._due.append((self._loop.time() + self._interval_s, socket))
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval_s, self._run)

    def stop(self) -> None:
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        now = self._loop.time()
        try:
            for _ in range(MAX_PINGS_PER_TURN):
                if not self._due or self._due[0][0] > now:
                    break
                _, socket = self._due.popleft()
                if _ping(socket):
                    self._due.append((now + self._interval_s, socket))
        finally:
            if self._due and self._timer is None:
                self._timer = self._loop.call_at(max(self._due[0][0], now + 0.001), self._run)


def _ping(socket: Pingable) -> bool:
    """Ping a socket; a failure must not end the heartbeat of the others. Returns whether to ping
    again."""
    try:
        return socket.ping()
    except Exception:
        log.exception("cannot ping a socket; it is not pinged again")
        return False
