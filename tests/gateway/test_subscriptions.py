"""The subscription hub between sockets and a host that loses, repeats and skips events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.messages import (
    ACCEPTED,
    Dropped,
    Message,
    Published,
    Reply,
    Resubscribe,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.backend.subscriptions import SubscriptionHub
from gateway.websocket.asgi import AsgiWriter
from gateway.websocket.connection import Connection
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from tests.eventually import eventually
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)
HOST = str(TOPIC.address)


class HubHarness:
    """A hub, its sockets, and one host with a topic at `seq` and a journal from `oldest` on."""

    def __init__(self) -> None:
        self.hosts = ScriptedHosts(self._reply)
        self.seq = 5
        self.oldest = 0
        self.epoch = "e"
        self.missing = False
        self.refusals = 0
        self.watcher = PlacementWatcher(Placement())
        self.client = HostClient(self.hosts, self.watcher)
        self.hub = SubscriptionHub(self.client, self.watcher, "g1")
        self.sent: dict[int, list[str]] = {}
        self.closes: dict[int, int] = {}

    def _reply(self, message: Message) -> Reply:
        if isinstance(message, Unsubscribe):
            return ACCEPTED
        if self.refusals:
            self.refusals -= 1
            return UNAVAILABLE
        if self.missing:
            return Rejected(Code.NOT_FOUND, "There is no order 1.")
        assert isinstance(message, Subscribe | Resubscribe)
        since = message.since
        if since is not None and self.oldest <= since <= self.seq and message.epoch == self.epoch:
            frames = tuple(frame(seq) for seq in range(since + 1, self.seq + 1))
            return Subscribed(self.epoch, self.seq, frames, resumed=True)
        snapshot = f"snapshot {self.seq}".encode()
        return Subscribed(self.epoch, self.seq, (snapshot,), resumed=False)

    async def subscribe(self, id_: int) -> Connection:
        sent = self.sent.setdefault(id_, [])

        async def send(message: Any) -> None:
            if message["type"] == "websocket.close":
                self.closes[id_] = message["code"]
            else:
                sent.append(message["text"])

        connection = Connection(id_, AsgiWriter(send), 1000, 10**6)
        rejection = await self.hub.subscribe(connection, Role.WAITER, TOPIC, None, None)
        assert rejection is None
        return connection

    def publish(self, count: int = 1) -> None:
        """Publish the topic's next events."""
        first = self.seq + 1
        self.seq += count
        self.push(*range(first, self.seq + 1))

    def push(self, first: int, *others: int) -> None:
        """Publish events with these numbers."""
        frames = tuple(frame(seq) for seq in (first, *others))
        self.hosts.push(HOST, Published(TOPIC, self.epoch, first, frames))

    def resubscriptions(self) -> list[Resubscribe]:
        return [m for m in self.hosts.messages() if isinstance(m, Resubscribe)]

    def move(self) -> None:
        """Move the topic's entity to another host."""
        self.watcher.update(Placement(Mode.RESTAURANT, generation=1))

    async def delivers(self, id_: int, *texts: str) -> None:
        """Wait until a socket was sent exactly these texts."""
        try:
            await eventually(lambda: self.sent[id_] == [*texts])
        except TimeoutError:
            assert self.sent[id_] == [*texts]


def frame(seq: int) -> bytes:
    return f"event {seq}".encode()


def events(*seqs: int) -> list[str]:
    return [f"event {seq}" for seq in seqs]


@pytest.fixture
async def harness() -> AsyncIterator[HubHarness]:
    harness = HubHarness()
    yield harness
    harness.hub.close()
    harness.client.close()


async def test_a_subscriber_gets_a_snapshot_and_then_every_event(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.publish(count=2)
    harness.publish()
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8))


async def test_all_sockets_of_a_topic_share_one_stream_to_its_host(harness: HubHarness) -> None:
    await asyncio.gather(*(harness.subscribe(n) for n in range(50)))
    harness.publish()
    for n in range(50):
        await harness.delivers(n, "snapshot 5", *events(6))
    assert harness.hosts.connected == [HOST]


