"""A host: holds the entities that the placement assigns to it, and handles their messages.

`Host` gets its store, clock and network as arguments and does not depend on Ray. The Ray actor in
`actors/host_actor.py` wraps it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from engine.codec import Body
from engine.commit import Committer
from engine.entity_cache import EntityCache
from engine.hand_over import HandOver
from engine.mailbox import Envelope, Mailbox, ReplyTo
from engine.messages import CheckOwner, Message, TimerFired
from engine.metrics import (
    ENTITIES,
    MAILBOX_AGE,
    MAILBOX_MESSAGES,
    MISPLACED_MESSAGES,
    OUTBOX_AGE,
    OUTBOX_EFFECTS,
    SUBSCRIBED_TOPICS,
)
from engine.outbox import Outbox
from engine.peers import Peers
from engine.placement import Mode
from engine.placement_watcher import PlacementWatcher
from engine.replies import Replies
from engine.residents import Residents
from engine.streams import IncomingStream
from engine.subscribers import Subscribers
from engine.timers import Clock, Timers
from engine.turn import Turns
from engine.turn_loop import TurnLoop
from protocol.errors import Rejected
from protocol.ids import Address
from storage.store import Store

OWNERSHIP_RECHECK_S = 30.0
"""Interval, in seconds, at which a host verifies its ownership of an idle entity with subscribers.
They would miss the events of another owner."""
RETIRE_GRACE_S = 5.0
"""Time, in seconds, for which a host that is no longer in the placement still replies Moved."""
STANDBY_TIMEOUT_S = 60.0
"""Time, in seconds, for which a host that was started in advance waits to be in the placement."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """`max_batch` is the maximum number of messages in a turn, `results_length` the number of
    request results that an entity keeps, `idle_s` the time without use, in seconds, after which an
    entity is evicted."""

    max_batch: int = 1024
    idle_s: float = 300.0
    results_length: int = 1000


class Host:
    """Receives messages on streams, and sends each reply on the stream of its message."""

    def __init__(
        self,
        name: str,
        store: Store,
        peers: Peers,
        watcher: PlacementWatcher,
        clock: Clock,
        settings: HostSettings = HostSettings(),
    ) -> None:
        self.name = name
        self._settings = settings
        self._watcher = watcher
        self._placement = watcher.placement
        self._was_placed = self._placement.places(name)
        self._cache = EntityCache(store)
        self._subscribers = Subscribers()
        self._timers = Timers(clock, self._on_timer)
        self._outbox = Outbox(peers, store, self._placement, self._cache.next_due, watcher.refresh)
        self._residents = Residents(self._cache, self._timers, self._outbox, self._subscribers)
        committer = Committer(name, store, self._outbox.has_pending, settings.results_length)
        replies = Replies(self._residents, self._subscribers, store)
        self._turns = Turns(name, self._residents, committer, replies, clock, self._placement)
        self._mailbox = Mailbox(watcher, self._is_ours, self._start_turns)
        self._loop = TurnLoop(
            name, self._mailbox, self._turns, self._outbox, settings.max_batch,
            timer_handled=self._on_timer_handled, between_turns=self._adopt_placement,
        )  # fmt: skip
        self._hand_over = HandOver(peers)
        self._used_at = asyncio.get_running_loop().time()
        watcher.subscribe(self._on_placement)

    # --- interface -------------------------------------------------------------------------------

    def attach(self, stream: IncomingStream) -> None:
        """Handle the messages of a new stream from a gateway or host, and publish events on it."""
        stream.receive = self.post
        stream.lost = lambda _: self._subscribers.detach(stream)
        self._subscribers.attach(stream)

    def post(self, stream: ReplyTo, items: Sequence[tuple[int, Body]]) -> None:
        """Queue numbered messages; `stream` receives the reply to each."""
        now = asyncio.get_running_loop().time()
        for number, message in items:
            if isinstance(message, Message):
                self._mailbox.put(Envelope(message, stream, number, now))
            elif isinstance(message, Rejected):  # the stream could not decode the message
                stream.send(number, message)
        self._start_turns()

    def evict_idle(self) -> bool:
        """Evict idle entities. Returns whether the host is empty and was unused for long enough to
        exit."""
        now = asyncio.get_running_loop().time()
        self._cache.forget_evictions(self._settings.idle_s)
        if self._loop.running is None:
            for entity in self._cache:
                is_needed = self._residents.is_needed(entity.address)
                if not is_needed and now - entity.used_at >= self._settings.idle_s:
                    self._residents.forget(entity.address)
                elif is_needed and now - entity.verified_at >= OWNERSHIP_RECHECK_S:
                    self._mailbox.put(Envelope(CheckOwner(entity.address), None, 0, now))
            if self._mailbox:
                self._start_turns()
        is_busy = (
            self._cache or self._mailbox or self._loop.running or self._subscribers or self._outbox
        )
        is_placed = self._placement.places(self.name)
        self._was_placed |= is_placed
        grace = RETIRE_GRACE_S if self._was_placed else STANDBY_TIMEOUT_S
        return not is_busy and now - self._used_at >= (
            self._settings.idle_s if is_placed else grace
        )

    @property
    def is_required(self) -> bool:
        """Whether this host must not exit even if it is empty, because it is a shard of the
        placement."""
        return self._placement.mode is Mode.SHARD and self._placement.places(self.name)

    @property
    def entities(self) -> int:
        """The number of entities in memory."""
        return len(self._cache)

    def measure(self) -> None:
        """Set the gauges."""
        now = asyncio.get_running_loop().time()
        oldest_at = self._mailbox.oldest_at()
        ENTITIES.set(len(self._cache))
        SUBSCRIBED_TOPICS.set(len(self._subscribers))
        MAILBOX_MESSAGES.set(len(self._mailbox))
        MAILBOX_AGE.set(0 if oldest_at is None else now - oldest_at)
        MISPLACED_MESSAGES.set(self._mailbox.misplaced)
        OUTBOX_EFFECTS.set(len(self._outbox))
        OUTBOX_AGE.set(self._outbox.age())

    def close(self) -> None:
        """Stop immediately. Another host can resume from the store."""
        self._loop.close()
        self._outbox.close()
        self._timers.close()
        self._mailbox.close()
        self._hand_over.close()

    # --- timers and placement --------------------------------------------------------------------

    def _start_turns(self) -> None:
        self._used_at = asyncio.get_running_loop().time()
        self._loop.start()

    def _on_timer(self, address: Address, key: str) -> None:
        """Queue a timer that is due, unless another host holds its entity now."""
        if not self._is_ours(address):
            self._residents.forget(address)
            return
        now = asyncio.get_running_loop().time()
        self._mailbox.put(Envelope(TimerFired(address, key), None, 0, now))
        self._start_turns()

    def _on_timer_handled(self, address: Address, key: str, succeeded: bool) -> None:
        if succeeded:
            entity = self._cache.get(address)
            self._timers.handled(address, key, entity.timers.get(key) if entity else None)
        else:
            self._timers.retry(address, key)

    def _is_ours(self, address: Address) -> bool:
        """Whether this host holds an entity: it is in memory and not handed over yet, or the newest
        placement assigns it to this host."""
        is_loaded = self._cache.get(address) is not None
        return is_loaded or self._watcher.placement.host_of(address) == self.name

    def _on_placement(self) -> None:
        if self._loop.running is None:  # otherwise the loop adopts it after the turn
            self._adopt_placement()

    def _adopt_placement(self) -> None:
        """Hand over the entities that another host holds in the newest placement."""
        if self._placement is self._watcher.placement:
            return
        self._placement = self._turns.placement = placement = self._watcher.placement
        unfinished = self._residents.hand_over(
            lambda address: placement.host_of(address) == self.name
        )
        self._mailbox.return_foreign()
        self._outbox.redirect(placement)
        self._hand_over.activate(unfinished, placement)
