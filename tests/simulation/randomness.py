"""Seeded random numbers and clocks, also for what the product draws itself."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

from tests.simulation.loop import SimLoop

START = datetime(2026, 1, 1, 18, tzinfo=UTC)
"""The wall clock at the loop's time 0."""


def random_stream(seed: int, name: str) -> Random:
    """A random generator of one component, independent of how much others draw."""
    return Random(f"{seed}/{name}")


@contextmanager
def deterministic(seed: int, loop: SimLoop) -> Iterator[None]:
    """Inside, ids, tokens and time come from the seed and the loop only."""
    entropy = random_stream(seed, "entropy").randbytes
    before = random.getstate()
    random.seed(f"{seed}/shared")
    begin = START.timestamp()
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
    """One process's wall clock: the simulated time plus `offset_s`."""

    def __init__(self, loop: SimLoop, offset_s: float) -> None:
        self._loop = loop
        self.offset_s = offset_s

    def now(self) -> datetime:
        """The time, to the millisecond as in the product's clock."""
        seconds = round(self._loop.time() + self.offset_s, 3)
        return START + timedelta(seconds=seconds)
