"""Where chance and clocks come from: the seed, whatever the product draws them with."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

from tests.simulation.loop import SimLoop

BEGIN = datetime(2026, 1, 1, 18, tzinfo=UTC)
"""The wall clock at the loop's time 0."""


def stream(seed: int, name: str) -> Random:
    """One part's own chance, so that more draws in one part leave the others as they were."""
    return Random(f"{seed}/{name}")


@contextmanager
def sealed(seed: int, loop: SimLoop) -> Iterator[None]:
    """Inside, nothing is drawn from the machine: not ids, not tokens, not the time."""
    entropy = stream(seed, "entropy").randbytes
    before = random.getstate()
    random.seed(f"{seed}/shared")
    begin = BEGIN.timestamp()
    with (
        patch.object(os, "urandom", entropy),
        patch.object(random, "_urandom", entropy),
        patch.object(time, "time", lambda: begin + loop.time()),
        patch.object(time, "monotonic", loop.time),
    ):
        try:
            yield
        finally:
            random.setstate(before)


class SimClock:
    """One process's wall clock: the simulated time, and how far it is off."""

    def __init__(self, loop: SimLoop, off_s: float) -> None:
        self._loop = loop
        self.off_s = off_s

    def now(self) -> datetime:
        """To the millisecond, as the product's own clock."""
        seconds = round(self._loop.time() + self.off_s, 3)
        return BEGIN + timedelta(seconds=seconds)
