"""The feed between a host and the sockets, against hosts that fail in chosen ways."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.messages import STORED, Feed, Join, Joined, Leave, Message, Published, Rejoin, Reply
from actors.placement import Placement
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from gateway.connection import Connection
from gateway.feeds import MAX_HELD_BYTES, Feeds, _TopicFeed
from gateway.links import Links
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)


class Stage:
    """One host with one topic at `seq`, whose journal reaches back to `oldest`."""

    def __init__(self) -> None:
        self.hosts = ScriptedHosts(self._reply)
        self.incarnation = "a"
        self.seq = 5
        self.oldest = 0
        self.epoch = "e"
        self.missing = False
        links = Links(self.hosts, Whereabouts(Placement()), "g1")
        self.feeds = Feeds(self.hosts, Whereabouts(Placement()), links, "g1")
        self.links = links
        self.sent: dict[int, list[str]] = {}
        self.closes: dict[int, int] = {}

    def _reply(self, message: Message) -> Reply:
        if isinstance(message, Leave):
            return STORED
        if self.missing:
            return Rejected(Code.NOT_FOUND, "There is no order 1.")
        assert isinstance(message, Join | Rejoin)
        since = message.since
        if since is not None and self.oldest <= since <= self.seq and message.epoch == self.epoch:
            frames = tuple(frame(seq) for seq in range(since + 1, self.seq + 1))
            return Joined(self.incarnation, self.epoch, self.seq, frames, resumed=True)
        snapshot = f"snapshot {self.seq}".encode()
        return Joined(self.incarnation, self.epoch, self.seq, (snapshot,), resumed=False)

    async def join(self, id_: int, **resume: Any) -> Connection:
        sent = self.sent.setdefault(id_, [])

        async def send(message: Any) -> None:
            if message["type"] == "websocket.close":
                self.closes[id_] = message["code"]
            else:
                sent.append(message["text"])

        connection = Connection(id_, send, 1000, 10**6)
        refused = await self.feeds.join(
            connection, Role.WAITER, TOPIC, resume.get("epoch"), resume.get("since")
        )
        assert refused is None
        return connection

    def publish(self, *, cursor: int, count: int = 1, **how: Any) -> None:
        """The next poll brings the topic's next events."""
        first = self.seq + 1
        self.seq += count
        frames = tuple(frame(seq) for seq in range(first, self.seq + 1))
        self.hosts.tell(
            Feed(self.incarnation, cursor, (Published(TOPIC, "e", first, frames),), **how)
        )

    def rejoins(self) -> list[Rejoin]:
        return [m for batch in self.hosts.batches for m in batch if isinstance(m, Rejoin)]

    async def settle(self) -> None:
        await asyncio.sleep(0.2)


def frame(seq: int) -> bytes:
    return f"event {seq}".encode()


def events(*seqs: int) -> list[str]:
    return [f"event {seq}" for seq in seqs]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.feeds.close()
    await stage.links.close()


async def test_a_snapshot_comes_first_then_every_event(stage: Stage) -> None:
    await stage.join(1)
    stage.publish(cursor=1, count=2)
    stage.publish(cursor=2)
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8)]


async def test_one_poll_serves_all_sockets_of_a_host(stage: Stage) -> None:
    await asyncio.gather(*(stage.join(n) for n in range(50)))
    stage.publish(cursor=1)
    await stage.settle()
    assert all(sent == ["snapshot 5", *events(6)] for sent in stage.sent.values())
    assert len(stage.hosts.cursors) == 2


async def test_what_is_published_before_the_join_is_answered_is_kept(stage: Stage) -> None:
    await stage.join(1)
    stage.hosts.gate.clear()
    joining = asyncio.create_task(stage.join(2))
    await asyncio.sleep(0.02)
    stage.hosts.tell(Feed("a", 1, (Published(TOPIC, "e", 6, (frame(6), frame(7))),)))
    await stage.settle()
    stage.seq = 6
    stage.hosts.gate.set()
    await joining
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7)]
    assert stage.sent[2] == ["snapshot 6", *events(7)]


async def test_events_told_twice_are_passed_on_once(stage: Stage) -> None:
    await stage.join(1)
    stage.publish(cursor=1, count=2)
    again = stage.hosts.feeds[-1]
    stage.hosts.tell(again)
    stage.publish(cursor=2)
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8)]


async def test_a_gap_is_filled_by_joining_again(stage: Stage) -> None:
    await stage.join(1)
    stage.seq = 7  # 6 and 7 are never told
    stage.publish(cursor=1)
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8)]
    assert stage.rejoins()[0].since == 5


async def test_a_lost_host_is_joined_again_from_the_last_event(stage: Stage) -> None:
    await stage.join(1)
    stage.publish(cursor=1)
    await stage.settle()
    stage.incarnation, stage.seq = "b", 9
    stage.hosts.tell(HostGone("killed"), Feed("b", 0, ()))
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8, 9)]
    assert stage.rejoins()[0].since == 6


async def test_a_new_life_of_a_host_is_noticed_without_an_error(stage: Stage) -> None:
    await stage.join(1)
    stage.hosts.tell(Feed("a", 0, ()))
    stage.incarnation, stage.seq = "b", 6
    stage.hosts.tell(Feed("b", 0, ()))
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6)]


async def test_dropped_topics_are_joined_again(stage: Stage) -> None:
    await stage.join(1)
    stage.seq = 8
    stage.hosts.tell(Feed("a", 1, (), (TOPIC,)))
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8)]


