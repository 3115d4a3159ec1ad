"""Stops new connections to a gateway whose event loop is stalled.

The kernel distributes connections over all gateways that listen, whether they respond or not. A
thread shuts down the listening sockets of a gateway whose event loop has been blocked for
`STALL_S`; the loop opens them again when it recovers.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

log = logging.getLogger(__name__)

STALL_S = 3.0
CHECK_INTERVAL_S = 0.5


class Watchdog:
    """Watches one event loop, which must call `record_turn` at least once a second."""

    def __init__(self, stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._turned_at = time.monotonic()
        self._sockets: list[socket.socket] = []
        self._is_shut = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="listener watchdog", daemon=True)

    def start(self, sockets: Iterable[socket.socket]) -> None:
        """Start watching. The sockets' file descriptors stay open until `stop` or the next
        `start`."""
        self._sockets = list(sockets)
        self._is_shut = False
        self._turned_at = time.monotonic()
        if not self._thread.is_alive():
            self._thread.start()

    def record_turn(self) -> bool:
        """Record that the loop runs. Returns whether the sockets were shut down and must be
        replaced."""
        self._turned_at = time.monotonic()
        return self._is_shut

    def stop(self) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(CHECK_INTERVAL_S):
            stood_s = time.monotonic() - self._turned_at
            if stood_s > self._stall_s and not self._is_shut:
                self._is_shut = True
                log.error(
                    "event loop stalled; listening sockets shut down",
                    extra={"seconds": round(stood_s, 1)},
                )
                for each in self._sockets:
                    with suppress(OSError):
                        # Not `close`: the loop would use the next file with the same descriptor.
                        each.shutdown(socket.SHUT_RDWR)
