"""A host: the inbox, memory, timers and outbox of the entities that one Ray actor carries.

A plain class. Store, clock and transport are passed in, so that tests drive it without Ray; the
Ray actor in `ray_hosts.py` is a thin shell around it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import uuid4

from actors import tracing
from actors.draft import Draft
from actors.held import IN_DOUBT, Alarm, Held, Outgoing, earliest, held_from, without
from actors.messages import (
    Exchanged,
    Feed,
    Fire,
    Message,
    Moved,
    Reply,
    Submit,
    Wake,
    address_of,
)
from actors.metrics import (
    COMMANDS,
    ENTITIES,
    EVICTIONS,
    INBOX,
    LOST_WRITES,
    MESSAGES_TAKEN,
    OUTBOX,
    OUTBOX_AGE,
    SUBSCRIBED,
    TURN_MESSAGES,
    TURN_SECONDS,
    UNREADABLE,
)
from actors.outbox import Outbox
from actors.placement import Mode
from actors.subscribers import Subscribers
from actors.telling import Outcome
from actors.transport import HostGone, Hosts
from actors.turn import Turn
from actors.whereabouts import Whereabouts
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import CHANNELS, Address, Topic
from storage.store import Store, StoreUnavailable, nothing

log = logging.getLogger(__name__)

TRUST_S = 1.0
"""How long an entity counts as this host's own after it was last known to be: what is read may be
so old where two hosts are asked, which happens while a placement changes."""
LOOK_S = 30.0
"""After which that is looked up for who only listens, and would not hear of another owner."""
FAREWELL_S = 5.0
"""How long a host that is to carry nothing any more still tells who asks where to go."""
WELCOME_S = 60.0
"""How long one that was started beforehand waits to be announced."""
NO_TIMER = ""


class Clock(Protocol):
    """The wall clock. Waiting is the event loop's."""

    def now(self) -> datetime:
        """The time: aware, UTC."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """`max_batch` messages make a turn at most; an entity unused for `idle_s` leaves memory;
    `results_length` answers to requests are kept an entity."""

    max_batch: int = 1024
    idle_s: float = 300.0
    results_length: int = 1000


@dataclass(slots=True)
class _Batch:
    """A delivery under way: its replies, and how many are still missing."""

    replies: list[Reply]
    missing: int
    done: asyncio.Future[None]

    def reply(self, index: int, reply: Reply) -> None:
        self.replies[index] = reply
        self.missing -= 1
        if not self.missing and not self.done.done():
            self.done.set_result(None)


class _Evicted(NamedTuple):
    """What was held of an entity when it was dropped, at a time of the loop."""

    version: int
    settled: bool
    at: float

    def has_lost(self, held: Held) -> bool:
        """Whether the store has less of it by now, other than by its retention."""
        has_expired = self.settled and held.state is None
        return held.version < self.version and not has_expired


_Letter = tuple[Message | Fire, _Batch | None, int]


class Host:
    """Carries entities: takes batches of messages, and answers each with a batch of replies."""

    def __init__(
        self,
        name: str,
        store: Store,
        hosts: Hosts,
        whereabouts: Whereabouts,
        clock: Clock,
        settings: HostSettings = HostSettings(),
    ) -> None:
        self.name = name
        self._store = store
        self._whereabouts = whereabouts
        self._placement = whereabouts.placement
        whereabouts.follow(self._hand_over_soon)
        self._clock = clock
        self._settings = settings
        self._subscribers = Subscribers(uuid4().hex)
        self._hosts = hosts
        self._outbox = Outbox(hosts, self._delivered, whereabouts.refresh)
        self._held: dict[Address, Held] = {}
        self._absent: set[Address] = set()
        self._evicted: dict[Address, _Evicted] = {}
        self._timers: dict[Address, dict[str, asyncio.TimerHandle]] = {}
        self._inbox: deque[_Letter] = deque()
        self._turning: asyncio.Task[None] | None = None
        self._closed = False
        self._settled: list[tuple[Address, list[str]]] = []
        self._cleared: dict[Address, list[str]] = {}
        self._clearing: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        self._was_placed = self._placement.places(name)
        self._used_at = asyncio.get_running_loop().time()

    # --- from outside ----------------------------------------------------------------------------

    async def deliver(self, batch: Sequence[Message]) -> list[Reply]:
        """One reply a message, in the same order, once all of them are known."""
        loop = asyncio.get_running_loop()
        pending = _Batch([UNAVAILABLE] * len(batch), len(batch), loop.create_future())
        if not batch:
            return []
        self._used_at = loop.time()
        if any(self._is_foreign(address_of(message)) for message in batch):
            await self._whereabouts.refresh(self._placement.generation + 1)
        self._inbox.extend((message, pending, index) for index, message in enumerate(batch))
        self._turn_soon()
        await pending.done
        return pending.replies

    async def exchange(self, gateway: str, cursor: int, batch: Sequence[Message]) -> Exchanged:
        """`deliver` for a gateway: what its batch publishes goes back with the replies."""
        self._subscribers.expect(gateway)
        try:
            replies = await self.deliver(batch)
        finally:
            feed = self._subscribers.collect(gateway, cursor)
        return Exchanged(replies, feed)

    async def poll(self, gateway: str, cursor: int) -> Feed:
        """What was published for this gateway; parks while there is nothing."""
        return await self._subscribers.poll(gateway, cursor)

    def rest(self) -> bool:
        """Let idle entities and silent gateways go; True when nothing is carried any more."""
        self._subscribers.expire()
        now = asyncio.get_running_loop().time()
        for address, evicted in list(self._evicted.items()):
            if now - evicted.at >= self._settings.idle_s:
                del self._evicted[address]
        if self._turning is None:
            for address, held in list(self._held.items()):
                if now - held.used_at >= self._settings.idle_s and not self._needed(address):
                    self.forget(address)
                elif now - held.owned_at >= LOOK_S and self._needed(address):
                    self._inbox.append((Fire(address, NO_TIMER), None, 0))
            if self._inbox:
                self._turn_soon()
        busy = self._held or self._inbox or self._turning or self._subscribers or self._outbox
        placed = self._placement.places(self.name)
        self._was_placed |= placed
        leave = FAREWELL_S if self._was_placed else WELCOME_S
        return not busy and now - self._used_at >= (self._settings.idle_s if placed else leave)

    @property
    def stays(self) -> bool:
        """Whether it stays even where nothing is carried: a shard does, until it has moved."""
        return self._placement.mode is Mode.SHARD and self._placement.places(self.name)

    @property
    def entities(self) -> int:
        """How many are in memory."""
        return len(self._held)

    def measure(self) -> None:
        """Set the gauges."""
        ENTITIES.set(len(self._held))
        SUBSCRIBED.set(len(self._subscribers))
        INBOX.set(len(self._inbox))
        OUTBOX.set(len(self._outbox))
        OUTBOX_AGE.set(self._outbox.age())

    def close(self) -> None:
        """End at once: what is stored stays, what is under way is left to a successor."""
        self._closed = True
        self._outbox.close()
        for timers in self._timers.values():
            for timer in timers.values():
                timer.cancel()
        for task in (self._turning, self._clearing, *self._farewells):
            if task is not None:
                task.cancel()

    # --- memory, as a turn uses it ---------------------------------------------------------------

    async def load(self, addresses: Sequence[Address]) -> None:
        """Claim what is not held, in one round trip. Raises StoreUnavailable."""
        now = asyncio.get_running_loop().time()
        await self._let_go(addresses, now)
        missing = []
        for address in addresses:
            held = self._held.get(address)
            if held is None:
                missing.append(address)
            else:
                held.used_at = now
        if not missing:
            return
        for address, loaded in zip(missing, await self._store.claim(missing), strict=True):
            try:
                held = held_from(address, loaded, now)
            except Exception:  # one entity that cannot be read is no reason to lose the others
                UNREADABLE.add()
                log.exception(
                    "an entity cannot be read; was it written by a later version?",
                    extra={"entity": str(address)},
                )
                continue
            self._held[address] = held
            before = self._evicted.pop(address, None)
            if before is not None and before.has_lost(held):
                LOST_WRITES.add()
                log.error(
                    "the store has lost what it acknowledged: did it restart, or fail over?",
                    extra={"entity": str(address), "version": held.version},
                )
            if not loaded.exists:
                self._absent.add(address)
            self._carry_on(held)

    async def _let_go(self, addresses: Sequence[Address], now: float) -> None:
        """Evict what another host has claimed: commits are fenced, what is only read is not."""
        doubtful = [
            held
            for held in map(self._held.get, addresses)
            if held is not None and now - held.owned_at > TRUST_S
        ]
        if not doubtful:
            return
        owners = await self._store.owners([held.address for held in doubtful])
        for held, owner in zip(doubtful, owners, strict=True):
            if owner == held.owner:
                held.owned_at = now
            else:
                self.evict(held.address)

    def doubt(self, address: Address) -> None:
        """Look who owns an entity before what is held of it is taken at its word."""
        self._held[address].owned_at = IN_DOUBT

    def create(self, address: Address) -> Held:
        """Hold an entity that does not exist yet: its first commit claims it."""
        now = asyncio.get_running_loop().time()
        held = self._held[address] = held_from(address, nothing(), now)
        held.unclaimed = True
        self._absent.add(address)
        return held

    def get(self, address: Address) -> Held | None:
        return self._held.get(address)

    def forget(self, address: Address) -> None:
        """Drop an entity from memory; all of it is in the store."""
        self._held.pop(address, None)
        for timer in self._timers.pop(address, {}).values():
            timer.cancel()

    def evict(self, address: Address) -> None:
        """Drop an entity whose stored state is in doubt; who listens to it joins again."""
        held = self._held.get(address)
        if held is not None:
            now = asyncio.get_running_loop().time()
            EVICTIONS.add()
            self._evicted[address] = _Evicted(held.version, held.settled, now)
        self.forget(address)
        for channel in CHANNELS[address.kind]:
            self._subscribers.lose(Topic(address, channel))

    def _forget_absent(self) -> None:
        """What does not exist is looked up each time: a creation may be on its way to the store."""
        for address in self._absent:
            held = self._held.get(address)
            if held is not None and held.state is None and not held.outbox:
                self.forget(address)
        self._absent.clear()

    def _needed(self, address: Address) -> bool:
        return self._outbox.holds(address) or any(
            self._subscribers.listens(Topic(address, channel)) for channel in CHANNELS[address.kind]
        )

    # --- turns -----------------------------------------------------------------------------------

    def _turn_soon(self) -> None:
        self._used_at = asyncio.get_running_loop().time()
        if self._turning is None and not self._closed:
            self._turning = asyncio.create_task(self._turn_until_empty())

    async def _turn_until_empty(self) -> None:
        try:
            while self._inbox and not self._closed:
                count = min(len(self._inbox), self._settings.max_batch)
                await self._turn([self._inbox.popleft() for _ in range(count)])
                self._hand_over()
        finally:
            self._turning = None
            if self._inbox:
                self._turn_soon()

    async def _turn(self, letters: list[_Letter]) -> None:
        letters = self._own(letters)
        if not letters:
            return
        for message, _, _ in letters:
            if isinstance(message, Wake):  # its effects wait: another host may have gone on with it
                self.evict(message.to)
        began = asyncio.get_running_loop().time()
        turn = Turn(
            self.name,
            self,
            self._subscribers,
            self._store,
            self._placement,
            self._clock.now(),
            self._settings.results_length,
        )
        try:
            outcome = await turn.run([message for message, _, _ in letters])
        except Exception:
            log.exception("a turn failed; its callers were told to try again")
            outcome = Outcome([UNAVAILABLE] * len(letters))
            for address in list(self._held):
                self.evict(address)
        self._forget_absent()
        self._settle()
        now = asyncio.get_running_loop().time()
        MESSAGES_TAKEN.add(len(letters))
        TURN_MESSAGES.observe(len(letters))
        TURN_SECONDS.observe(now - began)
        for draft in outcome.stored:
            draft.held.owned_at = now
            self._follow_up(draft)
        for index, (message, batch, place) in enumerate(letters):
            if isinstance(message, Submit) and tracing.has_spans(message.trace):
                tracing.took(
                    message.trace, "turn", now - began, entity=str(message.to), host=self.name
                )
            if isinstance(message, Fire):
                self._ring_again(message)
            if batch is not None:
                self._answer(message, batch, place, outcome, index)

    def _answer(
        self, message: Message | Fire, batch: _Batch, place: int, outcome: Outcome, index: int
    ) -> None:
        """Reply at once, or when every entity that the command creates exists."""
        reply = outcome.replies[index]
        if isinstance(message, Submit):
            COMMANDS.add(of=reply.code.value if isinstance(reply, Rejected) else "done")
        awaited = outcome.awaited.get(index, [])
        if not awaited:
            batch.reply(place, reply)
            return
        assert isinstance(message, Submit)  # nothing else creates
        missing = len(awaited)

        def one_more() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                batch.reply(place, reply)

        for outgoing in awaited:
            self._outbox.when_delivered(message.to, outgoing, one_more)

    # --- what others carry -----------------------------------------------------------------------

    def _is_foreign(self, address: Address) -> bool:
        """Whether another host is to carry it. What is held is this one's own."""
        return address not in self._held and self._placement.host_of(address) != self.name

    def _own(self, letters: list[_Letter]) -> list[_Letter]:
        """The letters for this host; who sent the others is told to go elsewhere."""
        own = []
        for letter in letters:
            message, batch, place = letter
            if not self._is_foreign(address_of(message)):
                own.append(letter)
            elif batch is not None:
                batch.reply(place, Moved(self._placement.generation))
        return own

    def _hand_over_soon(self) -> None:
        if self._turning is None:  # a turn is finished first
            self._hand_over()

    def _hand_over(self) -> None:
        """Let go of what another host is to carry now: it claims that by loading it, at once where
        something of it is under way."""
        if self._placement is self._whereabouts.placement:
            return
        self._placement = self._whereabouts.placement
        wakes: dict[str, list[Wake]] = {}
        for address, held in list(self._held.items()):
            host = self._placement.host_of(address)
            if host != self.name:
                self.forget(address)
                if held.outbox:
                    wakes.setdefault(host, []).append(Wake(address))
        self._subscribers.part(
            topic for topic in self._subscribers.topics() if self._is_foreign(topic.address)
        )
        self._outbox.redirect(self._placement.host_of)
        for host, batch in wakes.items():
            farewell = asyncio.create_task(self._wake(host, batch))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _wake(self, host: str, batch: list[Wake]) -> None:
        try:
            await self._hosts.deliver(host, batch)
        except HostGone as error:
            log.warning(
                "timers wait for the sweep: their new host does not answer",
                extra={"host": host, "why": str(error)},
            )

    # --- effects and timers ----------------------------------------------------------------------

    def _follow_up(self, draft: Draft) -> None:
        """Send what a stored draft put into the outbox, and set its timers."""
        if draft.outbox_changed:
            self._carry_on(draft.held)

    def _carry_on(self, held: Held) -> None:
        """Deliver and schedule all that an entity's outbox holds; what is under way stays so."""
        address = held.address
        timers = self._timers.get(address, {})
        for key in [key for key in timers if f"t:{key}" not in held.outbox]:
            timers.pop(key).cancel()
        to_send: dict[str, list[Outgoing]] = {}
        for entry in held.outbox.values():
            if isinstance(entry, Outgoing):
                to_send.setdefault(self._placement.host_of(entry.to), []).append(entry)
            else:
                self._schedule(address, entry)
        for host, entries in to_send.items():
            self._outbox.send(host, address, entries)

    def _schedule(self, address: Address, alarm: Alarm) -> None:
        timers = self._timers.setdefault(address, {})
        if alarm.key in timers:
            timers[alarm.key].cancel()
        delay = max(0.0, (alarm.due - self._clock.now()).total_seconds())
        timers[alarm.key] = asyncio.get_running_loop().call_later(
            delay, self._ring, address, alarm.key
        )

    def _ring(self, address: Address, key: str) -> None:
        self._timers.get(address, {}).pop(key, None)
        self._inbox.append((Fire(address, key), None, 0))
        self._turn_soon()

    def _ring_again(self, fire: Fire) -> None:
        """Set a timer that rang before its time: the wall clock was put back."""
        held = self._held.get(fire.to)
        alarm = held.outbox.get(f"t:{fire.key}") if held is not None else None
        if isinstance(alarm, Alarm) and fire.key not in self._timers.get(fire.to, {}):
            self._schedule(fire.to, alarm)

    def _delivered(self, source: Address, entries: list[str]) -> None:
        self._settled.append((source, entries))
        if self._turning is None:  # a turn's drafts must not see their outbox change
            self._settle()

    def _settle(self) -> None:
        """Take delivered effects out of memory, and out of the store as soon as it suits."""
        for source, entries in self._settled:
            held = self._held.get(source)
            if held is not None:
                held.outbox = without(held.outbox, entries)
            self._cleared.setdefault(source, []).extend(entries)
        self._settled.clear()
        if self._cleared and self._clearing is None:
            self._clearing = asyncio.create_task(self._clear())

    async def _clear(self) -> None:
        """Take delivered effects out of the store; one that stays there is only sent again."""
        try:
            while self._cleared:
                cleared, self._cleared = self._cleared, {}
                now = self._clock.now()
                try:
                    await self._store.clear(
                        [
                            (source, entries, self._due(source, now))
                            for source, entries in cleared.items()
                        ]
                    )
                except StoreUnavailable as error:
                    log.warning("delivered effects stay in the store", extra={"why": str(error)})
        finally:
            self._clearing = None

    def _due(self, source: Address, now: datetime) -> float | None:
        held = self._held.get(source)
        return earliest(held.outbox, now) if held is not None else None
