"""Publishes the events of a committed turn, then completes its replies.

Snapshots are encoded and subscriptions added here, after the commit, so that subscribers receive
only stored state, and no event between a snapshot and its subscription is lost.
"""

import time
from collections.abc import Iterable, Mapping

import orjson

from domain.access import Access, admitted, device_access, guest_access
from domain.codes import CodeValues, code_values
from domain.redaction import HIDDEN, audience
from engine import failures
from engine.decide import Unit
from engine.entity import LoadedEntity
from engine.messages import (
    Activate,
    AnyMessage,
    CheckDevice,
    CheckGuest,
    Done,
    Published,
    Query,
    Read,
    ReadCodes,
    Reply,
    Resubscribe,
    Submit,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Variants,
    View,
    address_of,
    replaced,
)
from engine.metrics import EVENTS, SUBSCRIPTIONS
from engine.residents import Residents
from engine.subscribers import Subscribers
from engine.transaction import EntityTransaction
from engine.variants import Frame, variants
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Topic
from storage.store import Store, StoreUnavailable

MissedEvents = Mapping[tuple[Topic, int], list[bytes] | None]
"""The events after `since`, by topic and `since`; None if the journal no longer has all of them."""


class Replies:
    """Publishes events and completes replies for one host."""

    def __init__(self, residents: Residents, subscribers: Subscribers, store: Store) -> None:
        self._residents = residents
        self._subscribers = subscribers
        self._store = store

    def publish(self, stored: EntityTransaction) -> None:
        """Send the events of a committed transaction to the subscribers of its topics."""
        by_channel: dict[Channel, list[Frame]] = {}
        for each in stored.frames:
            by_channel.setdefault(each.channel, []).append(each)
        for channel, frames in by_channel.items():
            topic = Topic(stored.address, channel)
            EVENTS.add(len(frames), channel.value)
            if self._subscribers.has_subscribers(topic):
                self._subscribers.publish(_published(topic, stored, frames))

    async def complete(self, units: Iterable[Unit]) -> None:
        """Complete the replies of the units with snapshots and subscriptions. A failure affects
        only its own message."""
        missed = await self._missed([unit.message for unit in units])
        for unit in units:
            try:
                unit.reply = self._completed(unit.message, unit.reply, missed)
            except Exception:
                address = address_of(unit.message)
                failed = failures.record("cannot make a reply", address, [unit.message])
                # A command is stored already, so its error must be retryable, as must that of a
                # subscriber.
                unit.reply = failed if isinstance(unit.message, Query) else UNAVAILABLE
            if isinstance(unit.reply, Rejected):
                unit.creates = []

    def _completed(self, message: AnyMessage, reply: Reply, missed: MissedEvents) -> Reply:
        match message:
            case Submit(to=to, view=Channel() as channel) if isinstance(reply, Done):
                entity = self._existing(to)
                if isinstance(entity, Rejected):
                    return entity
                shown_to = audience(message.caller.role, channel)
                return replaced(reply, view=entity.snapshot(channel, shown_to))
            case Read() | CheckGuest() | CheckDevice() | ReadCodes():
                entity = self._existing(message.to)
                return entity if isinstance(entity, Rejected) else _answer(message, entity)
            case Subscribe() | Resubscribe():
                return self._subscribe(message, missed)
            case Unsubscribe(topic, gateway, connection):
                self._subscribers.unsubscribe(topic, gateway, connection)
            case Activate(to) if self._residents.entity(to) is None:
                return UNAVAILABLE
        return reply

    def _existing(self, address: Address) -> LoadedEntity | Rejected:
        entity = self._residents.entity(address)
        if entity is None:
            return UNAVAILABLE
        if entity.state is None:
            return Rejected(Code.NOT_FOUND, f"There is no {address.kind.value} {address.id}.")
        return entity

    async def _missed(self, messages: list[AnyMessage]) -> MissedEvents:
        """Read the missed events of all resuming subscribers from the journal, in one round
        trip."""
        wanted: dict[tuple[Topic, int], int] = {}
        for message in messages:
            if not isinstance(message, Subscribe | Resubscribe) or message.since is None:
                continue
            entity = self._residents.entity(message.topic.address)
            if entity is not None and message.epoch == entity.epoch:
                seq = entity.seqs.get(message.topic.channel, 0)
                if message.since < seq:
                    wanted[message.topic, message.since] = seq
        if not wanted:
            return {}
        reads = [(topic, since, seq) for (topic, since), seq in wanted.items()]
        try:
            return dict(zip(wanted, await self._store.journal(reads), strict=True))
        except StoreUnavailable:
            return {}  # subscribers receive a snapshot from memory instead
        except Exception:
            topics = ", ".join(str(topic) for topic, _ in wanted)
            failures.record("cannot read missed events", topics, messages)
            return {}

    def _subscribe(self, message: Subscribe | Resubscribe, missed: MissedEvents) -> Reply:
        """Add a subscriber and make its reply. Does not await, so that no event is published
        between the snapshot and the subscription."""
        entity = self._existing(message.topic.address)
        if isinstance(entity, Rejected):
            return entity
        if not entity.is_verified:
            return UNAVAILABLE
        subscribed = _subscribed(message, entity, missed)
        self._subscribers.subscribe(
            message.topic, message.gateway, message.connections,
            replace=isinstance(message, Resubscribe),
        )  # fmt: skip
        return subscribed


