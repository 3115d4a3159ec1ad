"""Counts and logs failed calls to the store, for every process that uses it."""

import logging
import time

from engine.metrics import STORE_FAILURES
from storage.failures import Cause

log = logging.getLogger(__name__)

EVERY_S = 10.0
"""Minimum seconds between two log lines about one cause. An outage fails thousands of calls."""

_logged_at: dict[Cause, float] = {}


def count(cause: Cause, error: Exception) -> None:
    """Count and log a failed call."""
    STORE_FAILURES.add(label_value=cause.value)
    now = time.monotonic()
    if now - _logged_at.get(cause, -EVERY_S) >= EVERY_S:
        _logged_at[cause] = now
        log.warning("store call failed", extra={"cause": cause.value, "why": str(error)})
