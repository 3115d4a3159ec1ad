"""The product without one of its guarantees: what the simulation must notice."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any
from unittest.mock import patch

from actors.draft import Draft
from actors.host import Host
from actors.outbox import Outbox
from actors.subscribers import Subscribers, _GatewayFeed
from actors.sweep import Sweep
from actors.telling import Telling
from actors.turn import Turn
from gateway.feeds import Feeds, _Subscription
from storage.redis_store import RedisStore
from storage.store import EntityCommit
from tests.simulation.faults import RATES
from tests.simulation.server import Server

Patches = list[tuple[Any, str, Any]]
"""Where, which attribute, and what stands there instead."""


def no_fencing() -> Patches:
    """The store takes the commit of an owner that another has replaced."""
    return [(Server, "_is_owned", lambda server, key, owner: True)]


_LOSSES = ("tests.simulation.faults", "RATES", {**RATES, "store_loses": 0.1})
"""In most evenings, where it is they that must be noticed."""


def commits_leave_their_token() -> Patches:
    """A commit is taken by whatever state its decider's claim left, later or earlier."""
    return [_LOSSES, ("actors.draft", "owner_after", lambda owner: owner)]


def no_new_epoch() -> Patches:
    """A store that lost its last writes numbers on under the same epoch."""
    begin = Server.begin_life_with

    def unnoticed(server: Server, kept: Any) -> None:
        life = server.life
        begin(server, kept)
        server.life = life

    return [_LOSSES, (Server, "begin_life_with", unnoticed)]


def no_outbox() -> Patches:
    """Effects are sent from memory only."""
    commit = Draft.commit

    def forgetful(draft: Draft, *args: Any) -> EntityCommit:
        return replace(commit(draft, *args), outbox={}, due=None)

    return [(Draft, "commit", forgetful)]


def no_sweep() -> Patches:
    """Nobody looks for what nobody carries."""

    async def idle(sweep: Sweep) -> int:
        return 0

    return [(Sweep, "once", idle)]


def no_dedupe() -> Patches:
    """An effect that comes again takes effect again."""

    class Unseen(dict[str, int]):
        def get(self, key: str, default: Any = None) -> Any:
            return 0

    tell = Turn._tell

    async def again(turn: Turn, message: Any) -> Any:
        draft = await turn._draft(message.to)
        draft.seen = Unseen(draft.seen)
        return await tell(turn, message)

    return [(Turn, "_tell", again)]


def no_results() -> Patches:
    """A request that comes again is done again."""
    return [(Draft, "first_result", lambda draft, origin: None)]


def told_before_stored() -> Patches:
    """Subscribers hear of a turn before its commit."""
    commit = Turn._commit

    async def hasty(turn: Turn, outcome: Any) -> Any:
        telling = Telling(turn._entities, turn._subscribers, turn._store)
        for draft in turn._drafts.values():
            telling._publish(draft)
        return await commit(turn, outcome)

    return [(Turn, "_commit", hasty)]


def joined_after_snapshot() -> Patches:
    """A snapshot is taken in one step, and its reader subscribed in a later one."""
    join = Subscribers.join

    def late(subscribers: Subscribers, *args: Any, **how: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, lambda: join(subscribers, *args, **how))

    return [(Subscribers, "join", late)]


def no_doubt() -> Patches:
    """Who listens is not told to join again where a commit is in doubt."""
    return [(Subscribers, "lose", lambda subscribers, topic: None)]


def kept_in_doubt() -> Patches:
    """A host goes on with what it held before a commit that failed."""
    return [(Host, "evict", lambda host, address: None)]


def no_acknowledgement() -> Patches:
    """A host forgets what it has told as soon as it was told."""

    def trusting(feed: _GatewayFeed, cursor: int) -> bool:
        feed.unacknowledged.clear()
        return True

    return [(_GatewayFeed, "acknowledge", trusting)]


def gaps_are_passed_on() -> Patches:
    """A gateway does not look whether numbers are missing."""
    spread = Feeds._spread

    def blind(feeds: Feeds, feed: Any, published: Any) -> None:
        if feed.last is not None and feed.rejoining is None:
            feed.last = max(feed.last, published.seq - 1)
        spread(feeds, feed, published)

    def anything_new(subscription: Any, seq: int, frame: Any) -> None:
        if subscription.last is None:
            subscription.early.append((seq, frame))
        elif seq > subscription.last:
            subscription.last = seq
            subscription.connection.push(frame)

    return [(Feeds, "_spread", blind), (_Subscription, "push", anything_new)]


def lost_hosts_are_forgotten() -> Patches:
    """A gateway does not join again where a host has begun a new life."""

    def content(feeds: Feeds, topic: Any) -> None:
        return None

    return [(Feeds, "_rejoin_soon", content)]


def listeners_stay_behind() -> Patches:
    """A gateway goes on listening where an entity was before its shard changed."""
    often = ("tests.simulation.faults", "RATES", {**RATES, "shards_changed": 0.5})
    return [often, (Feeds, "_placement_changed", lambda feeds: None)]


def events_come_again() -> Patches:
    """A socket is sent whatever comes, seen or not."""

    def careless(subscription: Any, seq: int, frame: Any) -> None:
        if subscription.last is None:
            subscription.early.append((seq, frame))
        else:
            subscription.last = seq
            subscription.connection.push(frame)

    return [(_Subscription, "push", careless)]


def commits_may_be_split() -> Patches:
    """The entities of a restaurant are committed one by one."""
    commit = RedisStore.commit

    async def singly(store: Any, commits: Any) -> frozenset[int]:
        failed: frozenset[int] = frozenset()
        for each in commits:
            failed |= await commit(store, [each])
        return failed

    return [(RedisStore, "commit", singly)]


def no_waiting_for_creation() -> Patches:
    """A creation is answered before what it creates exists."""
    return [(Outbox, "when_delivered", lambda outbox, source, entry, call: call())]


def no_timers() -> Patches:
    """A timer that is due does not ring."""
    return [(Host, "_schedule", lambda host, address, alarm: None)]


MUTATIONS: dict[str, Callable[[], Patches]] = {
    each.__name__: each
    for each in (
        no_fencing, commits_leave_their_token, no_new_epoch,
        no_outbox, no_sweep, no_dedupe, no_results, told_before_stored,
        joined_after_snapshot, no_doubt, kept_in_doubt, no_acknowledgement, gaps_are_passed_on,
        lost_hosts_are_forgotten, listeners_stay_behind, events_come_again,
        commits_may_be_split, no_waiting_for_creation, no_timers,
    )
}  # fmt: skip


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """The product without that guarantee, or as it is."""
    with ExitStack() as patches:
        for place, attribute, instead in MUTATIONS[name]() if name else ():
            whole = import_module(place) if isinstance(place, str) else place
            patches.enter_context(patch.object(whole, attribute, instead))
        yield
