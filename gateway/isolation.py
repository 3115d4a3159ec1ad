"""Whether this gateway is cut off, in which case any other one serves its clients better.

Without the store alone, or the cluster's head alone, sockets stay: all gateways have the same
trouble (`docs/decisions/0022-alive-and-ready.md`). Who reaches neither is likely alone with it.
"""

import asyncio
import logging
from collections.abc import Callable

from actors.whereabouts import Whereabouts
from gateway.metrics import CUT_OFF
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

PERIOD_S = 1.0


class Isolation:
    """Looks every second, at the head only while the store is away."""

    def __init__(self, store: Store, whereabouts: Whereabouts) -> None:
        self._store = store
        self._whereabouts = whereabouts
        self.is_cut_off = False

    async def run(self, send_away: Callable[[], None]) -> None:
        """For ever; `send_away` is called when the gateway finds itself cut off."""
        while True:
            await asyncio.sleep(PERIOD_S)
            before, self.is_cut_off = self.is_cut_off, not await self._reaches_anybody()
            CUT_OFF.set(self.is_cut_off)
            if self.is_cut_off and not before:
                log.warning("cut off: neither store nor head answers; clients are sent to others")
                send_away()
            elif before and not self.is_cut_off:
                log.warning("not cut off any more: clients are served again")

    async def _reaches_anybody(self) -> bool:
        try:
            await self._store.ping()
        except StoreUnavailable:
            return await self._whereabouts.is_reachable()
        return True
