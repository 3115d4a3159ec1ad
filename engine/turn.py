"""The turns of a host. A turn handles a batch of messages:

    load      the entities that the messages are for, in one round trip
    decide    message by message, without I/O; other entities that effects need are loaded between
    commit    all restaurants with changes, in one round trip
    apply     the stored changes to memory, outbox and timers, and publish them to subscribers
    reply     with snapshots and subscriptions of the applied state

If a restaurant's commit fails, its commands, effects, timers and denials get `unavailable`. The
outcome is unknown, so the restaurant's entities are evicted, unless the commit could not be encoded
and was never sent.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence

from engine import failures, tracing
from engine.commit import Committer, Failed
from engine.decide import Decider, Unit
from engine.entity import UNVERIFIED, LoadedEntity
from engine.messages import (
    Activate,
    AnyMessage,
    CheckOwner,
    DeliverEffects,
    Query,
    RecordDenial,
    Resubscribe,
    Submit,
    Subscribe,
    TimerFired,
    Unsubscribe,
    address_of,
)
from engine.placement import Placement
from engine.replies import Replies
from engine.residents import Residents
from engine.staging import Missing, Staging
from engine.timers import Clock
from engine.transaction import EntityTransaction
from protocol.errors import UNAVAILABLE
from protocol.ids import Address
from storage.store import StoreUnavailable

log = logging.getLogger(__name__)


class Turns:
    """Runs the turns of one host. The caller runs one turn at a time, and sets `placement` only
    between turns."""

    def __init__(
        self,
        host: str,
        residents: Residents,
        committer: Committer,
        replies: Replies,
        clock: Clock,
        placement: Placement,
    ) -> None:
        self.placement = placement
        self._host = host
        self._residents = residents
        self._committer = committer
        self._replies = replies
        self._clock = clock

    async def run(self, batch: Sequence[AnyMessage]) -> list[Unit]:
        """Run one turn. Returns one unit per message, in order. A unit's reply must be sent only
        after the effects in its `creates` are acknowledged."""
        now = self._clock.now()
        staging = Staging(self._host, self._residents, self.placement, now)
        try:
            units = await self._decide(batch, Decider(staging))
        except Exception:  # nothing is stored yet, so messages can be decided again one by one
            return await self._run_singly(batch)
        staged = list(staging.transactions.values())
        changed = {each.address.restaurant for each in staged if each.is_dirty}
        failed = await self._committer.commit(staged, batch, now)
        self._apply(staged, changed, failed, batch)
        for unit in units:
            _fail(unit, failed)
        unchanged = [each.address for each in staged if each.address.restaurant not in changed]
        if lost := set(await self._evict_lost(unchanged)):
            await self._run_again([unit for unit in units if not lost.isdisjoint(unit.touched)])
            await self._replies.complete([each for each in units if lost.isdisjoint(each.touched)])
        else:
            await self._replies.complete(units)
        self._residents.forget_absent()
        return units

    def evict(self, addresses: Iterable[Address]) -> None:
        """Drop entities after a failure whose extent is unknown."""
        for address in addresses:
            self._residents.evict(address)

    async def _run_singly(self, batch: Sequence[AnyMessage]) -> list[Unit]:
        """Run each message in its own turn, so that only the one with a bug fails. Must be called
        only if nothing was stored."""
        if len(batch) > 1:
            return [(await self.run([message]))[0] for message in batch]
        [message] = batch
        failed = failures.record("turn failed", address_of(message), batch)
        self._residents.evict(address_of(message))
        return [Unit(message, failed, ())]

    async def _run_again(self, units: Sequence[Unit]) -> None:
        """Decide messages again whose decisions used entities that another host has claimed since,
        and replace the replies of their units."""
        new_units = await self.run([unit.message for unit in units])
        for unit, new in zip(units, new_units, strict=True):
            unit.reply, unit.creates = new.reply, new.creates

    # --- loading and deciding --------------------------------------------------------------------

    async def _decide(self, batch: Sequence[AnyMessage], decider: Decider) -> list[Unit]:
        store_failure = await self._load_all(batch)
        units = []
        for message in batch:
            tracing.current.set(message.trace if isinstance(message, Submit) else "")
            attempted: set[Address] = set()
            while True:
                try:
                    units.append(decider.decide(message))
                    break
                except Missing as missing:
                    if store_failure is None and missing.address not in attempted:
                        attempted.add(missing.address)
                        store_failure = await self._load(missing.address)
                        continue
                    log.warning(
                        "cannot load an entity that a message needs",
                        extra={"entity": str(missing.address), "why": str(store_failure or "")},
                    )
                    units.append(Unit(message, UNAVAILABLE, {address_of(message)}))
                    break
        tracing.current.set("")
        return units

    async def _load_all(self, batch: Sequence[AnyMessage]) -> StoreUnavailable | None:
        """Load the entities that the messages are for. Ownership is verified first for messages
        that do not commit, or whose reply repeats an earlier result; for others, the commit
        verifies it. Returns the failure of the store, or None."""
        verify = []
        for message in batch:
            address = address_of(message)
            entity = self._residents.entity(address)
            if isinstance(message, Activate):
                self._residents.activate(address)
            elif entity is None:
                continue
            elif _repeats_result(message, entity):
                entity.verified_at = UNVERIFIED
                verify.append(address)
            elif isinstance(message, Query | Subscribe | Resubscribe | CheckOwner):
                verify.append(address)
        try:
            if verify:
                await self._residents.evict_lost(verify)
            await self._residents.load(
                dict.fromkeys(
                    address_of(each) for each in batch if not isinstance(each, Unsubscribe)
                )
            )
        except StoreUnavailable as error:
            log.warning("store unavailable", extra={"host": self._host, "why": str(error)})
            return error
        return None

    async def _load(self, address: Address) -> StoreUnavailable | None:
        """Load an entity that a decision needs. Returns the failure of the store, or None."""
        try:
            await self._residents.load([address])
        except StoreUnavailable as error:
            return error
        return None

    # --- after the commit ------------------------------------------------------------------------

    def _apply(
        self,
        staged: Iterable[EntityTransaction],
        changed: Collection[int],
        failed: Failed,
        batch: Sequence[AnyMessage],
    ) -> None:
        now = asyncio.get_running_loop().time()
        for each in staged:
            address = each.address
            if address.restaurant in failed.in_doubt:
                self._residents.evict(address)
            elif address.restaurant in failed.unencodable:
                continue
            elif not each.is_dirty:
                # A changed count of refusals alone is not worth a commit.
                each.entity.refusals = each.audit.refusals
            else:
                try:
                    self._residents.apply(each)
                    self._replies.publish(each)
                except Exception:
                    messages = [message for message in batch if address_of(message) == address]
                    failures.record("cannot publish events", address, messages)
                    self._residents.evict(address)
            if address.restaurant in changed:
                each.entity.verified_at = now

    async def _evict_lost(self, addresses: Iterable[Address]) -> Collection[Address]:
        """Evict those of these entities that another host has claimed. Returns them. If the store
        is unavailable, returns none, and replies are made from memory."""
        try:
            return await self._residents.evict_lost(addresses)
        except StoreUnavailable:
            return ()


def _fail(unit: Unit, failed: Failed) -> None:
    """Set the reply of a message whose changes were not stored. `Replies` sets those of queries and
    subscriptions: it replies `unavailable` for evicted entities."""
    message = unit.message
    if isinstance(message, Submit | DeliverEffects | TimerFired | RecordDenial) and failed.includes(
        message.to.restaurant
    ):
        unit.reply = UNAVAILABLE


def _repeats_result(message: AnyMessage, entity: LoadedEntity) -> bool:
    """Whether the reply depends on an earlier write: a request or effect that was already handled,
    or a position after the last event. A store that lost its last writes may lack that write, so
    ownership is verified first."""
    match message:
        case Submit(request_ref=request_ref):
            return request_ref is not None and entity.results.find(request_ref) is not None
        case DeliverEffects():
            return message.messages[0][0] <= entity.seen.get(str(message.source), 0)
        case Subscribe() | Resubscribe():
            seq = entity.seqs.get(message.topic.channel, 0)
            is_ahead = message.since is not None and message.since > seq
            return is_ahead and message.epoch == entity.epoch
    return False
