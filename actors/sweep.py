"""The application's sweep: wakes entities whose effects or timers nobody carries.

An effect or timer is carried by its entity's host. Where that host is gone and nothing addresses
the entity, the store's index of what is due still names it; waking it makes its present host load
it, deliver its effects and fire its timers. One holder of the lease sweeps at a time.
"""

import asyncio
import logging
import random
import time
from collections.abc import Iterable

from actors.messages import Wake
from actors.metrics import SWEEPS, WOKEN
from actors.transport import HostGone, Hosts
from actors.whereabouts import Whereabouts
from protocol.ids import Address
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 5.0
GRACE_S = 5.0
"""How long past its time something may be in the hands of a live host."""
MAX_WAKES = 500
HOSTS_AT_ONCE = 16
"""Each may be an actor that has to be started."""
PATIENCE_S = 15.0


class Sweep:
    """Runs beside each gateway; `holder` names it in the lease."""

    def __init__(self, store: Store, hosts: Hosts, whereabouts: Whereabouts, holder: str) -> None:
        self._store = store
        self._hosts = hosts
        self._whereabouts = whereabouts
        self._holder = holder

    async def run(self) -> None:
        """Sweep for ever, at once and then every few seconds."""
        while True:
            try:
                if await self._store.lease("sweep", self._holder, 3 * PERIOD_S):
                    await self.once()
                    SWEEPS.add()
            except StoreUnavailable as error:
                log.warning("no sweep: the store is away", extra={"why": str(error)})
            except Exception:
                log.exception("a sweep failed; the next one tries again")
            await asyncio.sleep(PERIOD_S)

    async def once(self) -> int:
        """Wake all that is overdue; answers with how many entities that were."""
        restaurants = await self._store.restaurants()
        random.shuffle(restaurants)  # so that none of them always comes last
        overdue = await self._store.overdue(restaurants, time.time() - GRACE_S, MAX_WAKES)
        WOKEN.add(len(overdue))
        await self._wake(overdue)
        return len(overdue)

    async def _wake(self, addresses: Iterable[Address]) -> None:
        by_host: dict[str, list[Wake]] = {}
        for address in addresses:
            by_host.setdefault(self._whereabouts.host_of(address), []).append(Wake(address))
        room = asyncio.Semaphore(HOSTS_AT_ONCE)

        async def wake(host: str, batch: list[Wake]) -> None:
            async with room:
                try:
                    await asyncio.wait_for(self._hosts.deliver(host, batch), PATIENCE_S)
                except (HostGone, TimeoutError) as error:
                    log.warning(
                        "a host could not be woken", extra={"host": host, "why": str(error)}
                    )

        await asyncio.gather(*(wake(host, batch) for host, batch in by_host.items()))
