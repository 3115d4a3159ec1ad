"""The turn: decide a batch, commit it in one round trip, and only then let anything be told.

Commands are decided one by one against drafts. What they set off in entities of the same host is
decided in the same turn, and all entities of one restaurant are committed together or not at all.
A restaurant whose commit fails loses its drafts: its callers get `unavailable`, its entities are
loaded again before they are next used. No Ray here, and no clock but the one passed in.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from actors import tracing
from actors.draft import Draft
from actors.held import NONE, Alarm, Held, Outgoing
from actors.messages import (
    STORED,
    Denied,
    Done,
    Fire,
    Join,
    Leave,
    Message,
    Rejoin,
    Reply,
    Submit,
    Tell,
    address_of,
)
from actors.metrics import COMMIT_SECONDS, COMMITS_REFUSED, EFFECTS_REFUSED, RULES_FAILED
from actors.placement import Placement
from actors.subscribers import Subscribers
from actors.telling import Entities, Outcome, Telling
from domain.entity import UNCHANGED, Context, Decision, Effect, Redirect, Supplies
from domain.messages import PriceItems
from protocol.caller import SYSTEM, Caller
from protocol.errors import ERRORS, UNAVAILABLE, Code, Rejected
from protocol.ids import CHANNELS, Address, Kind, Topic
from storage.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

MAX_CASCADE = 10_000
"""Messages that one command may set off on its host; more is a loop in the rules."""


class Turn:
    """One pass over one batch. `host` is the name under which effects come back to this host."""

    def __init__(
        self,
        host: str,
        entities: Entities,
        subscribers: Subscribers,
        store: Store,
        placement: Placement,
        now: datetime,
        results_length: int,
    ) -> None:
        self._host = host
        self._entities = entities
        self._subscribers = subscribers
        self._store = store
        self._placement = placement
        self._now = now
        self._results_length = results_length
        self._drafts: dict[Address, Draft] = {}
        self._marks: list[tuple[Draft, Any]] = []
        self._marked: set[Address] = set()
        self._creating: list[Outgoing] = []
        self._away: StoreUnavailable | None = None

    async def run(self, batch: Sequence[Message | Fire]) -> Outcome:
        """Decide, commit, adopt, publish; the replies are true when this returns."""
        await self._load_all(batch)
        outcome = Outcome([])
        for index, message in enumerate(batch):
            tracing.current.set(message.trace if isinstance(message, Submit) else "")
            outcome.replies.append(await self._unit(message))
            if self._creating:
                outcome.awaited[index] = self._creating
        tracing.current.set("")
        failed = await self._commit(outcome)
        await Telling(self._entities, self._subscribers, self._store).finish(batch, outcome, failed)
        return outcome

    # --- deciding --------------------------------------------------------------------------------

    async def _load_all(self, batch: Sequence[Message | Fire]) -> None:
        wanted = dict.fromkeys(address_of(m) for m in batch if not isinstance(m, Leave))
        for message in batch:
            held = self._entities.get(address_of(message))
            if held is not None and _looks_back(message, held):
                self._entities.doubt(held.address)
        try:
            await self._entities.load(list(wanted))
        except StoreUnavailable as error:
            self._away = error
            log.warning("store away while loading", extra={"host": self._host, "why": str(error)})

    async def _draft(self, address: Address, *, creates: bool = False) -> Draft:
        draft = self._drafts.get(address)
        if draft is None:
            held = self._entities.get(address)
            if held is None:
                held = self._entities.create(address) if creates else await self._late(address)
            draft = self._drafts[address] = Draft(held)
        if address not in self._marked:
            self._marked.add(address)
            self._marks.append((draft, draft.mark()))
        return draft

    async def _late(self, address: Address) -> Held:
        """Load what only a cascade turned out to need; a store that is away is asked once."""
        if self._away is None:
            try:
                await self._entities.load([address])
            except StoreUnavailable as error:
                self._away = error
        if self._away is not None:
            raise self._away
        held = self._entities.get(address)
        if held is None:
            raise StoreUnavailable(f"{address} cannot be read")
        return held

    async def _unit(self, message: Message | Fire) -> Reply:
        """Decide one message and all that it sets off on this host, whole or not at all."""
        self._marks, self._marked, self._creating = [], set(), []
        if not isinstance(message, Submit | Denied | Tell | Fire):
            return STORED
        try:
            if isinstance(message, Submit):
                return await self._submit(message)
            if isinstance(message, Tell):
                return await self._tell(message)
            if isinstance(message, Denied):
                draft = await self._draft(message.to)
                draft.put_on_record(message.command, message.caller, self._now, message.code)
                return STORED
            return await self._fire(message)
        except StoreUnavailable as error:
            log.warning("store away", extra={"entity": str(address_of(message)), "why": str(error)})
        except Exception:
            RULES_FAILED.add()
            log.exception(
                "a rule failed; nothing was changed, the caller was told to try again",
                extra={"entity": str(address_of(message)), "message_type": _name(message)},
            )
        for draft, mark in self._marks:
            draft.rewind(mark)
        self._creating = []
        return UNAVAILABLE

    async def _submit(self, message: Submit) -> Reply:
        draft = await self._draft(message.to)
        origin = message.origin
        redirected = message.followed
        if origin is not None:
            first = draft.first_result(origin)
            if isinstance(first, Address):
                redirected = first
            elif first is not None:
                self._ascertain(draft)
                self._creating += draft.creating()
                return first
        answer = await self._answer(draft, message, redirected)
        if isinstance(answer, Redirect):
            if origin is not None and origin.digest and redirected is None:
                draft.keep_result(origin, answer)
            return answer
        changed = isinstance(answer, Done) and answer.changed
        if changed or isinstance(answer, Rejected):
            code, result = (
                (None, answer.result) if isinstance(answer, Done) else (answer.code, NONE)
            )
            draft.put_on_record(message.command, message.caller, self._now, code, result)
        passing = isinstance(answer, Rejected) and ERRORS[answer.code].retry
        asked_again = origin is not None and origin.digest and draft.state is not None
        if origin is not None and (changed or (asked_again and not passing)):
            draft.keep_result(origin, answer)
        return answer

    async def _answer(
        self, draft: Draft, message: Submit, redirected: Address | None
    ) -> Done | Rejected | Redirect:
        expected = getattr(message.command, "expected_version", None)
        if (
            expected is not None
            and redirected is None
            and draft.state is not None
            and expected != draft.version
        ):
            return Rejected(
                Code.VERSION_CONFLICT,
                "This has changed since you last saw it. Read it again, then decide.",
                {"version": draft.version, "expected_version": expected},
            )
        supplies = message.supplies
        if supplies.to_price:
            supplies = await self._priced(message.to, supplies)
        if supplies.refusal is not None:
            return supplies.refusal
        context = self._context(
            message.to,
            message.caller,
            origin=message.origin,
            supplies=supplies,
            redirected=redirected,
            followed=message.followed is not None,
        )
        decision = draft.held.behaviour.decide(draft.state, message.command, context)
        if not isinstance(decision, Decision):
            return decision
        await self._apply(draft, decision, message.caller)
        return Done(bool(decision.events), draft.version, decision.result)

    async def _priced(self, to: Address, supplies: Supplies) -> Supplies:
        """With the prices of this very moment: the restaurant with its menu is on this host."""
        home = Address(Kind.RESTAURANT, to.restaurant, to.restaurant)
        menu = await self._draft(home)
        question = PriceItems(supplies.to_price)
        answer = menu.held.behaviour.decide(menu.state, question, self._context(home, SYSTEM))
        if isinstance(answer, Rejected):
            return Supplies(refusal=answer)
        assert isinstance(answer, Decision)
        return replace(supplies, prices=answer.result["prices"])

    async def _tell(self, message: Tell) -> Reply:
        draft = await self._draft(message.to)
        source = str(message.source)
        for number, body, caller in message.messages:
            if number > draft.seen.get(source, 0):
                await self._receive(draft, body, message.source, caller)
                draft.saw(source, number)
            else:
                self._ascertain(draft)
        return STORED

    def _ascertain(self, draft: Draft) -> None:
        """Answer from memory alone only where it is known to be what is stored."""
        if draft.held.in_doubt:
            raise self._away or StoreUnavailable(f"{draft.held.address} could not be looked up")

    async def _fire(self, message: Fire) -> Reply:
        draft = await self._draft(message.to)
        alarm = draft.outbox.get(f"t:{message.key}")
        if isinstance(alarm, Alarm) and alarm.due <= self._now:
            draft.remove(alarm.entry)
            await self._receive(draft, alarm.message, message.to, SYSTEM)
        return STORED

    async def _receive(self, draft: Draft, message: Any, source: Address, caller: Caller) -> None:
        """Decide another entity's message. It was settled when it was sent: no refusal helps."""
        context = self._context(draft.held.address, caller, source=source)
        decision = draft.held.behaviour.decide(draft.state, message, context)
        if isinstance(decision, Decision):
            await self._apply(draft, decision, caller)
        else:
            EFFECTS_REFUSED.add()
            log.error(
                "an effect was refused and is dropped",
                extra={
                    "entity": str(draft.held.address),
                    "source": str(source),
                    "message_type": type(message).__name__,
                    "answer": decision.error if isinstance(decision, Rejected) else "redirect",
                },
            )

    async def _apply(self, draft: Draft, decision: Decision, caller: Caller) -> None:
        """Stage a decision, then everything that it sets off on this host."""
        local: deque[tuple[Address, Effect]] = deque()
        self._stage(draft, decision, caller, local)
        for _ in range(MAX_CASCADE):
            if not local:
                return
            source, effect = local.popleft()
            target = await self._draft(effect.to, creates=effect.creates)
            context = self._context(effect.to, caller, source=source)
            reaction = target.held.behaviour.decide(target.state, effect.message, context)
            if isinstance(reaction, Decision):
                self._stage(target, reaction, caller, local)
            else:
                EFFECTS_REFUSED.add()
                log.error(
                    "an effect was refused and is dropped",
                    extra={"entity": str(effect.to), "source": str(source)},
                )
        raise RuntimeError("the effects of one command do not end")

    def _stage(
        self,
        draft: Draft,
        decision: Decision,
        caller: Caller,
        local: deque[tuple[Address, Effect]],
    ) -> None:
        if decision is UNCHANGED:
            return
        draft.evolve(decision, caller, self._now)
        source = draft.held.address
        for effect in decision.effects:
            here = self._placement.host_of(effect.to) == self._host
            if here and not _owes(draft, effect.to):
                local.append((source, effect))
            else:
                number = draft.last_effect + 1
                outgoing = Outgoing(effect.to, number, effect.message, caller, effect.creates)
                draft.send(outgoing)
                if effect.creates:
                    self._creating.append(outgoing)
        if decision.kept_for is not None:
            draft.keep_result(
                decision.kept_for, Done(bool(decision.events), draft.version, decision.result)
            )

    def _context(self, address: Address, caller: Caller, **known: Any) -> Context:
        first_channel = Topic(address, CHANNELS[address.kind][0])
        return Context(
            address=address,
            now=self._now,
            caller=caller,
            online=self._subscribers.listens(first_channel),
            **known,
        )

    # --- committing ------------------------------------------------------------------------------

    async def _commit(self, outcome: Outcome) -> frozenset[int]:
        """Store every draft that changed; answers with the restaurants that were not stored.

        What they were decided on goes along, changed or not: another host may own it by now.
        """
        dirty = [draft for draft in self._drafts.values() if draft.dirty]
        if not dirty:
            return frozenset()
        touched = frozenset(draft.held.address.restaurant for draft in dirty)
        drafts = [
            draft for draft in self._drafts.values() if draft.held.address.restaurant in touched
        ]
        began = asyncio.get_running_loop().time()
        try:
            failed = await self._store.commit(
                [draft.commit(self._now, self._results_length) for draft in drafts]
            )
            why = "another host has claimed an entity of this restaurant"
            COMMITS_REFUSED.add(len(failed), "fenced")
        except StoreUnavailable as error:
            failed, why = touched, str(error)
            COMMITS_REFUSED.add(len(failed), "store away")
        COMMIT_SECONDS.observe(asyncio.get_running_loop().time() - began)
        for restaurant in failed:
            log.warning(
                "a commit was not stored; its callers were told to send again",
                extra={"host": self._host, "restaurant": restaurant, "why": why},
            )
        for draft in drafts:
            if draft.held.address.restaurant in failed:
                self._entities.evict(draft.held.address)
            elif draft.dirty:
                draft.adopt()
                outcome.stored.append(draft)
        return failed


def _looks_back(message: Message | Fire, held: Held) -> bool:
    """Whether a message is about what its sender takes to be stored already: a store that lost its
    last writes would have it forgotten, and memory would not."""
    if isinstance(message, Submit):
        return message.origin is not None and held.results.find(message.origin) is not None
    if isinstance(message, Tell):
        return message.messages[0][0] <= held.seen.get(str(message.source), 0)
    if isinstance(message, Join | Rejoin) and message.since is not None:
        seq = held.seqs.get(message.topic.channel, 0)
        return message.epoch == held.epoch and message.since > seq
    return False


def _owes(draft: Draft, to: Address) -> bool:
    """Whether earlier effects to this target are still in the outbox: where it was on another host
    when they were sent, later ones must not overtake them."""
    return any(isinstance(each, Outgoing) and each.to == to for each in draft.outbox.values())


def _name(message: Message | Fire) -> str:
    return type(message.command if isinstance(message, Submit) else message).__name__
