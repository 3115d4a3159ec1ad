"""A probe: sends one command after another to one session and records each ack."""

import asyncio
import itertools
from typing import NamedTuple

from tests.faults.client import TrialClient
from tests.faults.restaurant import TrialRestaurant
from tests.faults.socket import now

PACE_S = 0.15


class Acked(NamedTuple):
    """A command's first send and its ack."""

    sent: float
    acked: float


class Probe:
    """Changes the guest count of a session that stays open during the trial."""

    def __init__(self, restaurant: TrialRestaurant, session: TrialClient) -> None:
        self.restaurant = restaurant
        self._session = session
        self._guest_counts = restaurant.guest_counts.setdefault(session.id, [])
        self.acks: list[Acked] = []

    async def run(self, stop: asyncio.Event) -> None:
        for turn in itertools.count():
            if stop.is_set():
                break
            sent, guests = now(), turn % 40 + 3
            await self._session.request("update_guests_count", guests_count=guests)
            self._guest_counts.append(guests)
            self.acks.append(Acked(sent, now()))
            await asyncio.sleep(max(0.0, sent + PACE_S - now()))
        await self._session.close()

    def first_after(self, moment: float) -> float | None:
        """Seconds from a moment to the first ack of a command sent after it."""
        return next((ack.acked - moment for ack in self.acks if ack.sent >= moment), None)

    def longest(self, begin: float, end: float) -> float:
        """The longest wait of a command in flight between two moments."""
        waits = [ack.acked - ack.sent for ack in self.acks if ack.acked > begin and ack.sent < end]
        return max(waits, default=0.0)
