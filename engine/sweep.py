"""The sweep: activates entities whose effects or timers are overdue because no host has them in
memory.

Normally an entity's host delivers its effects and fires its timers. If that host has ended and the
entity gets no message, only the store's due index lists it. The sweep reads the index, and has the
entity's current host load it and resume. Of all gateways, the holder of a lease sweeps.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from engine.messages import ACCEPTED, Activate, Message, Reply
from engine.metrics import ORPHANS_ACTIVATED, SWEEPS
from engine.periodic import every
from protocol.ids import Address
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 5.0
GRACE_S = 5.0
"""Delay after which a due effect or timer is overdue: until then its host may still handle it."""
MAX_ACTIVATIONS = 500
"""Maximum number of entities that one sweep activates."""
MAX_CONCURRENT = 16
"""Maximum number of concurrent activations. Each may have to start an actor."""


class Sweep:
    """The sweep of one gateway. `send` sends a message to the host of its entity, `holder` is the
    gateway's name in the lease."""

    def __init__(
        self, store: Store, send: Callable[[Message], Awaitable[Reply]], holder: str
    ) -> None:
        self._store = store
        self._send = send
        self._holder = holder

    async def run(self) -> None:
        """Sweep immediately and then every PERIOD_S seconds, until cancelled."""
        await every(PERIOD_S, self._sweep_if_leader, name="sweep", immediately=True)

    async def _sweep_if_leader(self) -> None:
        try:
            if await self._store.lease("sweep", self._holder, 3 * PERIOD_S):
                await self.once()
                SWEEPS.add()
        except StoreUnavailable as error:
            log.warning("outbox sweep skipped: store unavailable", extra={"why": str(error)})

    async def once(self) -> int:
        """Activate overdue entities. Returns their number. Raises StoreUnavailable."""
        restaurants = await self._store.restaurants()
        random.shuffle(restaurants)  # so that MAX_ACTIVATIONS never excludes the same ones
        overdue = await self._store.overdue(restaurants, time.time() - GRACE_S, MAX_ACTIVATIONS)
        ORPHANS_ACTIVATED.add(len(overdue))
        slots = asyncio.Semaphore(MAX_CONCURRENT)

        async def activate(address: Address) -> None:
            async with slots:
                if await self._send(Activate(address)) is not ACCEPTED:
                    log.warning("cannot activate an overdue entity", extra={"entity": str(address)})

        await asyncio.gather(*map(activate, overdue))
        return len(overdue)
