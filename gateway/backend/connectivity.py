"""Detects that this gateway is partitioned, so that its clients are better served by another one.

If only the store or only the cluster's head is unreachable, sockets stay open, because all gateways
have the same problem (`docs/decisions/0022-liveness-and-readiness.md`). A gateway that reaches
neither is most likely partitioned alone."""

import logging
from collections.abc import Callable
from functools import partial

from engine.periodic import every
from engine.placement_watcher import PlacementWatcher
from gateway.metrics import PARTITIONED
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 1.0


class PartitionDetector:
    """Pings the store every second, and the head only if the store does not answer."""

    def __init__(self, store: Store, watcher: PlacementWatcher) -> None:
        self._store = store
        self._watcher = watcher
        self.is_partitioned = False

    async def run(self, on_partition: Callable[[], None]) -> None:
        """Check until cancelled; `on_partition` is called when a partition begins."""
        await every(PERIOD_S, partial(self._check, on_partition), name="detect_partition")

    async def _check(self, on_partition: Callable[[], None]) -> None:
        before, self.is_partitioned = self.is_partitioned, not await self._can_reach_any()
        PARTITIONED.set(self.is_partitioned)
        if self.is_partitioned and not before:
            log.warning("partitioned: neither store nor head answers; closing sockets")
            on_partition()
        elif before and not self.is_partitioned:
            log.warning("no longer partitioned; serving clients again")

    async def _can_reach_any(self) -> bool:
        try:
            await self._store.ping()
        except StoreUnavailable:
            return await self._watcher.probe()
        return True
