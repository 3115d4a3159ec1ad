"""Pauses between tries: growing, and never in step with those of other clients."""

import random
from collections.abc import Callable


class Backoff:
    """Seconds: anything up to a bound that doubles from `first` to `longest`."""

    def __init__(
        self, first: float, longest: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._bound = first

    def next(self) -> float:
        pause = self._chance() * self._bound
        self._bound = min(self._longest, 2 * self._bound)
        return pause

    def reset(self) -> None:
        self._bound = self._first
