"""Numbers of users and restaurants, and their assignment to workers. Pure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Numbers of restaurants, waiters per restaurant and users."""

    restaurants: int
    waiters: int
    users: int

    @property
    def staff(self) -> int:
        """A kitchen, a manager and the waiters of each restaurant."""
        return self.restaurants * (2 + self.waiters)

    @property
    def tables(self) -> int:
        """Tables per restaurant: more than its guests can occupy at once."""
        guests = max(1, self.users - self.staff) / self.restaurants
        return math.ceil(guests * 1.2) + 2


def assign(restaurants: int, workers: list[str]) -> dict[str, list[int]]:
    """Worker -> indices of its restaurants in the list of all."""
    return {
        worker: list(range(index, restaurants, len(workers)))
        for index, worker in enumerate(workers)
    }
