"""Who is turned away at the door, for those who run the service: counted, and said in the log at
most once in a while, without anything that says who it was.
"""

import logging
import time
from collections.abc import Callable

from gateway.metrics import TURNED_AWAY

log = logging.getLogger(__name__)

EVERY_S = 60.0
"""Between two lines about the same cause."""


class TurnedAway:
    """One cause, and the sentence that the log has for it."""

    def __init__(
        self, cause: str, sentence: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cause = cause
        self._sentence = sentence
        self._clock = clock
        self._said_at: float | None = None
        self._unsaid = 0

    def one(self, why: str) -> None:
        """Somebody was; `why` is part of the line that says so."""
        TURNED_AWAY.add(of=self._cause)
        self._unsaid += 1
        now = self._clock()
        if self._said_at is not None and now - self._said_at < EVERY_S:
            return
        log.warning(self._sentence, extra={"times": self._unsaid, "why": why})
        self._said_at, self._unsaid = now, 0
