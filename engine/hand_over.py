"""Activates entities on the hosts that hold them in a new placement."""

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
    """Sends one batch of `Activate` to each host, without retries. If a host does not answer, the
    sweep activates its entities later."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._sending: set[asyncio.Task[None]] = set()

    def activate(self, addresses: Iterable[Address], placement: Placement) -> None:
        """Have the hosts of these entities load them and resume their effects and timers."""
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
                "cannot activate handed-over entities; the sweep will",
                extra={"host": host, "why": str(error)},
            )