def _published(topic: Topic, stored: EntityTransaction, frames: list[Frame]) -> Published:
    channel = topic.channel
    first = stored.seqs[channel] - len(frames) + 1
    whole = tuple([each.encoded for each in frames])
    redacted = variants(channel, frames, whole) if channel in HIDDEN else {}
    may_see = admitted(stored.state, channel)
    return Published(
        topic,
        stored.entity.epoch,
        first,
        whole,
        time.time(),
        tuple(stored.traces),
        redacted,
        may_see,
    )


def _answer(query: Query, entity: LoadedEntity) -> View | Access | CodeValues:
    match query:
        case Read(_, channel, role):
            shown_to = audience(role, channel)
            frame = entity.snapshot(channel, shown_to)
            redacted: Variants = {} if shown_to is None else {shown_to: ()}
            return View(frame, entity.version, redacted, admitted(entity.state, channel))
        case CheckGuest(_, target, code):
            return guest_access(entity.state, target, code)
        case CheckDevice(_, device_id):
            return device_access(entity.state, device_id)
        case ReadCodes():
            return code_values(entity.state)


def _subscribed(
    message: Subscribe | Resubscribe, entity: LoadedEntity, missed: MissedEvents
) -> Subscribed:
    """The reply to a subscriber: the missed events if it can resume, otherwise a snapshot."""
    topic, channel = message.topic, message.topic.channel
    seq = entity.seqs.get(channel, 0)
    events: list[bytes] | None = None
    if message.since is not None and message.epoch == entity.epoch:
        events = [] if message.since == seq else missed.get((topic, message.since))
    is_new = message.since is None and message.epoch is None
    outcome = "resumed" if events is not None else "snapshot" if is_new else "fallback"
    SUBSCRIPTIONS.add(label_value=outcome)

    def frames(shown_to: Role | None) -> tuple[bytes, ...]:
        if events is None:
            snapshot = entity.snapshot if is_new else entity.snapshot_instead_of_events
            return (snapshot(channel, shown_to),)
        if shown_to is None:
            return tuple(events)
        stored = (Frame(channel, orjson.loads(each), each) for each in events)
        return tuple(each.redacted(shown_to) for each in stored)

    shown = {audience(role, channel) for _, role in message.connections}
    main = next(iter(shown)) if len(shown) == 1 else None  # what none of them may see stays here
    redacted: Variants = {role: () if role is main else frames(role) for role in shown if role}
    may_see = admitted(entity.state, channel)
    return Subscribed(entity.epoch, seq, frames(main), events is not None, redacted, may_see)
