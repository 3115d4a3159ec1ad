"""Publishes the events of a committed turn, then completes its replies.

Snapshots are encoded and subscriptions added here, after the commit, so that subscribers receive
only stored state, and no event between a snapshot and its subscription is lost.
"""

from collections.abc import Iterable, Mapping

from domain.access import Access, device_access, guest_access
from domain.codes import CodeValues, code_values
from engine import failures
from engine.decide import Unit
from engine.entity import LoadedEntity
from engine.messages import (
    Activate,
    AnyMessage,
    CheckDevice,
    CheckGuest,
    Done,
    Query,
    Read,
    ReadCodes,
    Reply,
    Resubscribe,
    Submit,
    Subscribe,
    Subscribed,
    Unsubscribe,
    View,
    address_of,
    replaced,
)
from engine.metrics import EVENTS, SUBSCRIPTIONS
from engine.residents import Residents
from engine.subscribers import Subscribers
from engine.transaction import EntityTransaction
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
        frames: dict[Channel, list[bytes]] = {}
        for channel, frame in stored.frames:
            frames.setdefault(channel, []).append(frame)
        for channel, published in frames.items():
            first = stored.seqs[channel] - len(published) + 1
            topic = Topic(stored.address, channel)
            EVENTS.add(len(published), channel.value)
            epoch = stored.entity.epoch
            self._subscribers.publish(topic, epoch, first, tuple(published), stored.traces)

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
                return replaced(reply, view=entity.snapshot(channel))
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
        if isinstance(message, Resubscribe):
            connections = message.connections
            self._subscribers.subscribe(message.topic, message.gateway, connections, replace=True)
        else:
            connection = [(message.connection, message.role)]
            self._subscribers.subscribe(message.topic, message.gateway, connection, replace=False)
        return subscribed


def _answer(query: Query, entity: LoadedEntity) -> View | Access | CodeValues:
    match query:
        case Read(_, channel):
            return View(entity.snapshot(channel), entity.version)
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
    topic = message.topic
    seq = entity.seqs.get(topic.channel, 0)
    frames: list[bytes] | None = None
    if message.since is not None and message.epoch == entity.epoch:
        frames = [] if message.since == seq else missed.get((topic, message.since))
    if frames is not None:
        SUBSCRIPTIONS.add(label_value="resumed")
        return Subscribed(entity.epoch, seq, tuple(frames), resumed=True)
    if message.since is None and message.epoch is None:
        SUBSCRIPTIONS.add(label_value="snapshot")
        return Subscribed(entity.epoch, seq, (entity.snapshot(topic.channel),), resumed=False)
    snapshot = entity.snapshot_instead_of_events(topic.channel)
    SUBSCRIPTIONS.add(label_value="fallback")
    return Subscribed(entity.epoch, seq, (snapshot,), resumed=False)
