"""Delivery of effects to other hosts: in order, again until stored, then cleared from the store.

For each pair of source and target one delivery is under way at a time, so that the target may
know the last number and nothing else. Entries come from commits and from claims (what a former
owner left behind); the same entry twice is one entry.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from actors.held import Outgoing
from actors.messages import STORED, Moved, Tell
from actors.transport import HostGone, Hosts
from protocol.ids import Address

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MAX_BATCH = 256
"""Pairs of source and target in one call."""

_Pair = tuple[Address, Address]


class Outbox:
    """What this host's entities still have to tell entities of other hosts.

    `delivered(source, entries)` is called with what its target has stored, `moved(generation)` is
    awaited where the target lives elsewhere in the placement of that number.
    """

    def __init__(
        self,
        hosts: Hosts,
        delivered: Callable[[Address, list[str]], None],
        moved: Callable[[int], Awaitable[None]],
    ) -> None:
        self._hosts = hosts
        self._delivered = delivered
        self._moved = moved
        self._waiting: dict[str, dict[_Pair, dict[int, Outgoing]]] = {}
        self._couriers: dict[str, asyncio.Task[None]] = {}
        self._since: dict[str, float] = {}
        self._watched: dict[tuple[Address, int], list[Callable[[], None]]] = {}

    def age(self) -> float:
        """For how many seconds the host that has kept its effects waiting longest has done so."""
        now = asyncio.get_running_loop().time()
        return now - min(self._since.values(), default=now)

    def __len__(self) -> int:
        return sum(len(entries) for pairs in self._waiting.values() for entries in pairs.values())

    def holds(self, source: Address) -> bool:
        """Whether something of this entity is still to be delivered."""
        return any(pair[0] == source for pairs in self._waiting.values() for pair in pairs)

    def send(self, host: str, source: Address, entries: Iterable[Outgoing]) -> None:
        """Deliver to entities carried by `host`, however long that takes."""
        pairs = self._waiting.setdefault(host, {})
        for entry in entries:
            pairs.setdefault((source, entry.to), {}).setdefault(entry.number, entry)
        if host not in self._couriers:
            self._since[host] = asyncio.get_running_loop().time()
            self._couriers[host] = asyncio.create_task(self._carry(host))

    def redirect(self, host_of: Callable[[Address], str]) -> None:
        """Deliver what waits to the hosts that carry its targets now."""
        for host, pairs in list(self._waiting.items()):
            for pair in [pair for pair in pairs if host_of(pair[1]) != host]:
                self.send(host_of(pair[1]), pair[0], pairs.pop(pair).values())

    def when_delivered(self, source: Address, entry: Outgoing, call: Callable[[], None]) -> None:
        """Call once the target has stored this effect; at once where it does not wait any more."""
        pair = (source, entry.to)
        if any(entry.number in pairs.get(pair, ()) for pairs in self._waiting.values()):
            self._watched.setdefault((source, entry.number), []).append(call)
        else:
            call()

    def close(self) -> None:
        """Stop delivering; what is left is in the store."""
        for courier in self._couriers.values():
            courier.cancel()

    async def _carry(self, host: str) -> None:
        """Deliver all that waits for one host; ends when nothing does."""
        pause = FIRST_PAUSE_S
        pairs = self._waiting[host]
        loop = asyncio.get_running_loop()
        try:
            while pairs:
                began = loop.time()
                if await self._deliver(host, pairs):
                    self._since[host], pause = began, FIRST_PAUSE_S
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            del self._couriers[host], self._since[host]
            if not pairs:
                self._waiting.pop(host, None)

    async def _deliver(self, host: str, pairs: dict[_Pair, dict[int, Outgoing]]) -> bool:
        """One call with what waits now. False where the host must be given time."""
        chosen = [
            (pair, sorted(entries.values(), key=lambda entry: entry.number))
            for pair, entries in list(pairs.items())[:MAX_BATCH]
        ]
        batch = [
            Tell(to, source, tuple((e.number, e.message, e.caller) for e in entries))
            for (source, to), entries in chosen
        ]
        try:
            replies = await self._hosts.deliver(host, batch)
        except HostGone as error:
            log.warning(
                "effects wait: their host does not answer", extra={"host": host, "why": str(error)}
            )
            return False
        for (pair, entries), reply in zip(chosen, replies, strict=True):
            if reply is STORED:
                self._done(pair, entries)
        elsewhere = [reply.generation for reply in replies if isinstance(reply, Moved)]
        if elsewhere:
            await self._moved(max(elsewhere))
        return all(reply is STORED for reply in replies)

    def _done(self, pair: _Pair, entries: list[Outgoing]) -> None:
        for pairs in self._waiting.values():  # it may have been redirected meanwhile
            waiting = pairs.get(pair, {})
            for entry in entries:
                waiting.pop(entry.number, None)
            if not waiting:
                pairs.pop(pair, None)
        source = pair[0]
        self._delivered(source, [entry.entry for entry in entries])
        for entry in entries:
            for call in self._watched.pop((source, entry.number), ()):
                call()
