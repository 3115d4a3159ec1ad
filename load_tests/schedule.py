"""When parties arrive, and how long users take for each step.

Durations are real minutes of five hours of service, compressed into the minutes of a load test.
Pure: random numbers are passed in.
"""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

REAL_MINUTES = 300.0
"""From the first guest to the last bill."""

ARRIVAL_CURVE = ((0.0, 0.3), (0.12, 0.6), (0.3, 1.0), (0.5, 0.9), (0.6, 0.5), (0.72, 0.0))
"""Share of the duration -> arrival density relative to the peak; linear in between."""


@dataclass(frozen=True)
class Pace:
    """Mean durations, in real minutes."""

    read_menu: float = 5.0
    change_mind: float = 0.5
    notice: float = 0.7
    cook: float = 11.0
    deliver: float = 1.5
    eat: float = 22.0
    fetch_bill: float = 2.0
    table_stays_free: float = 12.0
    between_reads: float = 15.0
    between_lost_connections: float = 40.0


PACE = Pace()


@dataclass(frozen=True)
class Schedule:
    """A workload compressed into `minutes`."""

    minutes: float

    @property
    def length_s(self) -> float:
        return self.minutes * 60

    def seconds(self, real_minutes: float) -> float:
        """Seconds of the test that correspond to real minutes."""
        return real_minutes * self.length_s / REAL_MINUTES

    def think(self, mean_minutes: float, random: Random) -> float:
        """A random think time in seconds: mostly below the mean, sometimes far above it."""
        return self.seconds(min(random.gammavariate(3.0, mean_minutes / 3.0), 5 * mean_minutes))

    def arrival(self, elapsed_s: float, random: Random) -> float | None:
        """Seconds until the next party arrives at a free table; None if there is none.

        A Poisson process with the density of the curve, by thinning.
        """
        at = elapsed_s
        mean = self.seconds(PACE.table_stays_free)
        while True:
            at += random.expovariate(1.0 / mean)
            share = at / self.length_s
            if share >= ARRIVAL_CURVE[-1][0]:
                return None
            if random.random() < arrival_density(share):
                return at - elapsed_s


def arrival_density(share: float) -> float:
    """Arrival density at a share of the duration, 0 to 1."""
    if not ARRIVAL_CURVE[0][0] <= share <= ARRIVAL_CURVE[-1][0]:
        return 0.0
    for (left, low), (right, high) in pairwise(ARRIVAL_CURVE):
        if share <= right:
            return low + (high - low) * (share - left) / (right - left)
    return 0.0


def back_off(attempt: int, random: Random) -> float:
    """Seconds before reconnect attempt 1, 2, …: doubling up to 5, with jitter."""
    return float(min(5.0, 0.1 * 2.0 ** min(attempt, 10))) * random.uniform(0.5, 1.0)
