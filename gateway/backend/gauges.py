"""Metrics that a gateway measures periodically instead of counting events."""

import logging
import time
from contextlib import suppress

from engine.periodic import every
from engine.placement import Mode
from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.metrics import (
    BACKED_UP_AT,
    CLOCK_OFFSET,
    CONNECTIONS,
    HOSTS_EXPECTED,
    MAX_CONNECTIONS,
    QUEUED_MESSAGES,
    STORE_MEMORY_USED,
    STORE_REPLICA_LAG,
    STORE_REPLICAS,
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
        self, client: HostClient, watcher: PlacementWatcher, store: Store, limits: Limits
    ) -> None:
        self._limits = limits
        self._client = client
        self._watcher = watcher
        self._store = store

    async def run(self) -> None:
        """Measure until cancelled. Measuring tries a write, so that a store that refuses writes has
        failed calls."""
        for channel in Channel:
            CONNECTIONS.add(0, label_value=channel.value)  # so that it is exported without sockets
        await every(PERIOD_S, self._measure_all, name="measure_gauges", immediately=True)

    async def _measure_all(self) -> None:
        self.measure()
        with suppress(StoreUnavailable):  # counted and logged where it failed
            await self.measure_store()

    def measure(self) -> None:
        """Set the queue lengths by host, the expected hosts and the limit of connections."""
        MAX_CONNECTIONS.set(self._limits.max_connections)
        placement = self._watcher.placement
        shards = placement.actors().values() if placement.mode is Mode.SHARD else ()
        HOSTS_EXPECTED.replace(dict.fromkeys(shards, 1.0))
        QUEUED_MESSAGES.replace(self._client.queued())

    async def measure_store(self) -> None:
        """Set the store's own gauges. Raises StoreUnavailable if it takes no writes."""
        status = await self._store.check()
        CLOCK_OFFSET.set(time.time() - status.clock)
        STORE_MEMORY_USED.set(status.memory_used)
        STORE_REPLICAS.set(status.replicas)
        STORE_REPLICA_LAG.set(status.replica_lag_bytes)
        BACKED_UP_AT.set(status.backed_up_at)
