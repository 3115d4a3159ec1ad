"""The transactions of one turn, including the effects of decisions on entities of the same host."""

import logging
from collections import deque
from collections.abc import Collection
from datetime import datetime
from typing import Any, Protocol

from domain.entity import UNCHANGED, Context, Decision, Effect, Redirect
from engine.entity import LoadedEntity
from engine.messages import Done
from engine.metrics import EFFECTS_REFUSED
from engine.outbox_entries import OutboxEffect
from engine.placement import Placement
from engine.transaction import EntityTransaction
from protocol.caller import Caller
from protocol.errors import Rejected
from protocol.ids import CHANNELS, Address, Topic

log = logging.getLogger(__name__)

MAX_CASCADE = 10_000
"""Maximum number of effects that one decision causes on its host, directly and through other
effects. More mean that rules cause each other endlessly."""


class Missing(Exception):
    """A decision needs an entity that is not in memory, or whose ownership is unverified."""

    def __init__(self, address: Address) -> None:
        super().__init__(str(address))
        self.address = address


class Memory(Protocol):
    """The state of a host that decisions read. It does not change while a message is decided."""

    def entity(self, address: Address) -> LoadedEntity | None: ...

    def has_subscribers(self, topic: Topic) -> bool: ...

    def pending_effects(self, source: Address) -> Collection[OutboxEffect]:
        """The effects of an entity that their targets have not acknowledged yet."""


class Staging:
    """Stages the changes of one turn, message by message."""

    def __init__(self, host: str, memory: Memory, placement: Placement, now: datetime) -> None:
        self.now = now
        self.transactions: dict[Address, EntityTransaction] = {}
        self.creates: list[OutboxEffect] = []
        """The effects of the current message that create an entity on another host."""
        self._host = host
        self._memory = memory
        self._placement = placement
        self._savepoints: dict[Address, Any] = {}
        """The savepoints of the current message; None for a transaction that it began."""

    @property
    def touched(self) -> Collection[Address]:
        """The entities that the decision of the current message has read or changed."""
        return self._savepoints.keys()

    def begin(self) -> None:
        """Begin the next message."""
        self._savepoints, self.creates = {}, []

    def rollback(self) -> None:
        """Undo the staged changes of the current message."""
        for address, savepoint in self._savepoints.items():
            if savepoint is None:
                del self.transactions[address]
            else:
                self.transactions[address].rollback(savepoint)

    def transaction(self, address: Address, *, creates: bool = False) -> EntityTransaction:
        """The transaction of an entity, which is begun if necessary. With `creates`, the entity
        need not exist. Raises Missing if it is not in memory."""
        staged = self.transactions.get(address)
        if staged is None:
            entity = self._memory.entity(address)
            if entity is None:
                if not creates:
                    raise Missing(address)
                entity = LoadedEntity.new(address)
            staged = self.transactions[address] = EntityTransaction(entity)
            self._savepoints[address] = None
        elif address not in self._savepoints:
            self._savepoints[address] = staged.savepoint()
        return staged

    def pending_effects(self, source: EntityTransaction) -> list[OutboxEffect]:
        """The effects of an entity that their targets have not acknowledged yet."""
        return [*self._memory.pending_effects(source.address), *source.effects]

    def context(self, address: Address, caller: Caller, **fields: Any) -> Context:
        first_channel = Topic(address, CHANNELS[address.kind][0])
        online = self._memory.has_subscribers(first_channel)
        return Context(address=address, now=self.now, caller=caller, online=online, **fields)

    def apply(self, staged: EntityTransaction, decision: Decision, caller: Caller) -> None:
        """Stage a decision, then decide and stage its effects on this host. Raises Missing and
        RuntimeError."""
        local: deque[tuple[Address, Effect]] = deque()
        self._stage(staged, decision, caller, local)
        for _ in range(MAX_CASCADE):
            if not local:
                return
            source, effect = local.popleft()
            target = self.transaction(effect.to, creates=effect.creates)
            context = self.context(effect.to, caller, source=source)
            reaction = target.entity.behaviour.decide(target.state, effect.message, context)
            if isinstance(reaction, Decision):
                self._stage(target, reaction, caller, local)
            else:
                count_refused(effect.to, source, effect.message, reaction)
        raise RuntimeError(
            f"a message has more than {MAX_CASCADE} effects, probably because rules cause each "
            "other endlessly"
        )

    def _stage(
        self,
        staged: EntityTransaction,
        decision: Decision,
        caller: Caller,
        local: deque[tuple[Address, Effect]],
    ) -> None:
        if decision is UNCHANGED:
            return
        staged.evolve(decision, caller, self.now)
        for effect in decision.effects:
            is_here = self._placement.host_of(effect.to) == self._host
            if is_here and not self._has_pending(staged, effect.to):
                local.append((staged.address, effect))
                continue
            staged.add_effect(effect.to, effect.message, caller, creates=effect.creates)
            if effect.creates:
                self.creates.append(staged.effects[-1])
        if decision.completes is not None:
            done = Done(bool(decision.events), staged.version, decision.result)
            staged.results.put(decision.completes, done)

    def _has_pending(self, staged: EntityTransaction, to: Address) -> bool:
        """Whether earlier effects on this target are still in the outbox, because the target was on
        another host. Later effects must not be applied before them."""
        return any(each.to == to for each in self.pending_effects(staged))


def count_refused(to: Address, source: Address, message: Any, answer: Rejected | Redirect) -> None:
    """Count and log an effect that its target refused."""
    EFFECTS_REFUSED.add()
    log.error(
        "effect refused and dropped",
        extra={
            "entity": str(to),
            "source": str(source),
            "message_type": type(message).__name__,
            "answer": answer.error if isinstance(answer, Rejected) else "redirect",
        },
    )
