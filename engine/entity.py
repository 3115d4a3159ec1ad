"""An entity in its host's memory, which equals its stored state.

Only `EntityTransaction.apply` changes it, after the commit has succeeded. The only exception is the
count of refusals, which changes without a commit if nothing else has changed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Self

from domain.behaviours import BEHAVIOURS
from domain.entity import Behaviour
from domain.redaction import redact
from domain.refusals import NO_REFUSALS, Refusals, refusals_from
from engine.outbox_entries import OutboxTimer, decode_timers
from engine.request_results import RequestResults
from protocol.caller import Role
from protocol.codec import encode_compact
from protocol.ids import Address, Channel
from storage.codec import restore
from storage.store import StoredEntity, new_epoch

EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""Shared by all empty mappings of entities, to save memory."""
UNVERIFIED = -math.inf
"""Value of `verified_at` of an entity whose ownership must be verified before the next reply."""
MAX_SHARED_COUNTERS = 4096
"""Maximum number of different counter mappings that are shared between entities."""


@dataclass(slots=True)
class LoadedEntity:
    """State, counters, request results and timers of one claimed entity.

    Each commit replaces the fencing token. An `unclaimed` entity is created by its first commit. An
    `is_final` entity expires. `seqs` has the last sequence number of each channel, `seen` the
    number of the last effect from each source. `used_at` is when a message last used the entity,
    `verified_at` when this host last verified its ownership; both are times of the event loop.
    """

    address: Address
    behaviour: Behaviour[Any]
    fencing_token: int
    state: Any
    version: int
    epoch: str
    history_length: int
    audit_length: int
    seqs: Mapping[str, int]
    last_effect: int
    is_final: bool
    results: RequestResults
    timers: Mapping[str, OutboxTimer]
    seen: Mapping[str, int]
    used_at: float
    verified_at: float
    unclaimed: bool = False
    refusals: Refusals = NO_REFUSALS
    _snapshots: Mapping[tuple[Channel, Role | None], bytes] = field(default_factory=lambda: EMPTY)

    @classmethod
    def from_store(cls, address: Address, loaded: StoredEntity, now: float) -> Self:
        """The entity that a claim returned at the time `now` of the event loop. Raises ValueError
        or another exception of the decoders if its state is unreadable."""
        behaviour = BEHAVIOURS[address.kind]
        state = restore(behaviour.state, loaded.state) if loaded.exists else None
        return cls(
            address=address,
            behaviour=behaviour,
            fencing_token=loaded.fencing_token,
            state=state,
            version=loaded.version,
            epoch=loaded.epoch or new_epoch(),
            history_length=loaded.history_length,
            audit_length=loaded.audit_length,
            seqs=shared_counters(loaded.seqs),
            last_effect=loaded.last_effect,
            is_final=state is not None and behaviour.is_final(state),
            results=RequestResults(loaded.results),
            timers=decode_timers(loaded.outbox) or EMPTY,
            seen=dict(loaded.seen) or EMPTY,
            used_at=now,
            verified_at=now,
            refusals=refusals_from(loaded.refusals),
        )

    @property
    def is_verified(self) -> bool:
        """Whether replies may use the entity without verifying its ownership first."""
        return self.verified_at != UNVERIFIED

    @classmethod
    def new(cls, address: Address) -> Self:
        """An entity that does not exist yet and needs no claim: its first commit creates it."""
        entity = cls.from_store(address, StoredEntity.empty(), 0.0)
        entity.unclaimed = True
        return entity

    def snapshot(self, channel: Channel, audience: Role | None = None) -> bytes:
        """The encoded snapshot of a channel, redacted for an audience and cached until the entity
        changes."""
        key = channel, audience
        if key not in self._snapshots:
            self._snapshots = {**self._snapshots, key: self._encoded_snapshot(channel, audience)}
        return self._snapshots[key]

    def snapshot_instead_of_events(self, channel: Channel, audience: Role | None = None) -> bytes:
        """The encoded snapshot for a subscriber that cannot resume, with `resumed: false`."""
        return self._encoded_snapshot(channel, audience, resumed=False)

    def discard_snapshots(self) -> None:
        """Discard the cached snapshots."""
        self._snapshots = EMPTY

    def _encoded_snapshot(self, channel: Channel, audience: Role | None, **fields: Any) -> bytes:
        type_, data = self.behaviour.snapshot(self.state, channel)
        data = {**data, "version": self.version, **fields}
        seq = self.seqs.get(channel, 0)
        message = {"type": type_, "data": data, "seq": seq, "epoch": self.epoch}
        return encode_compact(message if audience is None else redact(audience, channel, message))


def shared_counters(seqs: Mapping[str, int]) -> Mapping[str, int]:
    """A mapping equal to `seqs` that all entities with equal counters share. Most orders have equal
    counters."""
    return _shared(tuple(seqs.items()))


@lru_cache(MAX_SHARED_COUNTERS)
def _shared(counters: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return dict(counters)
