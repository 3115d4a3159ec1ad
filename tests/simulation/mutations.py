"""Mutations that remove one guarantee each; the simulation must detect every one."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any
from unittest.mock import patch

import domain.menu.pricing
import domain.order.effects
import domain.order.item
import domain.reservations
import engine.commit
from domain.entity import UNCHANGED
from engine.decide import Decider
from engine.outbox import Outbox
from engine.peers import _Peer
from engine.request_results import StagedResults
from engine.residents import Residents
from engine.streams import FrameReader, Stream
from engine.subscribers import Subscribers
from engine.sweep import Sweep
from engine.timers import Timers
from engine.turn import Turns
from gateway.backend.host_client import HostClient
from gateway.backend.host_link import HostLink
from gateway.backend.id_allocation import IdAllocator
from gateway.backend.message_queue import PendingMessage
from gateway.backend.subscriptions import SubscriptionHub
from gateway.backend.topic_subscribers import Subscription
from protocol.errors import Rejected
from storage.redis_store import RedisStore
from storage.store import EntityCommit
from tests.simulation.faults import RATES
from tests.simulation.server import Server

Patches = list[tuple[Any, str, Any]]
"""Object or module, attribute, replacement."""


def no_fencing() -> Patches:
    """The store accepts a commit with an outdated fencing token."""
    return [(Server, "_is_owned", lambda server, key, owner: True)]


_FREQUENT_DATA_LOSS = ("tests.simulation.faults", "RATES", {**RATES, "store_data_loss": 0.1})
"""In most seeds, for mutations that only data loss reveals."""


def no_token_rotation() -> Patches:
    """A commit does not change the fencing token."""
    return [
        _FREQUENT_DATA_LOSS,
        ("engine.transaction", "next_fencing_token", lambda owner: owner),
        ("engine.commit", "next_fencing_token", lambda owner: owner),
    ]


def no_new_epoch() -> Patches:
    """A store that lost its last writes keeps its epoch."""
    restart = Server.restart_with

    def keep_replication_id(server: Server, dump: Any) -> None:
        replication_id = server.replication_id
        restart(server, dump)
        server.replication_id = replication_id

    return [_FREQUENT_DATA_LOSS, (Server, "restart_with", keep_replication_id)]


def no_outbox() -> Patches:
    """Effects are kept in memory only."""
    encode = engine.commit.entity_commit

    def without_outbox(*args: Any, **kwargs: Any) -> EntityCommit:
        return replace(encode(*args, **kwargs), outbox={}, due=None)

    return [("engine.commit", "entity_commit", without_outbox)]


def no_sweep() -> Patches:
    """No sweep finds overdue outboxes of entities without a host."""

    async def idle(sweep: Sweep) -> int:
        return 0

    return [(Sweep, "once", idle)]


def no_effect_dedupe() -> Patches:
    """A repeated effect is applied again."""

    class Unseen(dict[str, int]):
        def get(self, key: str, default: Any = None) -> Any:
            return 0

    receive = Decider._receive_effects

    def again(decider: Decider, message: Any) -> Any:
        staged = decider._staging.transaction(message.to)
        staged.seen = Unseen(staged.seen)
        return receive(decider, message)

    return [(Decider, "_receive_effects", again)]


def no_request_results() -> Patches:
    """A repeated request is executed again."""
    return [(StagedResults, "first", lambda results, origin: None)]


def published_before_commit() -> Patches:
    """Events are published before their commit."""
    run = Turns.run

    async def publish_first(turns: Turns, batch: Any) -> Any:
        commit = turns._committer.commit

        async def published(staged: Any, *args: Any) -> Any:
            for each in staged:
                turns._replies.publish(each)
            return await commit(staged, *args)

        with patch.object(turns._committer, "commit", published):
            return await run(turns, batch)

    return [(Turns, "run", publish_first)]


def subscribed_after_snapshot() -> Patches:
    """A subscriber is added some time after its snapshot was read."""
    subscribe = Subscribers.subscribe

    def late(subscribers: Subscribers, *args: Any, **how: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, lambda: subscribe(subscribers, *args, **how))

    return [(Subscribers, "subscribe", late)]


def unverified_entities_kept() -> Patches:
    """A host keeps its state after a failed commit."""
    return [(Residents, "evict", lambda residents, address: None)]


# --- streams -------------------------------------------------------------------------------------


def no_reassembly() -> Patches:
    """An incomplete frame is dropped."""
    feed = FrameReader.feed

    def feed_and_forget(reader: FrameReader, data: bytes) -> Any:
        items = feed(reader, data)
        reader._buffer.clear()
        return items

    return [(FrameReader, "feed", feed_and_forget)]


def no_peer_timeout() -> Patches:
    """A silent peer never times out."""
    often = {**RATES, "stream_cut": 0.15, "stream_end_unnoticed": 1.0}
    return [
        ("tests.simulation.faults", "RATES", often),
        ("engine.streams", "PEER_TIMEOUT_S", 1e9),
        ("engine.peers", "MAX_AGE_S", 1e9),
        ("engine.peers", "TIMEOUT_S", 1e9),
    ]


def replaced_hosts_kept() -> Patches:
    """Neither gateways nor hosts check whether a host was replaced."""

    async def skip_check(link: HostLink) -> None:
        return None

    often = {**RATES, "host_duplicated": 0.4}
    return [
        ("tests.simulation.faults", "RATES", often),
        ("engine.host", "OWNERSHIP_RECHECK_S", 1e9),
        (HostLink, "_check_incarnation", skip_check),
    ]


def no_resend() -> Patches:
    """A gateway does not resend the messages of a lost stream."""
    return [(HostClient, "on_lost", lambda client, link, under_way: None)]


def no_reply_timeout() -> Patches:
    """A host waits forever for replies on a lost stream."""

    def wait_forever(peer: _Peer, stream: Stream) -> None:
        peer.is_lost = True

    return [("engine.peers", "TIMEOUT_S", 1e9), (_Peer, "_on_lost", wait_forever)]


def old_stream_detaches_new_one() -> Patches:
    """The end of a gateway's stream also removes the subscriptions of its next stream."""
    detach = Subscribers.detach

    def any_stream(subscribers: Subscribers, stream: Any) -> None:
        gateway = subscribers._gateways.get(stream.peer)
        if gateway is not None:
            detach(subscribers, gateway.stream)

    return [(Subscribers, "detach", any_stream)]


