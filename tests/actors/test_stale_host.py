"""A host that another one has overtaken: what it answers is not what it remembers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors import host as hosts
from actors.messages import Done, Wake
from actors.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel, Kind, Topic
from storage.store import Store
from tests.actors.chain import LocalChain, sequence
from tests.local_hosts import LocalHosts

PLACEMENT = Placement(Mode.RESTAURANT)


@pytest.fixture
async def chain(store: Store) -> AsyncIterator[LocalChain]:
    chain = LocalChain(LocalHosts(store, PLACEMENT))
    await chain.open()
    yield chain
    _end(chain)


@pytest.fixture
async def other(chain: LocalChain, store: Store) -> AsyncIterator[LocalChain]:
    """The same restaurant, on another host that has just claimed it."""
    other = LocalChain(LocalHosts(store, PLACEMENT), chain.restaurant)
    other.home, other.table, other.ids = chain.home, chain.table, chain.ids
    yield other
    _end(other)


def _end(chain: LocalChain) -> None:
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)


async def test_a_snapshot_is_not_of_before_another_host_took_over(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "TRUST_S", 0.0)
    assert not (await chain.see(chain.table))["is_occupied"]
    await other.occupy()
    assert (await chain.see(chain.table))["is_occupied"]


async def test_a_refusal_is_not_of_before_another_host_took_over(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "TRUST_S", 0.0)
    session = await chain.occupy()
    await other.do(session, c.CloseSession())
    occupy = chain.submit(chain.table, c.Occupy(), supplies=chain.fresh(Kind.SESSION))
    [reply] = await chain.send(occupy)
    while reply == UNAVAILABLE:  # the restaurant, which hears of it, was taken over as well
        [reply] = await chain.send(occupy)
    assert isinstance(reply, Done)
    assert reply.result["session_id"] != session.id


async def test_who_has_heard_more_than_a_host_knows_is_told_no_older_snapshot(
    chain: LocalChain, other: LocalChain
) -> None:
    topic = Topic(chain.table, Channel.TABLE)
    joined = await chain.join(topic)
    await other.occupy()
    ahead = await other.join(topic)
    assert ahead.seq == joined.seq + 1
    resumed = await chain.join(topic, epoch=joined.epoch, since=ahead.seq)
    assert (resumed.resumed, resumed.seq, sequence(resumed.frames)) == (True, ahead.seq, [])


async def test_who_only_listens_hears_of_what_another_host_did(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "TRUST_S", 0.0)
    monkeypatch.setattr(hosts, "LOOK_S", 0.0)
    topic = Topic(chain.table, Channel.TABLE)
    await chain.join(topic)
    await other.occupy()
    host = chain.hosts.hosts[PLACEMENT.host_of(chain.table)]
    assert not host.rest()
    feed = await host.poll("g", 0)  # what it has been told of so far
    while topic not in feed.dropped:
        feed = await host.poll("g", feed.cursor)
    assert topic in feed.dropped


async def test_who_listens_where_an_entity_is_woken_hears_of_what_another_host_did(
    chain: LocalChain, other: LocalChain
) -> None:
    topic = Topic(chain.table, Channel.TABLE)
    await chain.join(topic)
    await other.occupy()
    await chain.send(Wake(chain.table))
    host = chain.hosts.hosts[PLACEMENT.host_of(chain.table)]
    feed = await asyncio.wait_for(host.poll("g", 0), 5)
    while topic not in feed.dropped:
        feed = await asyncio.wait_for(host.poll("g", feed.cursor), 5)
    assert topic in feed.dropped
