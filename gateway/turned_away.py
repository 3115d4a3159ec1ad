"""Counts repeated problems of clients, and logs each cause at most once a minute.

Log lines contain nothing that identifies a client.
"""

import logging
import time
from collections.abc import Callable

from actors.meters import Counter
from gateway.metrics import TURNED_AWAY

log = logging.getLogger(__name__)

EVERY_S = 60.0
"""Minimum seconds between two log lines about the same cause."""


class TurnedAway:
    """One cause, its log message, and the counter that has the cause as its label."""

    def __init__(
        self,
        cause: str,
        sentence: str,
        counter: Counter = TURNED_AWAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cause = cause
        self._sentence = sentence
        self._counter = counter
        self._clock = clock
        self._said_at: float | None = None
        self._unsaid = 0

    def one(self, why: str) -> None:
        """Count one problem; `why` is a field of the log line."""
        self._counter.add(of=self._cause)
        self._unsaid += 1
        now = self._clock()
        if self._said_at is not None and now - self._said_at < EVERY_S:
            return
        log.warning(self._sentence, extra={"times": self._unsaid, "why": why})
        self._said_at, self._unsaid = now, 0
