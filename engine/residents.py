"""The entities of a host, with their timers, undelivered effects and subscribers.

Loading an entity starts its timers and deliveries; dropping it stops its timers. Its effects are
delivered even after it is dropped.
"""

from collections.abc import Callable, Collection, Iterable

from engine.entity import LoadedEntity
from engine.entity_cache import EntityCache
from engine.outbox import Outbox
from engine.outbox_entries import OutboxEffect
from engine.subscribers import Subscribers
from engine.timers import Timers
from engine.transaction import EntityTransaction
from protocol.ids import CHANNELS, Address, Topic


class Residents:
    """The entities in memory of one host. Turns read and change them through this class."""

    def __init__(
        self, cache: EntityCache, timers: Timers, outbox: Outbox, subscribers: Subscribers
    ) -> None:
        self._cache = cache
        self._timers = timers
        self._outbox = outbox
        self._subscribers = subscribers

    def entity(self, address: Address) -> LoadedEntity | None:
        return self._cache.get(address)

    def has_subscribers(self, topic: Topic) -> bool:
        return self._subscribers.has_subscribers(topic)

    def pending_effects(self, source: Address) -> Collection[OutboxEffect]:
        """The effects of an entity that their targets have not acknowledged yet."""
        return self._outbox.pending(source)

    async def load(self, addresses: Iterable[Address]) -> None:
        """Claim entities that are not in memory, and resume their timers and effects. Raises
        StoreUnavailable."""
        for entity, effects in await self._cache.load(addresses):
            self._timers.replace(entity.address, entity.timers.values())
            self._outbox.deliver(entity.address, effects)

    async def evict_lost(self, addresses: Iterable[Address]) -> Collection[Address]:
        """Evict those of these entities that another host has claimed. Returns them. Raises
        StoreUnavailable."""
        lost = await self._cache.find_lost(addresses)
        for address in lost:
            self.evict(address)
        return lost

    def apply(self, staged: EntityTransaction) -> None:
        """Apply a stored transaction to memory, and start its timers and deliveries."""
        entity = staged.entity
        if entity.unclaimed:
            self._cache.add(entity)
        has_new_timers = staged.timers is not entity.timers
        staged.apply()
        if has_new_timers:
            self._timers.replace(entity.address, entity.timers.values())
        self._outbox.deliver(entity.address, staged.effects)

    def evict(self, address: Address) -> None:
        """Drop an entity whose stored state may differ from memory. Its subscribers must
        resubscribe."""
        self._cache.evict(address)
        self._timers.cancel(address)
        for channel in CHANNELS[address.kind]:
            self._subscribers.invalidate(Topic(address, channel))

    def activate(self, address: Address) -> None:
        """Evict an entity, so that its next load resumes its stored effects and timers, which
        another host may have changed. Also correct its entry in the store's due index."""
        self.evict(address)
        self._outbox.schedule_sync(address)

    def forget(self, address: Address) -> None:
        """Drop an entity whose stored state equals memory."""
        self._cache.forget(address)
        self._timers.forget(address)

    def forget_absent(self) -> None:
        """Drop the loaded entities that do not exist."""
        for address in self._cache.absent():
            if not self._outbox.pending(address):
                self.forget(address)

    def is_needed(self, address: Address) -> bool:
        """Whether an entity must stay in memory although it is idle: it has undelivered effects or
        subscribers."""
        return bool(self._outbox.pending(address)) or any(
            self._subscribers.has_subscribers(Topic(address, channel))
            for channel in CHANNELS[address.kind]
        )

    def hand_over(self, is_ours: Callable[[Address], bool]) -> list[Address]:
        """Drop the entities that another host holds now. Returns those with timers or undelivered
        effects: their new hosts must load them without waiting for a message."""
        unfinished = []
        for entity in self._cache:
            if is_ours(entity.address):
                continue
            if entity.timers or self._outbox.pending(entity.address):
                unfinished.append(entity.address)
            self.forget(entity.address)
        topics = self._subscribers.topics()
        self._subscribers.hand_off(topic for topic in topics if not is_ours(topic.address))
        return unfinished
