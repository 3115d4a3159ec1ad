"""Counts and logs what the store did not do, for every process that uses it."""

import logging
import time

from actors.metrics import STORE_FAILURES
from storage.failures import Cause

log = logging.getLogger(__name__)

EVERY_S = 10.0
"""Between two lines about the same cause: a store that is away fails thousands of calls."""

_logged_at: dict[Cause, float] = {}


def count(cause: Cause, error: Exception) -> None:
    """One call that failed."""
    STORE_FAILURES.add(of=cause.value)
    now = time.monotonic()
    if now - _logged_at.get(cause, -EVERY_S) >= EVERY_S:
        _logged_at[cause] = now
        log.warning("the store failed a call", extra={"cause": cause.value, "why": str(error)})
