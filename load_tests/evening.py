"""An evening: when parties come, and how long people take for what they do.

Everything is said in minutes of a real evening of five hours and compressed into the minutes that a
load test has. Pure: chance is handed in.
"""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

EVENING_MINUTES = 300.0
"""From the first guest to the last bill."""

CURVE = ((0.0, 0.3), (0.12, 0.6), (0.3, 1.0), (0.5, 0.9), (0.6, 0.5), (0.72, 0.0))
"""Share of the evening -> how many parties come, of the peak's; straight lines between."""


@dataclass(frozen=True)
class Pace:
    """What people take on average, in minutes of the evening."""

    read_menu: float = 5.0
    change_mind: float = 0.5
    notice: float = 0.7
    cook: float = 11.0
    carry: float = 1.5
    eat: float = 22.0
    fetch_bill: float = 2.0
    table_stays_free: float = 12.0
    between_looks: float = 15.0
    between_lost_connections: float = 40.0


PACE = Pace()


@dataclass(frozen=True)
class Evening:
    """One evening in `minutes` of the test."""

    minutes: float

    @property
    def length_s(self) -> float:
        return self.minutes * 60

    def seconds(self, evening_minutes: float) -> float:
        """How long minutes of the evening are in the test."""
        return evening_minutes * self.length_s / EVENING_MINUTES

    def think(self, mean_minutes: float, random: Random) -> float:
        """Seconds that somebody takes: mostly a little less than the mean, at times a lot more."""
        return self.seconds(min(random.gammavariate(3.0, mean_minutes / 3.0), 5 * mean_minutes))

    def arrival(self, elapsed_s: float, random: Random) -> float | None:
        """Seconds until the next party comes to a place that is free; None: none this evening.

        A Poisson process as dense as the curve, by thinning.
        """
        at = elapsed_s
        mean = self.seconds(PACE.table_stays_free)
        while True:
            at += random.expovariate(1.0 / mean)
            share = at / self.length_s
            if share >= CURVE[-1][0]:
                return None
            if random.random() < appetite(share):
                return at - elapsed_s


def appetite(share: float) -> float:
    """How dense parties come at a share of the evening, 0 to 1."""
    if not CURVE[0][0] <= share <= CURVE[-1][0]:
        return 0.0
    for (left, low), (right, high) in pairwise(CURVE):
        if share <= right:
            return low + (high - low) * (share - left) / (right - left)
    return 0.0


def back_off(attempt: int, random: Random) -> float:
    """Seconds before attempt 1, 2, … to connect again: doubling up to 5, and never in step."""
    return float(min(5.0, 0.1 * 2.0 ** min(attempt, 10))) * random.uniform(0.5, 1.0)
