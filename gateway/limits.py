"""Rate limits and connection quotas."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from gateway.metrics import LIMIT_VIOLATIONS
from protocol.errors import Code, Rejected
from protocol.limits import LimitExceeded

T = TypeVar("T")

GUESSES_PER_MINUTE = 10.0
GUESS_BURST = 20
MAX_TRACKED_KEYS = 100_000
BYTES_PER_UNIT = 4096
"""Bytes of a message that count as one message."""
RATE_LIMITED = Rejected(Code.RATE_LIMITED, "Too many requests. Wait a moment and send it again.")


def record_violation(parsed: T | Rejected) -> T | Rejected:
    """Count a violation if `parsed` is over a message limit. Returns `parsed`."""
    if isinstance(parsed, LimitExceeded):
        LIMIT_VIOLATIONS.add(label_value=parsed.limit)
    return parsed


def message_cost(size: int) -> int:
    """Rate-limit cost of a message of `size` bytes."""
    return 1 + size // BYTES_PER_UNIT


class TokenBucket:
    """A limit of `rate` messages per second on average, and `burst` in a row."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self, count: int = 1) -> bool:
        """Take `count` tokens; False if none is left. A large message may overdraw the bucket, so
        that the next ones wait longer."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < min(count, 1):
            return False
        self._tokens -= count
        return True

    def refund(self) -> None:
        """Give one token back."""
        self._tokens = min(self._burst, self._tokens + 1.0)


class KeyedRateLimiter:
    """A token bucket for each key; the least recently used keys are dropped. `limit` is its name in
    metrics, `bucket` makes the bucket of a new key."""

    def __init__(
        self, bucket: Callable[[], TokenBucket], limit: str, max_keys: int = MAX_TRACKED_KEYS
    ) -> None:
        self._bucket = bucket
        self._limit = limit
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, key: str, count: int = 1) -> bool:
        """Take `count` tokens of a key; False if it is over its limit."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._bucket()
            if len(self._buckets) > self._max_keys:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        if bucket.take(count):
            return True
        LIMIT_VIOLATIONS.add(label_value=self._limit)
        return False

    def refund(self, key: str) -> None:
        """Give one token of a key back."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.refund()


def code_guess_limiter() -> KeyedRateLimiter:
    """A limiter of wrong codes, by client."""
    return KeyedRateLimiter(lambda: TokenBucket(GUESSES_PER_MINUTE / 60.0, GUESS_BURST), "guesses")


class ConnectionQuota:
    """Counts the connections of each key, at most `max_count`. The key None is unlimited. `limit`
    is its name in metrics."""

    def __init__(self, max_count: int, limit: str) -> None:
        self._max_count = max_count
        self._limit = limit
        self._counts: dict[str, int] = {}

    def acquire(self, key: str | None) -> bool:
        """Count one connection. Returns False, and counts none, if the key already has
        `max_count`."""
        if key is None:
            return True
        count = self._counts.get(key, 0)
        if count >= self._max_count:
            LIMIT_VIOLATIONS.add(label_value=self._limit)
            return False
        self._counts[key] = count + 1
        return True

    def release(self, key: str | None) -> None:
        """Uncount one connection."""
        if key is None:
            return
        count = self._counts[key] - 1
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]
