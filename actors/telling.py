"""What is told once a turn is stored: events to subscribers, then the replies.

Snapshots and subscriptions happen here, after the commit, so that nobody sees what is not stored
and no event falls between a snapshot and its subscription.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from actors.draft import Draft
from actors.held import Held, Outgoing
from actors.messages import (
    Done,
    Fire,
    Join,
    Joined,
    Leave,
    Message,
    Read,
    Rejoin,
    Reply,
    Submit,
    Tell,
    View,
)
from actors.metrics import EVENTS, JOINS
from actors.subscribers import Subscribers
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Topic
from storage.store import Store, StoreUnavailable


class Entities(Protocol):
    """The host's memory, as a turn uses it."""

    async def load(self, addresses: Sequence[Address]) -> None:
        """Claim what is not held, in one round trip. Raises StoreUnavailable."""

    def doubt(self, address: Address) -> None:
        """Look who owns an entity before what is held of it is taken at its word."""

    def create(self, address: Address) -> Held:
        """Hold an entity that does not exist yet: its first commit claims it."""

    def get(self, address: Address) -> Held | None: ...

    def evict(self, address: Address) -> None: ...


@dataclass(slots=True)
class Outcome:
    """What a turn came to: one reply a message, the effects that each reply waits for, and the
    entities whose outbox has changed."""

    replies: list[Reply]
    awaited: dict[int, list[Outgoing]] = field(default_factory=dict)
    stored: list[Draft] = field(default_factory=list)


class Telling:
    """The end of one turn."""

    def __init__(self, entities: Entities, subscribers: Subscribers, store: Store) -> None:
        self._entities = entities
        self._subscribers = subscribers
        self._store = store

    async def finish(
        self, batch: Sequence[Message | Fire], outcome: Outcome, failed: frozenset[int]
    ) -> None:
        """Publish, then complete the replies. Nothing of the `failed` restaurants is stored."""
        for draft in outcome.stored:
            self._publish(draft)
        missed = await self._missed(batch)
        for index, message in enumerate(batch):
            reply = outcome.replies[index]
            if isinstance(message, Submit):
                if message.to.restaurant in failed:
                    reply = UNAVAILABLE
                elif message.view is not None and isinstance(reply, Done):
                    reply = self._with_view(message, reply, message.view)
            elif isinstance(message, Tell):
                reply = UNAVAILABLE if message.to.restaurant in failed else reply
            elif isinstance(message, Read):
                reply = self._read(message)
            elif isinstance(message, Join | Rejoin):
                reply = self._join(message, missed)
            elif isinstance(message, Leave):
                self._subscribers.leave(message.topic, message.gateway, message.connection)
            outcome.replies[index] = reply
            if reply is UNAVAILABLE:
                outcome.awaited.pop(index, None)

    def _publish(self, draft: Draft) -> None:
        """Hand the events of a stored draft to its subscribers, a topic at a time."""
        frames: dict[Channel, list[bytes]] = {}
        for channel, frame in draft.frames:
            frames.setdefault(channel, []).append(frame)
        for channel, published in frames.items():
            first = draft.seqs[channel] - len(published) + 1
            topic = Topic(draft.held.address, channel)
            EVENTS.add(len(published), channel.value)
            self._subscribers.publish(
                topic, draft.held.epoch, first, tuple(published), draft.traces
            )

    def _existing(self, address: Address) -> Held | Rejected:
        held = self._entities.get(address)
        if held is None:
            return UNAVAILABLE
        if held.state is None:
            return Rejected(Code.NOT_FOUND, f"There is no {address.kind.value} {address.id}.")
        return held

    def _with_view(self, message: Submit, reply: Done, channel: Channel) -> Reply:
        held = self._existing(message.to)
        return held if isinstance(held, Rejected) else reply._replace(view=held.view(channel))

    def _read(self, message: Read) -> Reply:
        held = self._existing(message.to)
        return held if isinstance(held, Rejected) else View(held.view(message.channel))

    async def _missed(
        self, batch: Sequence[Message | Fire]
    ) -> dict[tuple[Topic, int], list[bytes] | None]:
        """The journal's events for all that resume, in one round trip."""
        wanted: dict[tuple[Topic, int], int] = {}
        for message in batch:
            if not isinstance(message, Join | Rejoin) or message.since is None:
                continue
            held = self._entities.get(message.topic.address)
            if held is not None and message.epoch == held.epoch:
                seq = held.seqs.get(message.topic.channel, 0)
                if message.since < seq:
                    wanted[message.topic, message.since] = seq
        if not wanted:
            return {}
        reads = [(topic, since, seq) for (topic, since), seq in wanted.items()]
        try:
            return dict(zip(wanted, await self._store.journal(reads), strict=True))
        except StoreUnavailable:
            return {}  # a snapshot from memory stands for them

    def _join(
        self, message: Join | Rejoin, missed: dict[tuple[Topic, int], list[bytes] | None]
    ) -> Reply:
        """Subscribe and answer in one step: nothing falls between the two."""
        topic = message.topic
        held = self._existing(topic.address)
        if isinstance(held, Rejected):
            return held
        if held.in_doubt:
            return UNAVAILABLE
        if isinstance(message, Rejoin):
            self._subscribers.join(topic, message.gateway, message.connections, afresh=True)
        else:
            connections = [(message.connection, message.role)]
            self._subscribers.join(topic, message.gateway, connections, afresh=False)
        seq = held.seqs.get(topic.channel, 0)
        incarnation = self._subscribers.incarnation
        frames: list[bytes] | None = None
        if message.since is not None and message.epoch == held.epoch:
            frames = [] if message.since == seq else missed.get((topic, message.since))
        if frames is not None:
            JOINS.add(of="resumed")
            return Joined(incarnation, held.epoch, seq, tuple(frames), resumed=True)
        asked_to_resume = message.since is not None or message.epoch is not None
        JOINS.add(of="fallback" if asked_to_resume else "snapshot")
        view = held.view(topic.channel, resumed=False if asked_to_resume else None)
        return Joined(incarnation, held.epoch, seq, (view,), resumed=False)
