"""Entities that move between hosts: their messages wait until the old host has answered those in
flight, so that each entity's messages stay in order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_link import HostLink
from gateway.backend.message_queue import PendingMessage
from protocol.errors import UNAVAILABLE
from protocol.ids import Address

MOVED_RETRY_S = 0.05
"""Pause before a message is sent again to a host that has not taken over its entity yet."""


@dataclass(slots=True, eq=False)
class Transfer:
    """An entity's messages: those that its `old` host refused or lost, and `later` ones."""

    old: HostLink
    generation: int = 0
    moved: list[PendingMessage] = field(default_factory=list)
    later: list[PendingMessage] = field(default_factory=list)

    def messages(self) -> list[PendingMessage]:
        return [*self.moved, *self.later]


class Transfers:
    """The entities that are moving now. `dispatch` sends a message to its entity's current host."""

    def __init__(
        self, watcher: PlacementWatcher, dispatch: Callable[[PendingMessage], None]
    ) -> None:
        self._watcher, self._dispatch = watcher, dispatch
        self._transfers: dict[Address, Transfer] = {}
        self._finishing: set[asyncio.Task[None]] = set()

    def get(self, to: Address) -> Transfer | None:
        return self._transfers.get(to) if self._transfers else None

    def begin(self, to: Address, old: HostLink) -> Transfer:
        """Begin to move an entity away from a host, with the messages not yet sent there."""
        transfer = self._transfers[to] = Transfer(old)
        transfer.later += old.messages.take(to)
        return transfer

    def finish_if_answered(self, to: Address, old: HostLink) -> None:
        """Send the entity's messages to its new host, if none is in flight to the old one."""
        if (transfer := self.get(to)) is not None and not old.messages.is_in_flight(to):
            task = asyncio.create_task(self._finish(to, transfer))
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)

    async def _finish(self, to: Address, transfer: Transfer) -> None:
        await self._watcher.refresh(transfer.generation)
        if self._watcher.host_of(to) == transfer.old.host:
            await asyncio.sleep(MOVED_RETRY_S)
        if self._transfers.get(to) is transfer:
            del self._transfers[to]
            for pending in transfer.messages():
                if not pending.reply.done():
                    self._dispatch(pending)

    def expire(self, now: float) -> None:
        """Answer `unavailable` to messages past their deadline."""
        for transfer in self._transfers.values():
            for pending in transfer.messages():
                pending.expire(now)

    def close(self) -> None:
        """Answer `unavailable` to all messages."""
        for task in self._finishing:
            task.cancel()
        for transfer in self._transfers.values():
            for pending in transfer.messages():
                pending.complete(UNAVAILABLE)
        self._transfers.clear()