async def test_events_right_after_the_subscribe_reply_are_delivered(harness: HubHarness) -> None:
    """They arrive in one read with the reply, before the subscribing task resumes."""
    await harness.subscribe(1)
    harness.hosts.gate.clear()
    subscribing = asyncio.create_task(harness.subscribe(2))
    await eventually(lambda: len(harness.hosts.messages()) == 2)
    harness.hosts.gate.set()
    await asyncio.sleep(0)
    harness.publish(count=2)
    await subscribing
    for id_ in (1, 2):
        await harness.delivers(id_, "snapshot 5", *events(6, 7))


async def test_an_event_published_twice_is_delivered_once(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.publish(count=2)
    harness.push(6, 7)
    harness.publish()
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8))


async def test_a_gap_is_filled_by_resubscribing(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.seq = 7  # 6 and 7 are never published
    harness.publish()
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8))
    assert harness.resubscriptions()[0].since == 5


async def test_topics_of_a_lost_stream_are_resubscribed_from_the_last_event(
    harness: HubHarness,
) -> None:
    await harness.subscribe(1)
    harness.publish()
    await harness.delivers(1, "snapshot 5", *events(6))
    harness.seq = 9
    harness.hosts.cut(HOST)
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8, 9))
    assert harness.resubscriptions()[0].since == 6


async def test_a_dropped_topic_is_resubscribed(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.seq = 8
    harness.hosts.push(HOST, Dropped(TOPIC))
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8))


