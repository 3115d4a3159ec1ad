"""Activates entities at the hosts that hold them now."""

import asyncio
import logging
from collections.abc import Iterable

from engine.messages import Activate
from engine.peers import Peers
from engine.placement import Placement
from engine.streams import HostUnavailable
from protocol.ids import Address

log = logging.getLogger(__name__)


class HandOver:
    """Sends each host one batch, once. If a host does not answer, the sweep activates the entities
    later."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._sending: set[asyncio.Task[None]] = set()

    def activate(self, addresses: Iterable[Address], placement: Placement) -> None:
        """Have the hosts of these entities load them, and resume their effects and timers."""
        batches: dict[str, list[Activate]] = {}
        for address in addresses:
            batches.setdefault(placement.host_of(address), []).append(Activate(address))
        for host, batch in batches.items():
            sending = asyncio.create_task(self._send(host, batch))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    def close(self) -> None:
        for sending in self._sending:
            sending.cancel()

    async def _send(self, host: str, batch: list[Activate]) -> None:
        try:
            await self._peers.deliver(host, batch)
        except HostUnavailable as error:
            log.warning(
                "effects and timers wait for the sweep: their new host does not answer",
                extra={"host": host, "why": str(error)},
            )
