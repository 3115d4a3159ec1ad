"""Subscribers resume without gaps if possible, and get a snapshot if not."""

import asyncio

import orjson

from engine.messages import Published, Subscribe, Subscribed
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver, sequence


async def test_a_resuming_subscriber_gets_exactly_the_events_it_missed(driver: LocalDriver) -> None:
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await driver.subscribe(topic)
    for count in range(3, 10):
        await driver.do(session, c.UpdateGuestsCount(guests_count=count))
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    resumed = await driver.subscribe(topic, epoch=joined.epoch, since=joined.seq + 2)
    assert resumed.resumed
    assert [orjson.loads(frame)["seq"] for frame in resumed.frames] == list(
        range(joined.seq + 3, joined.seq + 8)
    )


async def test_a_subscriber_of_another_epoch_is_not_resumed_with_current_ones(
    driver: LocalDriver,
) -> None:
    """Even if both have the same sequence number."""
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await driver.subscribe(topic)
    await driver.do(session, c.UpdateGuestsCount(guests_count=9))
    since = joined.seq
    this = Subscribe(topic, "g", 2, Role.WAITER, joined.epoch, since)
    other = Subscribe(topic, "g", 3, Role.WAITER, "earlier", since)
    for batch in ((this, other), (other, this)):
        replies = [each for each in await driver.send(*batch) if isinstance(each, Subscribed)]
        resumed = {asked.epoch: reply.resumed for asked, reply in zip(batch, replies, strict=True)}
        assert resumed == {joined.epoch: True, "earlier": False}


async def test_a_subscriber_of_another_epoch_gets_a_snapshot_marked_as_not_resumed(
    driver: LocalDriver,
) -> None:
    session = await driver.occupy()
    joined = await driver.subscribe(Topic(session, Channel.SESSION), epoch="another", since=0)
    assert not joined.resumed
    assert orjson.loads(joined.frames[0])["data"]["resumed"] is False


async def test_a_subscriber_ahead_of_the_entity_gets_a_snapshot(driver: LocalDriver) -> None:
    session = await driver.occupy()
    joined = await driver.subscribe(Topic(session, Channel.SESSION))
    later = await driver.subscribe(
        Topic(session, Channel.SESSION), epoch=joined.epoch, since=joined.seq + 100
    )
    assert not later.resumed


async def test_a_subscription_to_a_missing_entity_is_not_found(driver: LocalDriver) -> None:
    ghost = Topic(Address(Kind.ORDER, 424242, driver.restaurant), Channel.ORDER)
    reply = (await driver.send(Subscribe(ghost, "g", 1, Role.ADMIN)))[0]
    assert isinstance(reply, Rejected)
    assert reply.code is Code.NOT_FOUND


async def test_no_event_is_lost_between_a_snapshot_and_its_subscription(
    driver: LocalDriver,
) -> None:
    """Joins in the middle of a burst: snapshot and feed together have each number once."""
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)

    async def change(count: int) -> None:
        await driver.do(session, c.UpdateGuestsCount(guests_count=count))

    changes = asyncio.gather(*(change(n) for n in range(3, 40)))
    joined = await driver.subscribe(topic)
    await changes
    last = orjson.loads((await driver.subscribe(topic)).frames[0])["seq"]
    seen = [joined.seq]
    for published in driver.hosts.pushed:
        if isinstance(published, Published) and published.topic == topic:
            seen += sequence(published.frames)
    assert seen == list(range(joined.seq, last + 1))


async def test_resuming_subscribers_get_the_events_of_a_commit_whose_reply_was_lost(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await driver.subscribe(topic)
    faulty.lose_replies = 1
    await driver.request(session, c.UpdateGuestsCount(guests_count=9))
    resumed = await driver.subscribe(topic, epoch=joined.epoch, since=joined.seq)
    assert resumed.resumed
    assert sequence(resumed.frames) == [joined.seq + 1]
