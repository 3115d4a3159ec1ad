"""How much one client may send, and how many connections it may have."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from gateway.metrics import LIMITED
from protocol.bounds import Beyond
from protocol.errors import Rejected

T = TypeVar("T")

GUESSES_PER_MINUTE = 10.0
GUESSES_AT_ONCE = 20
REMEMBERED = 100_000
BYTES_OF_ONE = 4096
"""What a message may have that counts as one."""


def counted(parsed: T | Rejected) -> T | Rejected:
    """The same. Where a message is over one of the limits of messages, that is counted."""
    if isinstance(parsed, Beyond):
        LIMITED.add(of=parsed.limit)
    return parsed


def weight(size: int) -> int:
    """As how many messages one of so many bytes counts: it costs more to read."""
    return 1 + size // BYTES_OF_ONE


class TokenBucket:
    """`rate` messages a second on average, `burst` at once."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self, count: int = 1) -> bool:
        """Whether one more message is within the limit. One that counts as several is taken whole,
        and the next ones wait the longer."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < min(count, 1):
            return False
        self._tokens -= count
        return True

    def give_back(self) -> None:
        """What was taken did not count."""
        self._tokens = min(self._burst, self._tokens + 1.0)


class Rates:
    """A token bucket each; of the many that ever came, those that came last. `limit` is what that
    is called where refusals are counted, `bucket` makes the one of somebody new."""

    def __init__(
        self, bucket: Callable[[], TokenBucket], limit: str, remembered: int = REMEMBERED
    ) -> None:
        self._bucket = bucket
        self._limit = limit
        self._remembered = remembered
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, who: str, count: int = 1) -> bool:
        """Count so many; False where they must wait before the next."""
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = self._bucket()
            if len(self._buckets) > self._remembered:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(who)
        if bucket.take(count):
            return True
        LIMITED.add(of=self._limit)
        return False

    def give_back(self, who: str) -> None:
        """The one that was taken does not count."""
        bucket = self._buckets.get(who)
        if bucket is not None:
            bucket.give_back()


def guesses() -> Rates:
    """For wrong codes, by who tries them."""
    return Rates(lambda: TokenBucket(GUESSES_PER_MINUTE / 60.0, GUESSES_AT_ONCE), "guesses")


class Occupancy:
    """How many places each holder has; at most `most` of them. No holder (None) is unlimited.
    `limit` is what that is called where refusals are counted."""

    def __init__(self, most: int, limit: str) -> None:
        self._most = most
        self._limit = limit
        self._held: dict[str, int] = {}

    def enter(self, holder: str | None) -> bool:
        """Take one place; False, and nothing taken, where the holder has all of its own."""
        if holder is None:
            return True
        held = self._held.get(holder, 0)
        if held >= self._most:
            LIMITED.add(of=self._limit)
            return False
        self._held[holder] = held + 1
        return True

    def leave(self, holder: str | None) -> None:
        """Give one back."""
        if holder is None:
            return
        held = self._held[holder] - 1
        if held:
            self._held[holder] = held
        else:
            del self._held[holder]
