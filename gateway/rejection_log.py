"""Counts rejections of clients, and logs each cause at most once a minute.

Log lines contain nothing that identifies a client.
"""

import logging
import time
from collections.abc import Callable

from engine.instruments import Counter
from gateway.metrics import REJECTED_CLIENTS

log = logging.getLogger(__name__)

LOG_INTERVAL_S = 60.0
"""Minimum seconds between two log lines about the same cause."""


class RejectionLog:
    """One cause, its log message, and the counter that has the cause as its label."""

    def __init__(
        self,
        reason: str,
        message: str,
        counter: Counter = REJECTED_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reason = reason
        self._message = message
        self._counter = counter
        self._clock = clock
        self._logged_at: float | None = None
        self._unlogged = 0

    def record(self, why: str) -> None:
        """Count one rejection; `why` is a field of the log line."""
        self._counter.add(label_value=self._reason)
        self._unlogged += 1
        now = self._clock()
        if self._logged_at is not None and now - self._logged_at < LOG_INTERVAL_S:
            return
        log.warning(self._message, extra={"times": self._unlogged, "why": why})
        self._logged_at, self._unlogged = now, 0
