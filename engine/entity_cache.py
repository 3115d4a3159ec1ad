"""The entities that a host has claimed and keeps in memory."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from engine.entity import LoadedEntity
from engine.metrics import EVICTIONS, LOST_WRITES, UNREADABLE
from engine.outbox_entries import OutboxEffect, decode_effects, first_due
from protocol.ids import Address
from storage.store import Store, StoredEntity

log = logging.getLogger(__name__)

OWNERSHIP_TTL_S = 1.0
"""How long ownership counts as verified, in seconds. While a placement changes, two hosts may
answer reads of an entity, and a read may be outdated by this much."""


class Resident(NamedTuple):
    """An entity that was just loaded, and the undelivered effects in its stored outbox."""

    entity: LoadedEntity
    effects: list[OutboxEffect]


class _Evicted(NamedTuple):
    """The version of an entity when it was evicted, whether it was final, and the time of the event
    loop."""

    version: int
    is_final: bool
    at: float

    def is_ahead_of(self, entity: LoadedEntity) -> bool:
        """Whether the store has lost writes that this host had in memory. An expired entity is no
        loss."""
        has_expired = self.is_final and entity.state is None
        return entity.version < self.version and not has_expired


class EntityCache:
    """Entities by address."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entities: dict[Address, LoadedEntity] = {}
        self._absent: set[Address] = set()
        self._evicted: dict[Address, _Evicted] = {}

    def __len__(self) -> int:
        return len(self._entities)

    def __iter__(self) -> Iterator[LoadedEntity]:
        return iter(list(self._entities.values()))

    def get(self, address: Address) -> LoadedEntity | None:
        return self._entities.get(address)

    def next_due(self, address: Address) -> float | None:
        """When the first timer of an entity is due, in epoch seconds; None if it has no timers or
        is not in memory."""
        entity = self._entities.get(address)
        return first_due(entity.timers) if entity is not None else None

    def add(self, entity: LoadedEntity) -> None:
        """Add an entity that was just created."""
        self._entities[entity.address] = entity

    async def load(self, addresses: Iterable[Address]) -> list[Resident]:
        """Claim the entities that are not in memory, in one round trip. Returns them, except those
        whose state is unreadable. Raises StoreUnavailable."""
        now = asyncio.get_running_loop().time()
        missing = []
        for address in addresses:
            entity = self._entities.get(address)
            if entity is None:
                missing.append(address)
            else:
                entity.used_at = now
        if not missing:
            return []
        claimed = await self._store.claim(missing)
        read = [self._read(*each, now) for each in zip(missing, claimed, strict=True)]
        return [resident for resident in read if resident is not None]

    def _read(self, address: Address, loaded: StoredEntity, now: float) -> Resident | None:
        try:
            entity = LoadedEntity.from_store(address, loaded, now)
            effects = decode_effects(loaded.outbox)
        except Exception:  # other entities of this claim may be readable
            UNREADABLE.add()
            log.exception("cannot read an entity", extra={"entity": str(address)})
            return None
        self._entities[address] = entity
        before = self._evicted.pop(address, None)
        if before is not None and before.is_ahead_of(entity):
            LOST_WRITES.add()
            log.error(
                "store has lost acknowledged writes",
                extra={
                    "entity": str(address),
                    "version": entity.version,
                    "lost_version": before.version,
                },
            )
        if not loaded.exists:
            self._absent.add(address)
        return Resident(entity, effects)

    async def find_lost(self, addresses: Iterable[Address]) -> list[Address]:
        """Verify the ownership of entities, unless that was done within OWNERSHIP_TTL_S. Returns
        those that another host has claimed. Only replies need this, because commits are fenced by
        the store. Raises StoreUnavailable."""
        now = asyncio.get_running_loop().time()
        unverified = [
            entity
            for entity in map(self._entities.get, addresses)
            if entity is not None and now - entity.verified_at > OWNERSHIP_TTL_S
        ]
        if not unverified:
            return []
        tokens = await self._store.fencing_tokens([entity.address for entity in unverified])
        lost = []
        for entity, token in zip(unverified, tokens, strict=True):
            if token == entity.fencing_token:
                entity.verified_at = now
            else:
                lost.append(entity.address)
        return lost

    def evict(self, address: Address) -> None:
        """Drop an entity whose stored state may differ from memory. Its next load checks for lost
        writes."""
        entity = self._entities.pop(address, None)
        if entity is not None:
            EVICTIONS.add()
            now = asyncio.get_running_loop().time()
            self._evicted[address] = _Evicted(entity.version, entity.is_final, now)

    def forget(self, address: Address) -> None:
        """Drop an entity whose stored state equals memory."""
        self._entities.pop(address, None)

    def absent(self) -> Sequence[Address]:
        """The entities loaded since the last call that do not exist. They must be dropped, because
        another host may create them."""
        absent, self._absent = self._absent, set()
        return [each for each in absent if (entity := self.get(each)) and entity.state is None]

    def forget_evictions(self, older_than_s: float) -> None:
        """Forget evictions that are at least this old, so that later loads of these entities do not
        check for lost writes."""
        now = asyncio.get_running_loop().time()
        for address, evicted in list(self._evicted.items()):
            if now - evicted.at >= older_than_s:
                del self._evicted[address]
