"""Replies that bring the feed: between a host and a gateway's links and feeds, with faults."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from actors.messages import (
    STORED,
    Done,
    Exchanged,
    Feed,
    Join,
    Joined,
    Leave,
    Message,
    Published,
    Rejoin,
    Reply,
)
from actors.placement import Mode, Placement
from actors.subscribers import PARK_S
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.links import Links
from protocol import commands as c
from protocol.caller import Role
from protocol.ids import Address, Channel, Kind, Topic
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.actors.exchange.roads import Gateway, Roads, guests, subscribers_at
from tests.actors.faulty_store import FaultyStore
from tests.gateway.scripted_hosts import ScriptedHosts


async def test_an_event_is_not_late_when_the_replies_that_brought_it_are_lost(
    chain: LocalChain, roads: Roads, gateway: Gateway
) -> None:
    session = await chain.occupy()
    listener = await gateway.listen(Topic(session, Channel.SESSION))
    await asyncio.sleep(0.3)  # its poll is parked
    before = listener.seq
    roads.lose_exchanges = 1
    reply = await gateway.links.send(guests(chain, session, 7))
    assert isinstance(reply, Done)
    await listener.reaches(before + 1, within_s=PARK_S / 5)
    listener.check()


async def test_joining_a_host_for_the_first_time_joins_once(
    chain: LocalChain, roads: Roads, gateway: Gateway
) -> None:
    session = await chain.occupy()
    await gateway.listen(Topic(session, Channel.SESSION))
    await asyncio.sleep(0.3)
    assert len(roads.sent(Join)) == 1
    assert roads.sent(Rejoin) == []


async def test_events_of_others_come_while_a_batch_of_ones_own_hangs(
    chain: LocalChain, gateway: Gateway, roads: Roads
) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    listener = await gateway.listen(Topic(session, Channel.SESSION))
    await asyncio.sleep(0.2)
    before = listener.seq
    subscribers_at(chain, session).expect("g1")  # a batch that is never answered
    for count in range(3, 13):
        await chain.do(session, c.UpdateGuestsCount(guests_count=count))
    await listener.reaches(before + 10, within_s=1)
    subscribers_at(chain, session).collect("g1", gateway.feeds.cursor(host))
    listener.check()


async def test_who_has_left_a_host_keeps_nothing_of_it(
    chain: LocalChain, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.subscribers.PARK_S", 0.1)
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)

    async def send(message: Any) -> None:
        pass

    connection = Connection(99, send, 100, 10**6)
    assert await gateway.feeds.join(connection, Role.WAITER, topic, None, None) is None
    await asyncio.sleep(0.2)
    changing = gateway.links.send(guests(chain, session, 5))
    gateway.feeds.leave(connection, topic)
    await changing
    await asyncio.sleep(0.5)
    assert not gateway.feeds._polls
    assert not gateway.feeds._cursors
    assert not gateway.feeds._incarnations
    await gateway.links.send(guests(chain, session, 6))
    assert not gateway.feeds._cursors


async def test_events_in_doubt_while_a_join_is_on_its_way_are_not_missed(store: Store) -> None:
    """The batch that joins also creates an entity whose host is slow: its replies come late, and
    what is told to the gateway meanwhile is that it must join again."""
    roads = Roads(store, Placement(Mode.ENTITY), wrap=FaultyStore)
    chain = LocalChain(roads)
    await chain.open()
    gateway = Gateway(roads)
    supplies = chain.fresh(Kind.SESSION)
    slow = str(chain.at(Kind.SESSION, supplies.id or 0))
    roads.silent.add(slow)
    joining = asyncio.create_task(gateway.listen(Topic(chain.table, Channel.TABLE)))
    await asyncio.sleep(0)
    occupying = gateway.links.send(chain.submit(chain.table, c.Occupy(), supplies=supplies))
    await asyncio.sleep(0.3)
    assert [type(message).__name__ for message in roads.exchanges[0]] == ["Join", "Submit"]
    faulty = roads.store
    assert isinstance(faulty, FaultyStore)
    faulty.forget_answers = 1
    await chain.ask(chain.table, c.ChangeTable(zone="Z"))  # stored, but nobody was told
    assert (await chain.see(chain.table))["zone"] == "Z"
    await asyncio.sleep(0.2)
    roads.silent.clear()
    await asyncio.wait_for(occupying, 5)
    listener = await asyncio.wait_for(joining, 5)
    async with asyncio.timeout(2):
        while not any(frame["data"].get("zone") == "Z" for frame in listener.frames):
            await asyncio.sleep(0.02)
    listener.check()
    await gateway.close()
    for name in list(roads.hosts):
        roads.kill(name)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_lost_late_or_killed_everybody_sees_every_number_once(
    chain: LocalChain, roads: Roads, gateway: Gateway, seed: int
) -> None:
    """Two gateways change and listen; answers are lost, late and out of order, hosts die."""
    chance = random.Random(seed)
    other = Gateway(roads, "g2")
    session = await chain.occupy()
    topics = [Topic(session, Channel.SESSION), Topic(chain.table, Channel.TABLE)]

    async def delay(kind: str) -> None:
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.03)
        if chance.random() < 0.05:
            raise HostGone("lost by the test")

    roads.on_the_way_back = delay
    listeners = [await each.listen(topic) for each in (gateway, other) for topic in topics]

    async def change(through: Gateway) -> None:
        for _ in range(60):
            count = chance.randint(1, 90)
            await through.links.send(guests(chain, session, count))
            await asyncio.sleep(chance.random() * 0.02)

    async def kill() -> None:
        for _ in range(4):
            await asyncio.sleep(0.25)
            roads.kill(chance.choice(sorted(roads.hosts)))

    async with asyncio.TaskGroup() as tasks:
        for each in (gateway, other, gateway):
            tasks.create_task(change(each))
        tasks.create_task(kill())
        listeners.append(await gateway.listen(topics[0]))
    roads.on_the_way_back = None
    await chain.do(session, c.UpdateGuestsCount(guests_count=91))
    await chain.do(session, c.UpdateGuestsCount(guests_count=92))
    last = (await chain.join(topics[0], "probe")).seq
    for listener in listeners[::2]:
        await listener.reaches(last, within_s=PARK_S + 3)
    for listener in listeners:
        listener.check()
    await other.close()


async def test_a_late_answer_after_newer_ones_is_harmless() -> None:
    """Out of order on the way: the older one shows nothing twice, and nothing is left out."""
    topic = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)

    def frame(seq: int) -> bytes:
        return orjson.dumps({"seq": seq})

    def reply(message: Message) -> Reply:
        if isinstance(message, Leave):
            return STORED
        if isinstance(message, Rejoin):
            missed = tuple(frame(seq) for seq in range(message.since + 1, 9))
            return Joined("a", "e", 8, missed, resumed=True)
        return Joined("a", "e", 5, (orjson.dumps({"seq": 5, "epoch": "e"}),), resumed=False)

    hosts = ScriptedHosts(reply)
    links = Links(hosts, Whereabouts(Placement()), "g1")
    feeds = Feeds(hosts, Whereabouts(Placement()), links, "g1")
    frames: list[Any] = []

    async def send(message: Any) -> None:
        frames.append(orjson.loads(message["text"]))

    await feeds.join(Connection(1, send, 100, 10**6), Role.WAITER, topic, None, None)
    host = str(topic.address)
    feeds.take(host, Feed("a", 1, (Published(topic, "e", 6, (frame(6),)),)))
    feeds.take(host, Feed("a", 3, (Published(topic, "e", 8, (frame(8),)),)))
    feeds.take(host, Feed("a", 2, (Published(topic, "e", 7, (frame(7),)),)))
    await asyncio.sleep(0.2)
    assert [each["seq"] for each in frames] == [5, 6, 7, 8]
    await feeds.close()
    await links.close()


async def test_one_impatient_message_does_not_cut_short_its_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last of a batch need not be its newest: entities take turns."""
    monkeypatch.setattr("gateway.links.PATIENCE_S", 0.5)
    hosts = ScriptedHosts()
    links = Links(hosts, Whereabouts(Placement(Mode.RESTAURANT)), "g1")
    busy, calm = (Address(Kind.ORDER, id_, 1) for id_ in (1, 2))

    def leave(address: Address, connection: int) -> Leave:
        return Leave(Topic(address, Channel.ORDER), "g1", connection)

    hosts.gate.clear()
    first = links.send(leave(busy, 1))
    await asyncio.sleep(0.01)
    for number in (2, 3):
        links.send(leave(busy, number))
    await asyncio.sleep(0.43)
    newest = links.send(leave(calm, 4))
    hosts.gate.set()
    await first
    hosts.gate.clear()
    await asyncio.sleep(0.2)  # within the patience of the newest, beyond that of the others
    hosts.gate.set()
    assert await newest is STORED
    sent = [message for batch in hosts.batches for message in batch]
    assert sent.count(leave(calm, 4)) == 1
    await links.close()


async def test_a_mistake_in_what_listens_does_not_cost_the_replies() -> None:
    class Broken:
        def cursor(self, host: str) -> int:
            return 0

        def take(self, host: str, feed: Feed) -> None:
            raise RuntimeError("a mistake")

    class Telling(ScriptedHosts):
        async def exchange(
            self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
        ) -> Exchanged:
            return Exchanged(await self.deliver(host, batch), Feed("a", 1, ()))

    links = Links(Telling(), Whereabouts(Placement()), "g1")
    links.listen(Broken())
    leave = Leave(Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER), "g1", 1)
    assert await links.send(leave) is STORED
    await links.close()
