"""The placement that one process uses, kept up to date with the published one.

Processes adopt a new placement at different times. That is safe because claims fence the commits of
earlier owners, but hosts with different placements may claim the same entities in turn. A host that
receives a message for an entity of another host fetches the newest placement before it replies.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from engine.periodic import every
from engine.placement import Mode, Placement
from protocol.ids import Address

log = logging.getLogger(__name__)

PERIOD_S = 1.0
FETCH_TIMEOUT_S = 2.0
"""Maximum time for which callers wait for a fetch. After it, they use the current placement."""


class PlacementWatcher:
    """Maps entities to hosts by the newest placement that this process has received. `fetch`
    returns the newest published one; without `fetch`, only `update` changes the placement."""

    def __init__(
        self, placement: Placement, fetch: Callable[[], Awaitable[Placement]] | None = None
    ) -> None:
        self.placement = placement
        self._fetch = fetch
        self._fetching: asyncio.Task[bool] | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def together(self) -> bool:
        """Whether all entities of a restaurant are on one host."""
        return self.placement.together

    def host_of(self, address: Address) -> str:
        """The name of the host that holds this entity."""
        return self.placement.host_of(address)

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change of the placement. Callbacks are called in the order of
        their subscription."""
        self._callbacks.append(callback)

    def update(self, placement: Placement) -> None:
        """Adopt a placement if its generation is higher."""
        if placement.generation > self.placement.generation:
            self.placement = placement
            for callback in self._callbacks:
                callback()

    async def refresh(self, generation: int) -> None:
        """Fetch the newest placement if the current one has a lower generation than this."""
        if self.placement.generation < generation:
            await self.probe()

    async def probe(self) -> bool:
        """Fetch the newest placement. Returns whether that succeeded within FETCH_TIMEOUT_S."""
        if self._fetch is None:
            return True
        fetching = self._fetching
        if fetching is None:
            fetching = self._fetching = asyncio.create_task(self._fetch_once(self._fetch))
        done, _ = await asyncio.wait({fetching}, timeout=FETCH_TIMEOUT_S)
        return bool(done) and fetching.result()

    async def run(self) -> None:
        """Fetch the newest placement every second until cancelled. Only placement `shard` can
        change."""
        await every(PERIOD_S, self._refresh_if_sharded, name="refresh_placement")

    async def _refresh_if_sharded(self) -> None:
        if self.placement.mode is Mode.SHARD:
            await self.refresh(self.placement.generation + 1)

    async def _fetch_once(self, fetch: Callable[[], Awaitable[Placement]]) -> bool:
        try:
            self.update(await fetch())
            return True
        except Exception:
            log.warning("cannot fetch the placement", exc_info=True)
            return False
        finally:
            self._fetching = None
