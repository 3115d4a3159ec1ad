"""Values that a gateway measures periodically instead of counting events."""

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
"""The period at which metrics are exported to Ray."""


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
        """Measure until cancelled. A store that refuses writes shows in its failed calls."""
        for channel in Channel:
            CONNECTIONS.add(0, of=channel.value)  # exported before the first socket, too
        while True:
            try:
                self.measure()
                await self.measure_store()
            except StoreUnavailable:
                pass  # counted and logged where it failed
            except Exception:
                log.exception("cannot measure gauges; retrying")
            await asyncio.sleep(PERIOD_S)

    def measure(self) -> None:
        """Set the queue lengths by host, the expected hosts and the limit of connections."""
        MAX_CONNECTIONS.set(self._limits.max_connections)
        placement = self._whereabouts.placement
        shards = placement.actors().values() if placement.mode is Mode.SHARD else ()
        HOSTS_EXPECTED.replace(dict.fromkeys(shards, 1.0))
        WAITING.replace(self._links.waiting())

    async def measure_store(self) -> None:
        """Set the store's own gauges. Raises StoreUnavailable if it takes no writes."""
        status = await self._store.check()
        CLOCK_OFFSET.set(time.time() - status.clock)
        STORE_MEMORY_USED.set(status.memory_used)
        STORE_REPLICAS.set(status.replicas)
        STORE_REPLICA_LAG.set(status.replica_lag_bytes)
        BACKED_UP_AT.set(status.backed_up_at)
