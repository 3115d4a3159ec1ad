"""How many users share how many restaurants, and which worker has which. Pure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How many users share how many restaurants."""

    restaurants: int
    waiters: int
    users: int

    @property
    def staff(self) -> int:
        """A kitchen, a manager and waiters for each."""
        return self.restaurants * (2 + self.waiters)

    @property
    def tables(self) -> int:
        """Of each restaurant: enough for all of its guests at once, and some."""
        guests = max(1, self.users - self.staff) / self.restaurants
        return math.ceil(guests * 1.2) + 2


def deal(restaurants: int, workers: list[str]) -> dict[str, list[int]]:
    """Worker -> the places of its restaurants in the list of all."""
    return {
        worker: list(range(place, restaurants, len(workers)))
        for place, worker in enumerate(workers)
    }
