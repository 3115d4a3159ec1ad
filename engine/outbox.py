"""Delivers effects on entities of other hosts, and removes delivered ones from the store.

For each pair of source and target, one delivery is in flight at a time, oldest effect first, so
the target needs to keep only the last number of each source. Effects come from commits, and from
claims of entities whose former owner has not delivered all of them. An effect that is added twice
is delivered once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from engine import failures
from engine.messages import ACCEPTED, DeliverEffects, Moved
from engine.outbox_entries import OutboxEffect
from engine.peers import Peers
from engine.placement import Placement
from engine.streams import HostUnavailable
from protocol.ids import Address
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MAX_PAIRS = 256
"""Maximum number of (source, target) pairs in one delivery. Their effects are not limited."""

_Pair = tuple[Address, Address]
_NO_EFFECTS: Mapping[int, OutboxEffect] = MappingProxyType({})


class Outbox:
    """The undelivered effects of one host. `next_due(source)` returns when the source's first timer
    is due, in epoch seconds; `refresh(generation)` fetches a placement of at least that
    generation."""

    def __init__(
        self,
        peers: Peers,
        store: Store,
        placement: Placement,
        next_due: Callable[[Address], float | None],
        refresh: Callable[[int], Awaitable[None]],
    ) -> None:
        self._peers = peers
        self._store = store
        self._placement = placement
        self._next_due = next_due
        self._refresh = refresh
        self._pending: dict[Address, dict[int, OutboxEffect]] = {}
        self._workers: dict[str, _Worker] = {}
        self._ack_callbacks: dict[tuple[Address, int], list[Callable[[], None]]] = {}
        self._acknowledged: dict[Address, list[str]] = {}
        self._syncing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def age(self) -> float:
        """Seconds since the slowest target host last accepted all effects that were pending for it;
        0 if nothing is pending."""
        now = asyncio.get_running_loop().time()
        return now - min((each.accepted_all_at for each in self._workers.values()), default=now)

    def pending(self, source: Address) -> Collection[OutboxEffect]:
        """The unacknowledged effects of an entity, oldest first."""
        return self._pending.get(source, _NO_EFFECTS).values()

    def has_pending(self, source: Address) -> bool:
        """Whether an entity has unacknowledged effects."""
        return source in self._pending

    def deliver(self, source: Address, effects: Iterable[OutboxEffect]) -> None:
        """Start delivering stored effects, with retries until they are acknowledged."""
        for effect in effects:
            pending = self._pending.setdefault(source, {})
            if effect.number not in pending:
                pending[effect.number] = effect
                self._worker(self._placement.host_of(effect.to)).put(source, effect)

    def on_ack(self, source: Address, effect: OutboxEffect, callback: Callable[[], None]) -> None:
        """Call `callback` when an effect is acknowledged, or now if it already is."""
        if effect.number in self._pending.get(source, _NO_EFFECTS):
            self._ack_callbacks.setdefault((source, effect.number), []).append(callback)
        else:
            callback()

    def redirect(self, placement: Placement) -> None:
        """Deliver pending effects to the hosts of their targets in this placement."""
        self._placement = placement
        for worker in list(self._workers.values()):
            for source, effect in worker.take_moved(placement):
                self._worker(placement.host_of(effect.to)).put(source, effect)

    def schedule_sync(self, source: Address) -> None:
        """Start removing an entity's acknowledged effects from the store, and correcting its entry
        in the due index."""
        self._acknowledged.setdefault(source, [])
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync())

    def close(self) -> None:
        """Stop delivering. Pending effects remain in the store."""
        for worker in self._workers.values():
            worker.cancel()
        if self._syncing is not None:
            self._syncing.cancel()

    def _worker(self, host: str) -> "_Worker":
        worker = self._workers.get(host)
        if worker is None:
            worker = _Worker(host, self._peers, self._acknowledge, self._refresh, self._end)
            self._workers[host] = worker
        return worker

    def _end(self, worker: "_Worker") -> None:
        del self._workers[worker.host]

    def _acknowledge(self, source: Address, effects: Iterable[OutboxEffect]) -> None:
        """Remove effects that their target has stored, and call their callbacks."""
        pending = self._pending.get(source, {})
        callbacks: list[Callable[[], None]] = []
        for effect in effects:
            pending.pop(effect.number, None)
            self._acknowledged.setdefault(source, []).append(effect.name)
            callbacks += self._ack_callbacks.pop((source, effect.number), ())
        if not pending:
            self._pending.pop(source, None)
        self.schedule_sync(source)
        for callback in callbacks:
            callback()

    async def _sync(self) -> None:
        """Remove acknowledged effects from the store. A failed call is not retried: after the next
        claim, the effects are delivered again and their targets ignore them."""
        try:
            while self._acknowledged:
                acknowledged, self._acknowledged = self._acknowledged, {}
                try:
                    await self._store.acknowledge_outbox(
                        [
                            (source, names, self._next_due(source))
                            for source, names in acknowledged.items()
                        ]
                    )
                except StoreUnavailable as error:
                    log.warning("cannot remove delivered effects", extra={"why": str(error)})
                except Exception:
                    failures.record(
                        "cannot remove delivered effects", ", ".join(map(str, acknowledged)), ()
                    )
        finally:
            self._syncing = None


class _Worker:
    """Delivers to one host until nothing is pending for it, then calls `ended`. `accepted_all_at`
    is the start of the last delivery that the host accepted completely, a time of the event
    loop."""

    def __init__(
        self,
        host: str,
        peers: Peers,
        acknowledge: Callable[[Address, list[OutboxEffect]], None],
        refresh: Callable[[int], Awaitable[None]],
        ended: Callable[["_Worker"], None],
    ) -> None:
        self.host = host
        self.accepted_all_at = asyncio.get_running_loop().time()
        self._peers = peers
        self._acknowledge = acknowledge
        self._refresh = refresh
        self._ended = ended
        self._waiting: dict[_Pair, dict[int, OutboxEffect]] = {}
        self._task = asyncio.create_task(self._run())

    def put(self, source: Address, effect: OutboxEffect) -> None:
        self._waiting.setdefault((source, effect.to), {})[effect.number] = effect

    def take_moved(self, placement: Placement) -> list[tuple[Address, OutboxEffect]]:
        """Remove and return the effects whose targets another host holds in this placement, each
        with its source."""
        pairs = [pair for pair in self._waiting if placement.host_of(pair[1]) != self.host]
        return [
            (source, effect)
            for source, to in pairs
            for effect in self._waiting.pop((source, to)).values()
        ]

    def cancel(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                began = loop.time()
                if await self._try_to_deliver():
                    self.accepted_all_at, pause = began, FIRST_PAUSE_S
                else:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            self._ended(self)

    async def _try_to_deliver(self) -> bool:
        """Deliver the pending effects once. Returns whether all of them were acknowledged."""
        try:
            return await self._deliver()
        except HostUnavailable as error:
            log.warning(
                "cannot deliver effects: host unavailable",
                extra={"host": self.host, "why": str(error)},
            )
        except Exception:
            failures.record("cannot deliver effects", self.host, ())
        return False

    async def _deliver(self) -> bool:
        chosen = [
            (pair, sorted(effects.values(), key=lambda effect: effect.number))
            for pair, effects in list(self._waiting.items())[:MAX_PAIRS]
        ]
        batch = [
            DeliverEffects(to, source, tuple((e.number, e.message, e.caller) for e in effects))
            for (source, to), effects in chosen
        ]
        replies = await self._peers.deliver(self.host, batch)
        for (pair, effects), reply in zip(chosen, replies, strict=True):
            if reply is ACCEPTED:
                self._remove(pair, effects)
                self._acknowledge(pair[0], effects)
        newest = max((each.generation for each in replies if isinstance(each, Moved)), default=None)
        if newest is not None:
            await self._refresh(newest)
        return all(reply is ACCEPTED for reply in replies)

    def _remove(self, pair: _Pair, effects: Iterable[OutboxEffect]) -> None:
        waiting = self._waiting.get(pair, {})  # empty if redirected during the delivery
        for effect in effects:
            waiting.pop(effect.number, None)
        if not waiting:
            self._waiting.pop(pair, None)
