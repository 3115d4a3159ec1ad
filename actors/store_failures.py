"""Counts and logs failed calls to the store."""

import logging
import time

from engine.metrics import STORE_FAILURES
from storage.failures import Cause

log = logging.getLogger(__name__)

LOG_INTERVAL_S = 10.0
"""Minimum time between two log lines with the same cause. In an outage, thousands of calls fail."""

_logged_at: dict[Cause, float] = {}


def count(cause: Cause, error: Exception) -> None:
    """Count and log a failed call."""
    STORE_FAILURES.add(label_value=cause.value)
    now = time.monotonic()
    if now - _logged_at.get(cause, -LOG_INTERVAL_S) >= LOG_INTERVAL_S:
        _logged_at[cause] = now
        log.warning("store call failed", extra={"cause": cause.value, "why": str(error)})
