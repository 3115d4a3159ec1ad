"""What a gateway measures now and then, and does not count as it happens."""

import asyncio
import logging
import time

from actors.placement import Mode
from actors.whereabouts import Whereabouts
from gateway.links import Links
from gateway.metrics import (
    BACKED_UP_AT,
    CLOCK_OFFSET,
    CONNECTIONS,
    HOSTS_EXPECTED,
    MAX_CONNECTIONS,
    STORE_MEMORY_USED,
    STORE_REPLICA_LAG,
    STORE_REPLICAS,
    WAITING,
)
from gateway.settings import Limits
from protocol.ids import Channel
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 5.0
"""As often as the values are handed to Ray."""


class Gauges:
    """Sets the gauges of one gateway, those of the store included."""

    def __init__(
        self, links: Links, whereabouts: Whereabouts, store: Store, limits: Limits
    ) -> None:
        self._limits = limits
        self._links = links
        self._whereabouts = whereabouts
        self._store = store

    async def run(self) -> None:
        """For ever. A store that refuses writes is counted by the failed calls."""
        for channel in Channel:
            CONNECTIONS.add(0, of=channel.value)  # shown before the first socket, too
        while True:
            try:
                self.measure()
                await self.measure_store()
            except StoreUnavailable:
                pass  # counted and logged where it failed
            except Exception:
                log.exception("gauges were not set; the next time is tried again")
            await asyncio.sleep(PERIOD_S)

    def measure(self) -> None:
        """What waits for which host, which hosts there must be, how many sockets there may be."""
        MAX_CONNECTIONS.set(self._limits.max_connections)
        placement = self._whereabouts.placement
        shards = placement.actors().values() if placement.mode is Mode.SHARD else ()
        HOSTS_EXPECTED.replace(dict.fromkeys(shards, 1.0))
        WAITING.replace(self._links.waiting())

    async def measure_store(self) -> None:
        """What the store says of itself. Raises StoreUnavailable if it takes no writes."""
        status = await self._store.check()
        CLOCK_OFFSET.set(time.time() - status.clock)
        STORE_MEMORY_USED.set(status.memory_used)
        STORE_REPLICAS.set(status.replicas)
        STORE_REPLICA_LAG.set(status.replica_lag_bytes)
        BACKED_UP_AT.set(status.backed_up_at)
