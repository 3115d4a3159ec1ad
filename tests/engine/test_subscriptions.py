"""Subscribers resume without gaps if possible, and get a snapshot if not."""

import asyncio

import orjson

from engine.messages import Published, Subscribe, Subscribed
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from tests.engine.chain import LocalChain, sequence
from tests.engine.faulty_store import FaultyStore


async def test_a_resuming_subscriber_gets_exactly_the_events_it_missed(chain: LocalChain) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    for count in range(3, 10):
        await chain.do(session, c.UpdateGuestsCount(guests_count=count))
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    resumed = await chain.join(topic, epoch=joined.epoch, since=joined.seq + 2)
    assert resumed.resumed
    assert [orjson.loads(frame)["seq"] for frame in resumed.frames] == list(
        range(joined.seq + 3, joined.seq + 8)
    )


async def test_a_subscriber_of_another_epoch_is_not_resumed_with_current_ones(
    chain: LocalChain,
) -> None:
    """Even if both have the same sequence number."""
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    await chain.do(session, c.UpdateGuestsCount(guests_count=9))
    since = joined.seq
    this = Subscribe(topic, "g", 2, Role.WAITER, joined.epoch, since)
    other = Subscribe(topic, "g", 3, Role.WAITER, "of before", since)
    for batch in ((this, other), (other, this)):
        replies = [each for each in await chain.send(*batch) if isinstance(each, Subscribed)]
        resumed = {asked.epoch: reply.resumed for asked, reply in zip(batch, replies, strict=True)}
        assert resumed == {joined.epoch: True, "of before": False}


async def test_a_subscriber_of_another_epoch_gets_a_snapshot_marked_as_not_resumed(
    chain: LocalChain,
) -> None:
    session = await chain.occupy()
    joined = await chain.join(Topic(session, Channel.SESSION), epoch="another", since=0)
    assert not joined.resumed
    assert orjson.loads(joined.frames[0])["data"]["resumed"] is False


async def test_a_subscriber_ahead_of_the_entity_gets_a_snapshot(chain: LocalChain) -> None:
    session = await chain.occupy()
    joined = await chain.join(Topic(session, Channel.SESSION))
    later = await chain.join(
        Topic(session, Channel.SESSION), epoch=joined.epoch, since=joined.seq + 100
    )
    assert not later.resumed


async def test_a_subscription_to_a_missing_entity_is_not_found(chain: LocalChain) -> None:
    ghost = Topic(Address(Kind.ORDER, 424242, chain.restaurant), Channel.ORDER)
    reply = (await chain.send(Subscribe(ghost, "g", 1, Role.ADMIN)))[0]
    assert isinstance(reply, Rejected)
    assert reply.code is Code.NOT_FOUND


async def test_no_event_is_lost_between_a_snapshot_and_its_subscription(chain: LocalChain) -> None:
    """Joins in the middle of a burst: snapshot and feed together have each number once."""
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)

    async def change(count: int) -> None:
        await chain.do(session, c.UpdateGuestsCount(guests_count=count))

    changes = asyncio.gather(*(change(n) for n in range(3, 40)))
    joined = await chain.join(topic)
    await changes
    last = orjson.loads((await chain.join(topic)).frames[0])["seq"]
    seen = [joined.seq]
    for published in chain.hosts.pushed:
        if isinstance(published, Published) and published.topic == topic:
            seen += sequence(published.frames)
    assert seen == list(range(joined.seq, last + 1))


async def test_resuming_subscribers_get_the_events_of_a_commit_whose_reply_was_lost(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    faulty.forget_answers = 1
    await chain.ask(session, c.UpdateGuestsCount(guests_count=9))
    resumed = await chain.join(topic, epoch=joined.epoch, since=joined.seq)
    assert resumed.resumed
    assert sequence(resumed.frames) == [joined.seq + 1]