async def test_where_the_journal_is_too_short_everybody_gets_the_snapshot(stage: Stage) -> None:
    await stage.join(1)
    await stage.join(2)
    stage.seq, stage.oldest = 90, 80
    stage.hosts.tell(Feed("a", 1, (), (TOPIC,)))
    stage.hosts.feeds.append(Feed("a", 2, (Published(TOPIC, "e", 91, (frame(91),)),)))
    await stage.settle()
    for sent in stage.sent.values():
        assert sent[-2:] == ["snapshot 90", "event 91"]


async def test_a_rejoin_names_every_socket_of_the_topic(stage: Stage) -> None:
    for id_ in (1, 2, 3):
        await stage.join(id_)
    stage.hosts.tell(Feed("a", 1, (), (TOPIC,)))
    await stage.settle()
    assert {id_ for id_, _ in stage.rejoins()[0].connections} == {1, 2, 3}


async def test_who_listens_to_what_is_gone_is_closed_with_4404(stage: Stage) -> None:
    await stage.join(1)
    stage.missing = True
    stage.hosts.tell(Feed("a", 1, (), (TOPIC,)))
    await stage.settle()
    assert stage.closes == {1: 4404}


async def test_who_has_left_is_told_nothing_and_taken_off_the_list(stage: Stage) -> None:
    connection = await stage.join(1)
    await stage.join(2)
    stage.feeds.leave(connection, TOPIC)
    stage.publish(cursor=1)
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5"]
    assert stage.sent[2] == ["snapshot 5", *events(6)]
    assert Leave(TOPIC, "g1", 1) in [m for batch in stage.hosts.batches for m in batch]


async def test_a_refused_join_leaves_nothing_behind(stage: Stage) -> None:
    stage.missing = True
    with pytest.raises(AssertionError):
        await stage.join(1)
    stage.missing = False
    await stage.join(2)
    stage.publish(cursor=1)
    await stage.settle()
    assert stage.sent[1] == []
    assert stage.sent[2] == ["snapshot 5", *events(6)]


async def test_an_event_that_comes_while_rejoining_is_not_lost(stage: Stage) -> None:
    await stage.join(1)
    stage.seq = 6  # 6 is never told
    stage.publish(cursor=1)  # 7 shows the gap
    stage.hosts.gate.clear()
    await asyncio.sleep(0.02)
    stage.hosts.tell(Feed("a", 2, (Published(TOPIC, "e", 8, (frame(8),)),)))
    await asyncio.sleep(0.02)
    stage.hosts.gate.set()  # the rejoin was answered before 8 was published
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8)]


def test_events_held_during_a_rejoin_are_bounded_in_bytes() -> None:
    feed = _TopicFeed()
    for seq in range(1, 8):
        feed.hold(Published(TOPIC, "e", seq, (b"x" * 300_000,)))
        assert feed.held_bytes <= MAX_HELD_BYTES
    assert [each.seq for each in feed.release()] == [7]
    assert (feed.held, feed.held_bytes) == ([], 0)


async def test_a_poll_that_brought_its_events_to_nobody_is_noticed(stage: Stage) -> None:
    await stage.join(1)
    stage.publish(cursor=1)
    await stage.settle()
    stage.hosts.tell(HostGone("the answer was lost"))
    await stage.settle()
    stage.seq = 9  # an abandoned poll took 7 to 9 with it: the cursor has moved on
    stage.hosts.tell(Feed("a", 4, ()))
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", *events(6, 7, 8, 9)]


async def test_what_is_numbered_in_another_epoch_does_not_go_on_with_the_last(stage: Stage) -> None:
    """A store that lost 4 and 5 has numbered others so; the gateway was told the first ones."""
    stage.seq = 5
    await stage.join(1)
    stage.hosts.gate.clear()
    stage.hosts.tell(Feed("a", 1, (Published(TOPIC, "e", 7, (frame(7),)),)))  # a gap: it asks
    await asyncio.sleep(0.02)
    stage.epoch, stage.seq = "f", 5
    later = Published(TOPIC, "f", 6, (frame(6),))
    stage.hosts.tell(Feed("a", 2, (Published(TOPIC, "e", 6, (b"lost",)), later)))
    await asyncio.sleep(0.02)
    stage.hosts.gate.set()
    await stage.settle()
    assert stage.sent[1] == ["snapshot 5", "snapshot 5", frame(6).decode()]
    stage.seq = 8
    stage.epoch = "g"
    stage.hosts.tell(Feed("a", 3, (Published(TOPIC, "g", 7, (frame(7),)),)))
    await stage.settle()
    assert stage.sent[1][3:] == ["snapshot 8"]


async def test_a_late_answer_in_an_older_epoch_is_not_resumed_in_the_new_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.join(1)
    stage.epoch, stage.seq = "f", 8
    late = asyncio.Event()

    async def slow(join: Any) -> Reply:
        await late.wait()
        return Joined("a", "e", 6, (b"snapshot of e",), resumed=False)

    monkeypatch.setattr(stage.links, "when_it_exists", slow)
    joining = asyncio.create_task(stage.join(2))
    await asyncio.sleep(0.02)
    stage.hosts.tell(Feed("a", 1, (), (TOPIC,)))
    await stage.settle()
    late.set()
    await joining
    await stage.settle()
    assert stage.sent[2] == ["snapshot of e", "snapshot 8"]