# --- subscriptions -------------------------------------------------------------------------------


def no_topic_invalidation() -> Patches:
    """Gateways are not asked to resubscribe after a failed commit or a move."""
    return [(Subscribers, "invalidate", lambda subscribers, topic: None)]


def no_resubscribe_after_drop() -> Patches:
    """A gateway does not resubscribe to a topic that its host dropped."""
    return [(SubscriptionHub, "on_dropped", lambda hub, host, topic: None)]


def no_resubscribe_on_new_stream() -> Patches:
    """A gateway does not resubscribe on a new stream."""
    return [(SubscriptionHub, "on_connected", lambda hub, host: None)]


def late_subscribe_reply() -> Patches:
    """A gateway handles later messages before the subscribe reply."""

    def answer(waiting: PendingMessage, reply: Any) -> None:
        if not waiting.reply.done():
            waiting.reply.set_result(reply)
            if waiting.observe is not None:
                asyncio.get_running_loop().call_later(0.05, waiting.observe, reply)

    return [(PendingMessage, "complete", answer)]


def events_before_snapshot() -> Patches:
    """A connection is sent events before its snapshot."""
    push, published = Subscription.deliver, SubscriptionHub.on_published

    def early(subscription: Subscription, seq: int, frame: Any) -> None:
        if subscription.last_seq is None:
            subscription.connection.send(frame)
        push(subscription, seq, frame)

    def pass_on(hub: SubscriptionHub, host: str, body: Any) -> None:
        subscribers = hub._topics.get(host, {}).get(body.topic)
        if subscribers is not None and subscribers.last_seq is None:
            subscribers.deliver(body.seq, body)
            subscribers.last_seq = None
        published(hub, host, body)

    return [(Subscription, "deliver", early), (SubscriptionHub, "on_published", pass_on)]


def no_resubscribe_after_placement_change() -> Patches:
    """A gateway does not resubscribe when an entity's shard changes."""
    often = ("tests.simulation.faults", "RATES", {**RATES, "shards_changed": 0.5})
    return [often, (SubscriptionHub, "_placement_changed", lambda hub: None)]


def no_event_dedupe() -> Patches:
    """A socket is sent duplicate events."""

    def send_always(subscription: Subscription, seq: int, frame: Any) -> None:
        if subscription.last_seq is not None:
            subscription.last_seq = seq
            subscription.connection.send(frame)

    return [(Subscription, "deliver", send_always)]


# --- turns ---------------------------------------------------------------------------------------


def split_commits() -> Patches:
    """The entities of a restaurant are committed one by one."""
    commit = RedisStore.commit

    async def singly(store: Any, commits: Any) -> frozenset[int]:
        failed: frozenset[int] = frozenset()
        for each in commits:
            failed |= await commit(store, [each])
        return failed

    return [(RedisStore, "commit", singly)]


def reply_before_creation() -> Patches:
    """A creation is acknowledged before the entity exists."""
    return [(Outbox, "on_ack", lambda outbox, source, entry, call: call())]


def no_timers() -> Patches:
    """A due timer does not fire."""
    return [(Timers, "_schedule", lambda timers, address, timer: None)]


# --- numbers -------------------------------------------------------------------------------------


