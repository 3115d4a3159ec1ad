"""The staged changes of one entity in one turn. They are applied to memory after they are stored.

A transaction can be rolled back to a savepoint, so that a failing message does not affect the other
messages of its turn.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from domain.entity import Decision
from domain.refusals import Refusals
from engine import tracing
from engine.entity import EMPTY, LoadedEntity, shared_counters
from engine.outbox_entries import OutboxEffect, OutboxTimer
from engine.request_results import StagedResults
from engine.staged_audit import StagedAudit
from engine.variants import Frame
from protocol.caller import Caller
from protocol.codec import encode
from protocol.ids import Address, Channel
from protocol.stored_names import stored_form, stored_name
from storage.store import next_fencing_token

MAX_SEEN = 4096
"""Maximum number of sources whose last effect number an entity keeps. The source that was seen
least recently is dropped first."""


class _Savepoint(NamedTuple):
    state: Any
    version: int
    last_effect: int
    seqs: Mapping[str, int]
    timers: Mapping[str, OutboxTimer]
    seen: Mapping[str, int]
    lengths: tuple[int, int, int, int]
    results: int
    audit: tuple[Refusals, int]


class EntityTransaction:
    """The changes of one entity in one turn."""

    def __init__(self, entity: LoadedEntity) -> None:
        self.entity = entity
        self.state = entity.state
        self.version = entity.version
        self.last_effect = entity.last_effect
        self.seqs = entity.seqs
        self.timers = entity.timers
        self.seen = entity.seen
        self.is_final = entity.is_final
        self.effects: list[OutboxEffect] = []
        self.frames: list[Frame] = []
        self.history: list[bytes] = []
        self.traces: list[str] = []
        self.results = StagedResults(entity.results)
        self.audit = StagedAudit(entity)

    @property
    def address(self) -> Address:
        return self.entity.address

    @property
    def is_dirty(self) -> bool:
        """Whether there is anything to store."""
        return bool(
            self.history
            or self.audit.entries
            or self.results.new
            or self.effects
            or self.timers is not self.entity.timers
            or self.seen is not self.entity.seen
        )

    def savepoint(self) -> _Savepoint:
        return _Savepoint(
            self.state, self.version, self.last_effect, self.seqs, self.timers, self.seen,
            (len(self.effects), len(self.frames), len(self.history), len(self.traces)),
            len(self.results.new), self.audit.savepoint(),
        )  # fmt: skip

    def rollback(self, to: _Savepoint) -> None:
        """Undo all changes since the savepoint."""
        self.state, self.version, self.last_effect, self.seqs, self.timers, self.seen = to[:6]
        staged: tuple[list[Any], ...] = (self.effects, self.frames, self.history, self.traces)
        for each, length in zip(staged, to.lengths, strict=True):
            del each[length:]
        self.results.rollback(to.results)
        self.audit.rollback(to.audit)

    # --- staging ---------------------------------------------------------------------------------

    def evolve(self, decision: Decision, caller: Caller, now: datetime) -> None:
        """Stage the events of a decision, the frames for subscribers, and its timers."""
        behaviour = self.entity.behaviour
        if decision.events:
            self.version += 1
            if tracing.has_spans(trace := tracing.current.get()):
                self.traces.append(trace)
        for event in decision.events:
            self.state = behaviour.evolve(self.state, event)
            self.history.append(
                encode(
                    {
                        "type": stored_name(type(event)),
                        "at": now,
                        "by": caller.subject,
                        "version": self.version,
                        "data": stored_form(event),
                    }
                )
            )
            for publication in behaviour.publish(event, self.state):
                self._publish(publication.channel, publication.type, publication.data)
        if decision.timers or decision.cancels:
            timers = {key: each for key, each in self.timers.items() if key not in decision.cancels}
            for timer in decision.timers:
                timers[timer.key] = OutboxTimer(timer.key, timer.due, timer.message)
            self.timers = timers or EMPTY

    def _publish(self, channel: Channel, type_: str, data: Any) -> None:
        seq = self.seqs.get(channel, 0) + 1
        self.seqs = {**self.seqs, channel.value: seq}
        message = {"type": type_, "data": {**data, "version": self.version}, "seq": seq}
        self.frames.append(Frame(channel, message, encode(message)))

    def add_effect(self, to: Address, message: Any, caller: Caller, *, creates: bool) -> None:
        """Stage an effect on an entity of another host."""
        self.last_effect += 1
        self.effects.append(OutboxEffect(to, self.last_effect, message, caller, creates))

    def remove_timer(self, key: str) -> None:
        """Stage the removal of a timer that has fired."""
        self.timers = {name: each for name, each in self.timers.items() if name != key} or EMPTY

    def mark_seen(self, source: str, number: int) -> None:
        """Stage the number of a source's last effect, so that a repeated delivery is ignored."""
        seen = {name: last for name, last in self.seen.items() if name != source}
        if len(seen) >= MAX_SEEN:
            del seen[next(iter(seen))]
        seen[source] = number
        self.seen = seen

    # --- the commit ------------------------------------------------------------------------------

    def finish(self, results_length: int) -> None:
        """Compute the values that depend on the whole turn: whether the entity is final, and which
        request results are evicted so that `results_length` remain."""
        self.is_final = self.state is not None and self.entity.behaviour.is_final(self.state)
        self.results.evict(results_length)

    def apply(self) -> None:
        """Apply the staged changes to the entity, after its commit is stored."""
        entity = self.entity
        entity.fencing_token = next_fencing_token(entity.fencing_token)
        entity.state, entity.version = self.state, self.version
        entity.last_effect = self.last_effect
        entity.history_length += len(self.history)
        entity.audit_length += len(self.audit.entries)
        entity.refusals = self.audit.refusals
        entity.unclaimed = False
        if self.seqs is not entity.seqs:
            entity.seqs = shared_counters(self.seqs)
        entity.timers, entity.seen = self.timers, self.seen
        entity.is_final = self.is_final
        entity.discard_snapshots()
        self.results.apply()
