"""Replies that bring the feed along, and the poll beside them: what a host tells a gateway."""

import asyncio
from contextlib import suppress

import pytest

from actors.messages import (
    Done,
    Rejoin,
)
from protocol import commands as c
from protocol.caller import Role
from protocol.ids import Channel, Topic
from tests.actors.chain import LocalChain
from tests.actors.exchange.roads import cursor_of, guests, subscribers_at


async def test_replies_bring_along_what_their_batch_has_published(chain: LocalChain) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    host = chain.hosts.placement.host_of(session)
    joined = await chain.join(topic)
    cursor = await cursor_of(chain, host)
    exchanged = await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, 3)])
    assert isinstance(exchanged.replies[0], Done)
    assert exchanged.feed is not None
    [published] = exchanged.feed.published
    assert (published.topic, published.seq) == (topic, joined.seq + 1)
    assert exchanged.feed.cursor == cursor + 1


async def test_a_parked_poll_stays_parked_when_replies_bring_the_events(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    cursor = await cursor_of(chain, host)
    poll = asyncio.create_task(chain.hosts.poll(host, "g", cursor))
    await asyncio.sleep(0.05)
    for count in range(3, 8):
        exchanged = await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, count)])
        assert exchanged.feed is not None
        cursor = exchanged.feed.cursor
    await asyncio.sleep(0.1)
    assert not poll.done()
    await chain.do(session, c.UpdateGuestsCount(guests_count=9))  # another gateway's
    feed = await asyncio.wait_for(poll, 1)
    assert feed.cursor == cursor + 1
    assert len(feed.published) == 1


async def test_replies_do_not_overtake_the_answer_to_a_poll(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    cursor = await cursor_of(chain, host)
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    on_its_way = await chain.hosts.poll(host, "g", cursor)
    exchanged = await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, 4)])
    assert exchanged.feed is None
    following = await chain.hosts.poll(host, "g", on_its_way.cursor)
    assert following.cursor == on_its_way.cursor + 1
    assert following.published[0].seq == on_its_way.published[0].seq + 1


async def test_what_was_lost_with_replies_is_in_the_next_poll(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    cursor = await cursor_of(chain, host)
    lost = [
        (await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, count)])).feed
        for count in (3, 4)
    ]
    assert lost[0] is not None
    first = lost[0].published[0].seq
    again = await asyncio.wait_for(chain.hosts.poll(host, "g", cursor), 1)
    seqs = [published.seq for published in again.published]
    while len(seqs) < 2:
        again = await asyncio.wait_for(chain.hosts.poll(host, "g", again.cursor), 1)
        seqs += [published.seq for published in again.published]
    assert seqs == [first, first + 1]
    quiet = asyncio.create_task(chain.hosts.poll(host, "g", again.cursor))
    await asyncio.sleep(0.1)
    assert not quiet.done(), "the cursor acknowledges all of it"
    quiet.cancel()


async def test_a_gateway_that_only_exchanges_is_not_forgotten(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    topic = Topic(session, Channel.SESSION)
    await chain.join(topic)
    cursor = await cursor_of(chain, host)
    subscribers = subscribers_at(chain, session)
    subscribers._feeds["g"].seen_at -= 60
    await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, 3)])
    subscribers.expire()
    assert subscribers.listens(topic)


async def test_a_gateway_that_listens_to_nothing_leaves_nothing_behind(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    for count in range(3, 30):
        exchanged = await chain.hosts.exchange(host, "idle", 0, [guests(chain, session, count)])
        assert exchanged.feed is None
    assert "idle" not in subscribers_at(chain, session)._feeds


async def test_a_forgotten_gateway_gets_no_events_with_its_replies(chain: LocalChain) -> None:
    """It has to learn from its poll that it must join again."""
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    topic = Topic(session, Channel.SESSION)
    await chain.join(topic)
    cursor = await cursor_of(chain, host)
    subscribers = subscribers_at(chain, session)
    subscribers._feeds["g"].seen_at -= 60
    subscribers.expire()
    again = Rejoin(topic, "g", ((1, Role.WAITER),), "another", 0)
    exchanged = await chain.hosts.exchange(host, "g", cursor, [again, guests(chain, session, 3)])
    assert exchanged.feed is None
    assert (await chain.hosts.poll(host, "g", cursor)).cursor not in (cursor, cursor + 1)


async def test_an_exchange_that_is_given_up_is_not_waited_for_ever_after(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    cursor = await cursor_of(chain, host)
    carried = chain.hosts.hosts[host]
    for count in range(3, 8):
        given_up = asyncio.create_task(
            carried.exchange("g", cursor, [guests(chain, session, count)])
        )
        await asyncio.sleep(0)
        given_up.cancel()
        with suppress(asyncio.CancelledError):
            await given_up
    await asyncio.sleep(0.1)
    assert carried._subscribers._feeds["g"].exchanges == 0
    seqs: list[int] = []
    while len(seqs) < 5:
        feed = await asyncio.wait_for(carried.poll("g", cursor), 1)
        cursor = feed.cursor
        for published in feed.published:
            seqs += range(published.seq, published.seq + len(published.frames))
    assert seqs == list(range(seqs[0], seqs[0] + 5))


async def test_what_waits_for_lost_replies_is_bounded(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway whose replies are all lost sends the same cursor again and again."""
    monkeypatch.setattr("actors.subscribers.MAX_PENDING_BYTES", 10_000)
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    cursor = await cursor_of(chain, host)
    for count in range(3, 203):
        await chain.hosts.exchange(host, "g", cursor, [guests(chain, session, count % 50 + 1)])
    feed = subscribers_at(chain, session)._feeds["g"]
    kept = sum(
        len(frame)
        for answer in feed.unacknowledged
        for published in answer.published
        for frame in published.frames
    )
    assert kept + feed.pending_bytes <= 2 * 10_000