async def test_an_unavailable_resubscription_is_retried(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.seq, harness.refusals = 8, 1
    harness.hosts.push(HOST, Dropped(TOPIC))
    await harness.delivers(1, "snapshot 5", *events(6, 7, 8))
    assert len(harness.resubscriptions()) == 2


async def test_subscribers_get_a_snapshot_if_the_journal_is_too_short(harness: HubHarness) -> None:
    await harness.subscribe(1)
    await harness.subscribe(2)
    harness.seq, harness.oldest = 90, 80
    harness.hosts.push(HOST, Dropped(TOPIC))
    for id_ in (1, 2):
        await harness.delivers(id_, "snapshot 5", "snapshot 90")
    harness.publish()
    for id_ in (1, 2):
        await harness.delivers(id_, "snapshot 5", "snapshot 90", *events(91))


async def test_a_resubscription_names_every_socket_of_the_topic(harness: HubHarness) -> None:
    for id_ in (1, 2, 3):
        await harness.subscribe(id_)
    harness.hosts.push(HOST, Dropped(TOPIC))
    await eventually(harness.resubscriptions)
    assert {id_ for id_, _ in harness.resubscriptions()[0].connections} == {1, 2, 3}


async def test_sockets_of_a_missing_entity_are_closed_with_4404(harness: HubHarness) -> None:
    await harness.subscribe(1)
    harness.missing = True
    harness.hosts.push(HOST, Dropped(TOPIC))
    await eventually(lambda: harness.closes == {1: 4404})


async def test_an_unsubscribed_connection_gets_no_more_events(harness: HubHarness) -> None:
    connection = await harness.subscribe(1)
    await harness.subscribe(2)
    harness.hub.unsubscribe(connection, TOPIC)
    harness.publish()
    await harness.delivers(2, "snapshot 5", *events(6))
    assert harness.sent[1] == ["snapshot 5"]
    await eventually(lambda: Unsubscribe(TOPIC, "g1", 1) in harness.hosts.messages())


async def test_a_rejected_subscription_adds_no_subscriber(harness: HubHarness) -> None:
    harness.missing = True
    with pytest.raises(AssertionError):
        await harness.subscribe(1)
    assert not harness.hub.subscribes_to(HOST)
    harness.missing = False
    await harness.subscribe(2)
    harness.publish()
    await harness.delivers(2, "snapshot 5", *events(6))
    assert harness.sent[1] == []


async def test_the_hub_does_not_subscribe_to_a_host_without_sockets(harness: HubHarness) -> None:
    connection = await harness.subscribe(1)
    assert harness.hub.subscribes_to(HOST)
    harness.hub.unsubscribe(connection, TOPIC)
    assert not harness.hub.subscribes_to(HOST)


async def test_a_subscriber_of_a_host_behind_the_others_catches_up_after_resubscribing(
    harness: HubHarness,
) -> None:
    """Two hosts carried the entity, and the one that replies is behind the one before."""
    await harness.subscribe(1)
    harness.seq = 3
    await harness.subscribe(2)
    harness.seq = 6
    harness.hosts.push(HOST, Dropped(TOPIC))
    await harness.delivers(1, "snapshot 5", *events(6))
    await harness.delivers(2, "snapshot 3", *events(4, 5, 6))


async def test_events_of_another_epoch_do_not_continue_the_last_one(harness: HubHarness) -> None:
    """A store that lost events 4 and 5 has numbered others so; the gateway had the lost ones."""
    await harness.subscribe(1)
    harness.epoch = "f"
    harness.push(6)
    await harness.delivers(1, "snapshot 5", "snapshot 5")
    harness.publish()
    await harness.delivers(1, "snapshot 5", "snapshot 5", *events(6))


async def test_a_subscription_with_another_epoch_gives_earlier_sockets_a_snapshot(
    harness: HubHarness,
) -> None:
    await harness.subscribe(1)
    harness.epoch, harness.seq = "f", 5
    await harness.subscribe(2)
    await harness.delivers(1, "snapshot 5", "snapshot 5")
    harness.publish()
    await harness.delivers(1, "snapshot 5", "snapshot 5", *events(6))
    await eventually(lambda: harness.sent[2][-1:] == events(6))


async def test_a_topic_that_moves_during_its_subscription_is_subscribed_at_its_new_host(
    harness: HubHarness,
) -> None:
    harness.hosts.gate.clear()
    subscribing = asyncio.create_task(harness.subscribe(1))
    await eventually(harness.hosts.messages)
    harness.move()
    harness.hosts.gate.set()
    await subscribing
    await eventually(harness.resubscriptions)
    assert [(each.since, each.connections) for each in harness.resubscriptions()] == [
        (5, ((1, Role.WAITER),))
    ]
    assert list(harness.hosts.streams) == [HOST, "restaurant:1"]


async def test_a_topic_that_moves_during_its_resubscription_is_resubscribed_at_its_new_host(
    harness: HubHarness,
) -> None:
    await harness.subscribe(1)
    harness.hosts.gate.clear()
    harness.hosts.push(HOST, Dropped(TOPIC))
    await eventually(harness.resubscriptions)
    harness.move()
    harness.hosts.gate.set()
    await eventually(lambda: len(harness.resubscriptions()) == 2)
    assert list(harness.hosts.streams) == [HOST, "restaurant:1"]


async def test_event_without_local_subscribers_ends_the_subscription(harness: HubHarness) -> None:
    """The `Unsubscribe` of its last socket was lost."""
    connection = await harness.subscribe(1)
    harness.hub.unsubscribe(connection, TOPIC)
    harness.publish()
    harness.publish()
    await eventually(harness.resubscriptions)
    await harness.subscribe(2)
    assert [(each.topic, each.connections) for each in harness.resubscriptions()] == [(TOPIC, ())]


async def test_a_failing_connection_does_not_stop_events_to_others(
    harness: HubHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await harness.subscribe(1)
    await harness.subscribe(2)

    send = Connection.send

    def fail(connection: Connection, *args: Any, **how: Any) -> None:
        if connection is broken:
            raise RuntimeError("by the test")
        send(connection, *args, **how)

    monkeypatch.setattr(Connection, "send", fail)
    harness.publish()
    harness.seq = 8
    harness.hosts.push(HOST, Dropped(TOPIC))
    await harness.delivers(2, "snapshot 5", *events(6, 7, 8))
    await eventually(lambda: harness.closes == {1: 1012})
    assert harness.hosts.connected == [HOST]
