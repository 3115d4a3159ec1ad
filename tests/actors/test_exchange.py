"""What a gateway is told with the replies to its batches, and by the poll that it keeps parked."""

import asyncio

import pytest

from actors.messages import Published
from actors.subscribers import Subscribers
from protocol.caller import Role
from protocol.ids import Address, Channel, Kind, Topic

TOPIC = Topic(Address(Kind.ORDER, 1, 2), Channel.ORDER)


@pytest.fixture
async def subscribers() -> Subscribers:
    subscribers = Subscribers("life")
    subscribers.join(TOPIC, "g", [(1, Role.WAITER)], afresh=False)
    return subscribers


async def start(subscribers: Subscribers) -> int:
    """The cursor that a gateway learns first."""
    return (await subscribers.poll("g", 0)).cursor


def told(seq: int) -> tuple[Published, ...]:
    return (Published(TOPIC, seq, (b"%d" % seq,)),)


async def test_events_of_a_batch_come_with_its_replies(subscribers: Subscribers) -> None:
    cursor = await start(subscribers)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 1, (b"1",))
    answer = subscribers.collect("g", cursor)
    assert answer is not None
    assert (answer.cursor, answer.published) == (cursor + 1, told(1))
    assert subscribers.collect("g", cursor + 1) is None


async def test_a_parked_poll_outlives_a_batch_and_brings_what_follows(
    subscribers: Subscribers,
) -> None:
    cursor = await start(subscribers)
    poll = asyncio.create_task(subscribers.poll("g", cursor))
    await asyncio.sleep(0.01)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 1, (b"1",))
    assert subscribers.collect("g", cursor) is not None
    await asyncio.sleep(0.02)
    assert not poll.done()
    subscribers.publish(TOPIC, 2, (b"2",))
    answer = await asyncio.wait_for(poll, 1)
    assert (answer.cursor, answer.published) == (cursor + 2, told(2))


async def test_replies_do_not_overtake_a_poll_that_was_answered(subscribers: Subscribers) -> None:
    cursor = await start(subscribers)
    poll = asyncio.create_task(subscribers.poll("g", cursor))
    await asyncio.sleep(0.01)
    subscribers.publish(TOPIC, 1, (b"1",))
    assert (await asyncio.wait_for(poll, 1)).published == told(1)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 2, (b"2",))
    assert subscribers.collect("g", cursor) is None
    later = await asyncio.wait_for(subscribers.poll("g", cursor + 1), 1)
    assert (later.cursor, later.published) == (cursor + 2, told(2))


async def test_replies_that_were_lost_are_told_again(subscribers: Subscribers) -> None:
    cursor = await start(subscribers)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 1, (b"1",))
    assert subscribers.collect("g", cursor) is not None
    again = await asyncio.wait_for(subscribers.poll("g", cursor), 1)
    assert (again.cursor, again.published) == (cursor + 1, told(1))


async def test_a_cursor_of_another_life_gets_nothing_but_the_present_one(
    subscribers: Subscribers,
) -> None:
    cursor = await start(subscribers)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 1, (b"1",))
    assert subscribers.collect("g", cursor + 77) is None
    answer = await asyncio.wait_for(subscribers.poll("g", cursor + 77), 1)
    assert (answer.cursor, answer.published) == (cursor, ())


async def test_events_do_not_wait_for_a_batch_that_takes_long(subscribers: Subscribers) -> None:
    cursor = await start(subscribers)
    poll = asyncio.create_task(subscribers.poll("g", cursor))
    await asyncio.sleep(0.01)
    subscribers.expect("g")
    subscribers.publish(TOPIC, 1, (b"1",))
    assert (await asyncio.wait_for(poll, 1)).published == told(1)
    assert subscribers.collect("g", cursor) is None
