"""A probe: one command after the other on one session, and when each was acknowledged."""

import asyncio
import itertools
from typing import NamedTuple

from tests.faults.client import Client
from tests.faults.house import House
from tests.faults.link import now

PACE_S = 0.15


class Acked(NamedTuple):
    """A command, from when it was first sent to its ack."""

    sent: float
    acked: float


class Probe:
    """Changes the number of guests of a session that stays open as long as the trial."""

    def __init__(self, house: House, session: Client) -> None:
        self.house = house
        self._session = session
        self._counted = house.counted.setdefault(session.id, [])
        self.acks: list[Acked] = []

    async def run(self, enough: asyncio.Event) -> None:
        for turn in itertools.count():
            if enough.is_set():
                break
            sent, guests = now(), turn % 40 + 3
            await self._session.request("update_guests_count", guests_count=guests)
            self._counted.append(guests)
            self.acks.append(Acked(sent, now()))
            await asyncio.sleep(max(0.0, sent + PACE_S - now()))
        await self._session.close()

    def first_after(self, moment: float) -> float | None:
        """Seconds from a moment to the first ack of a command sent after it."""
        return next((ack.acked - moment for ack in self.acks if ack.sent >= moment), None)

    def longest(self, begin: float, end: float) -> float:
        """The longest that a command waited that was under way at some time between."""
        waits = [ack.acked - ack.sent for ack in self.acks if ack.acked > begin and ack.sent < end]
        return max(waits, default=0.0)
