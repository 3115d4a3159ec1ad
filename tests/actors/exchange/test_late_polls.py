"""Polls that come later than what was sent after them, or than their host has patience."""

import pytest

from actors.messages import Feed
from protocol.ids import Channel, Topic
from tests.actors.chain import LocalChain
from tests.actors.exchange.roads import Gateway, Roads, cursor_of, guests, subscribers_at


async def test_a_first_poll_that_comes_too_late_joins_again(
    chain: LocalChain, roads: Roads, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is the one that the gateway joined: nothing but its answer says what it forgot."""
    session = await chain.occupy()
    subscribers = subscribers_at(chain, session)
    forgotten = False
    poll = roads.poll

    async def late(host: str, name: str, cursor: int) -> Feed:
        nonlocal forgotten
        if not forgotten:
            forgotten = True
            subscribers._feeds[name].seen_at -= 60
            subscribers.expire()
        return await poll(host, name, cursor)

    monkeypatch.setattr(roads, "poll", late)
    listener = await gateway.listen(Topic(session, Channel.SESSION))
    await listener.reaches(0)
    for count in (5, 6):
        await chain.send(guests(chain, session, count))
    await listener.reaches(2)
    assert forgotten
    listener.check()


async def test_a_poll_that_overtakes_the_first_join_learns_nothing_wrong(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    early = await chain.hosts.poll(host, "g", 0)
    assert early.incarnation == "", "it knows none of what the gateway may believe to have joined"
    joined = await chain.join(Topic(session, Channel.SESSION))
    await chain.send(guests(chain, session, 5))
    told = await chain.hosts.poll(host, "g", early.cursor)
    assert told.incarnation == joined.incarnation
    assert [published.seq for published in told.published] == [joined.seq + 1]


async def test_a_poll_that_replies_have_overtaken_does_not_acknowledge_what_was_lost(
    chain: LocalChain,
) -> None:
    """It still carries an old cursor; an answer without the lost events would make them be seen as
    taken by the poll that follows."""
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    joined = await chain.join(Topic(session, Channel.SESSION))
    old = await cursor_of(chain, host)
    taken = await chain.hosts.exchange(host, "g", old, [guests(chain, session, 3)])
    assert taken.feed is not None
    lost = await chain.hosts.exchange(host, "g", taken.feed.cursor, [guests(chain, session, 4)])
    assert lost.feed is not None
    answer = await chain.hosts.poll(host, "g", old)
    assert [published.seq for published in answer.published] == [joined.seq + 2]
    assert answer.cursor == taken.feed.cursor + 1
