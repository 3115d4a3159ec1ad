"""An entity in its host's memory, equal to its stored state.

Only `EntityTransaction.apply` changes it, after the commit has succeeded. The one exception is the
count of refusals, which changes without a commit if there is nothing else to store.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Self

from domain.behaviours import BEHAVIOURS
from domain.entity import Behaviour
from domain.refusals import NO_REFUSALS, Refusals, refusals_from
from engine.outbox_entries import OutboxTimer, decode_timers
from engine.request_results import RequestResults
from protocol.codec import encode_compact
from protocol.ids import Address, Channel
from storage.codec import restore
from storage.store import StoredEntity, new_epoch

EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""An empty mapping that entities share, because most of their mappings are empty."""
UNVERIFIED = -math.inf
MAX_SHARED_COUNTERS = 4096
"""Mappings of counters that entities share."""


@dataclass(slots=True)
class LoadedEntity:
    """State, counters, request results and timers of one claimed entity.

    Each commit replaces the fencing token. An `unclaimed` entity is created by its first commit,
    and one that `is_final` expires. `seqs` are the last sequence numbers of its channels, `seen`
    the number of the last effect from each source. `used_at` and `verified_at` are times of the
    event loop, in seconds: when a message last used the entity, and when this host last verified
    that it owns it (UNVERIFIED: verify before a reply).
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
    _snapshots: Mapping[Channel, bytes] = field(default_factory=lambda: EMPTY)

    @classmethod
    def from_store(cls, address: Address, loaded: StoredEntity, now: float) -> Self:
        """The entity that a claim has returned. Raises if its state cannot be read."""
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
        """Whether a reply may be made from memory without verifying ownership first."""
        return self.verified_at != UNVERIFIED

    @classmethod
    def unborn(cls, address: Address) -> Self:
        """An entity that does not exist until a commit creates it."""
        entity = cls.from_store(address, StoredEntity.empty(), 0.0)
        entity.unclaimed = True
        return entity

    def snapshot(self, channel: Channel) -> bytes:
        """The encoded snapshot of a channel."""
        if channel not in self._snapshots:
            self._snapshots = {**self._snapshots, channel: self._encoded_snapshot(channel)}
        return self._snapshots[channel]

    def snapshot_instead_of_events(self, channel: Channel) -> bytes:
        """The encoded snapshot for a subscriber that wanted to resume and cannot."""
        return self._encoded_snapshot(channel, resumed=False)

    def discard_snapshots(self) -> None:
        """Encode snapshots again when they are next needed."""
        self._snapshots = EMPTY

    def _encoded_snapshot(self, channel: Channel, **fields: Any) -> bytes:
        type_, data = self.behaviour.snapshot(self.state, channel)
        data = {**data, "version": self.version, **fields}
        seq = self.seqs.get(channel, 0)
        return encode_compact({"type": type_, "data": data, "seq": seq, "epoch": self.epoch})


def shared_counters(seqs: Mapping[str, int]) -> Mapping[str, int]:
    """The same counters, in a mapping that all entities with equal counters share, as most orders
    do."""
    return _shared(tuple(seqs.items()))


@lru_cache(MAX_SHARED_COUNTERS)
def _shared(counters: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    return dict(counters)
