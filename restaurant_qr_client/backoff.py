"""Delays between retries: growing and random, so that clients do not retry in step."""

import random
from collections.abc import Callable


class Backoff:
    """Delays in seconds, each up to a bound that doubles from `first` to `longest`."""

    def __init__(
        self, first: float, longest: float, uniform: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._longest = longest
        self._uniform = uniform
        self._bound = first

    def next(self) -> float:
        delay = self._uniform() * self._bound
        self._bound = min(self._longest, 2 * self._bound)
        return delay

    def reset(self) -> None:
        self._bound = self._first
