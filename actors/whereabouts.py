"""The placement as one process knows it, which follows what is announced.

Processes learn of a new placement at different times, and nothing depends on when: claims fence. To
know it soon only saves claiming from each other. Whoever is asked for what it does not carry looks
here for a newer placement, then answers with the number of its own.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from actors.placement import Mode, Placement
from protocol.ids import Address

log = logging.getLogger(__name__)

PERIOD_S = 1.0
PATIENCE_S = 2.0
"""How long a look may take before who needs it goes on with what is known."""


class Whereabouts:
    """Where each entity lives. `look` answers with the newest placement that is announced; without
    it there is but one."""

    def __init__(
        self, placement: Placement, look: Callable[[], Awaitable[Placement]] | None = None
    ) -> None:
        self.placement = placement
        self._look = look
        self._looking: asyncio.Task[bool] | None = None
        self._followers: list[Callable[[], None]] = []

    @property
    def together(self) -> bool:
        """Whether all of a restaurant is on one host."""
        return self.placement.together

    def host_of(self, address: Address) -> str:
        """The name of the host that carries this entity."""
        return self.placement.host_of(address)

    def follow(self, call: Callable[[], None]) -> None:
        """Call after each change, in the order of these calls."""
        self._followers.append(call)

    def learn(self, placement: Placement) -> None:
        """Adopt a placement, unless it is an older one."""
        if placement.generation > self.placement.generation:
            self.placement = placement
            for call in self._followers:
                call()

    async def refresh(self, generation: int) -> None:
        """Look for a newer placement, unless one of that number is known already."""
        if self.placement.generation < generation:
            await self.is_reachable()

    async def is_reachable(self) -> bool:
        """Look, unless somebody does; whether there was an answer in time."""
        if self._look is None:
            return True
        looking = self._looking
        if looking is None:
            looking = self._looking = asyncio.create_task(self._look_once(self._look))
        done, _ = await asyncio.wait({looking}, timeout=PATIENCE_S)
        return bool(done) and looking.result()

    async def run(self) -> None:
        """Look every second for ever, where something may change."""
        while True:
            await asyncio.sleep(PERIOD_S)
            if self.placement.mode is Mode.SHARD:
                await self.refresh(self.placement.generation + 1)

    async def _look_once(self, look: Callable[[], Awaitable[Placement]]) -> bool:
        try:
            self.learn(await look())
            return True
        except Exception:
            log.warning("the placement could not be looked up; the known one holds", exc_info=True)
            return False
        finally:
            self._looking = None