def numbers_counted_by_gateways() -> Patches:
    """Each gateway counts the orders of a business date by itself."""

    async def count(allocator: IdAllocator, restaurant: int, date: str) -> int:
        numbers = allocator._numbers_of(restaurant, date).left
        numbers.append(len(numbers) + 1)
        return numbers[-1]

    return [(IdAllocator, "_new_number", count)]


# --- rules ---------------------------------------------------------------------------------------


def unpriced_options() -> Patches:
    """A line costs what its item does, whatever its options cost."""
    price = domain.menu.pricing._price_line

    def without_options(line: Any, item: Any, groups: Any) -> Any:
        sold = price(line, item, groups)
        return sold if isinstance(sold, Rejected) else replace(sold, unit_price=item.price)

    return [("domain.menu.pricing", "_price_line", without_options)]


def orders_while_paused() -> Patches:
    """Guests can order while ordering is paused."""
    return [("domain.menu.rules", "_pause_refusal", lambda pause: None)]


def unrecorded_voids() -> Patches:
    """A voided unit is not listed in its item."""
    void = domain.order.item.void_units

    def unlisted(item: Any, *about: Any) -> Any:
        return replace(void(item, *about), voids=item.voids)

    return [("domain.order.item", "void_units", unlisted)]


def dropped_items() -> Patches:
    """Replacing the items of a confirmed order drops items without a void."""
    return [("domain.order.item", "loses_units", lambda before, after: False)]


def unacknowledged_recalls() -> Patches:
    """The notification that an order is ready stays open when the order is recalled."""
    return [("domain.order.decision", "acknowledge_ready", lambda order, at, by: ())]


def recalls_announced_under_one_id() -> Patches:
    """An order that is ready again has the notification of the first time."""
    named = domain.order.effects._notification_id

    def always_one(source: str, order: Any, revision: int) -> str:
        is_ready = source == "order" and revision == order.ready_revision
        return f"order-{order.id}-ready" if is_ready else named(source, order, revision)

    return [("domain.order.effects", "_notification_id", always_one)]


def endless_grace() -> Patches:
    """An order whose items are all ready stays confirmed."""
    return [("domain.order.rules", "_end_grace", lambda order, context: UNCHANGED)]


def oversold_portions() -> Patches:
    """An order gets all portions that it wants."""
    return [("domain.menu.portions", "_available", lambda menu, wanted: dict(wanted))]


def portions_of_cancelled_orders_kept() -> Patches:
    """A pending order does not give its portions back."""
    return [("domain.order.decision", "_return_portions", lambda order, after, context: ())]


def sales_answered_as_refusals() -> Patches:
    """A session answers that it has refused an order that it has stored."""
    answer = domain.reservations.answer_with
    return [("domain.reservations", "answer_with", lambda sold, context: answer({}, context))]


def unanswered_refusals() -> Patches:
    """Reservations of refused commands are not answered, and the menu does not ask."""
    return [
        (Decider, "_answer_reservation", lambda decider, staged, message: None),
        ("domain.menu.portions", "ask", lambda menu, number, context: UNCHANGED),
    ]


def timers_of_ordering_sessions_kept() -> Patches:
    """An order does not end the timer that closes an empty session."""
    return [("domain.session.rules", "EMPTY_TIMER", "another")]


def empty_sessions_kept_open() -> Patches:
    """A session in which nothing is ordered stays open."""
    return [("domain.session.rules", "empty_timer", lambda session, context: ())]


MUTATIONS: dict[str, Callable[[], Patches]] = {
    each.__name__: each
    for each in (
        no_fencing, no_token_rotation, no_new_epoch,
        no_outbox, no_sweep, no_effect_dedupe, no_request_results, published_before_commit,
        subscribed_after_snapshot, unverified_entities_kept,
        no_reassembly, no_peer_timeout, replaced_hosts_kept, no_resend,
        no_reply_timeout, old_stream_detaches_new_one,
        no_topic_invalidation, no_resubscribe_after_drop, no_resubscribe_on_new_stream,
        late_subscribe_reply, events_before_snapshot,
        no_resubscribe_after_placement_change, no_event_dedupe,
        split_commits, reply_before_creation, no_timers,
        numbers_counted_by_gateways,
        unpriced_options, orders_while_paused, unrecorded_voids, dropped_items,
        unacknowledged_recalls, recalls_announced_under_one_id, endless_grace,
        oversold_portions, portions_of_cancelled_orders_kept, sales_answered_as_refusals,
        unanswered_refusals, timers_of_ordering_sessions_kept, empty_sessions_kept_open,
    )
}  # fmt: skip


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """Mutations that remove one guarantee each; the simulation must detect every one."""
    with ExitStack() as patches:
        for place, attribute, instead in MUTATIONS[name]() if name else ():
            whole = import_module(place) if isinstance(place, str) else place
            patches.enter_context(patch.object(whole, attribute, instead))
        yield
