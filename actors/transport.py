"""How batches reach a host. The Ray implementation is in `ray_hosts.py`; tests bring their own."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from actors.messages import Exchanged, Feed, Message, Reply


class HostGone(Exception):
    """The host did not answer and the outcome is unknown. Send the same again."""


class Hosts(Protocol):
    """Every host of the chain, by name. A host that does not run is started by being addressed."""

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        """One reply a message, in order. Raises HostGone."""

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        """A gateway's batch: its replies bring along what a poll would. Raises HostGone."""

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        """What was published for this gateway; parks while there is nothing. Raises HostGone."""


async def answers(hosts: Hosts, host: str, patience_s: float) -> bool:
    """Whether a host does, in so long. An empty batch is no turn: it costs a call, and the store
    nothing."""
    try:
        await asyncio.wait_for(hosts.deliver(host, []), patience_s)
    except (HostGone, TimeoutError):
        return False
    return True
