"""A host that has lost the ownership of its entities does not reply from its outdated memory."""

from collections.abc import AsyncIterator

import pytest

from engine import entity_cache, host
from engine.messages import Activate, Done, Dropped, Submit
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel, Kind, Topic
from storage.store import Store
from tests.engine.chain import MANAGER, LocalChain, sequence
from tests.engine.faulty_store import FaultyStore
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

PLACEMENT = Placement(Mode.RESTAURANT)


@pytest.fixture
async def chain(store: Store) -> AsyncIterator[LocalChain]:
    chain = LocalChain(LocalHosts(store, PLACEMENT, wrap=FaultyStore))
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


async def test_a_host_that_lost_ownership_returns_the_new_owners_state(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    assert not (await chain.see(chain.table))["is_occupied"]
    await other.occupy()
    assert (await chain.see(chain.table))["is_occupied"]


async def test_a_host_that_lost_ownership_does_not_refuse_by_outdated_state(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    session = await chain.occupy()
    await other.do(session, c.CloseSession())
    occupy = chain.submit(chain.table, c.Occupy(), inputs=chain.fresh(Kind.SESSION))
    [reply] = await chain.send(occupy)
    while reply == UNAVAILABLE:  # another host has claimed the restaurant, too
        [reply] = await chain.send(occupy)
    assert isinstance(reply, Done)
    assert reply.result["session_id"] != session.id


async def test_ownership_is_checked_separately_only_without_a_commit(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    faulty = chain.hosts.store
    assert isinstance(faulty, FaultyStore)
    await chain.do(chain.table, c.ChangeTable(zone="B"))
    assert faulty.ownership_checks == 0
    unchanged = Submit(chain.table, c.ChangeTable(zone="B"), MANAGER)  # keeps no result
    [done] = await chain.send(unchanged)
    assert isinstance(done, Done)
    assert not done.changed
    assert faulty.ownership_checks == 1


async def test_a_subscriber_ahead_of_a_stale_host_gets_no_older_snapshot(
    chain: LocalChain, other: LocalChain
) -> None:
    topic = Topic(chain.table, Channel.TABLE)
    joined = await chain.join(topic)
    await other.occupy()
    ahead = await other.join(topic)
    assert ahead.seq == joined.seq + 1
    resumed = await chain.join(topic, epoch=joined.epoch, since=ahead.seq)
    assert (resumed.resumed, resumed.seq, sequence(resumed.frames)) == (True, ahead.seq, [])


async def test_subscribers_of_a_stale_host_are_invalidated_by_the_ownership_check(
    chain: LocalChain, other: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    monkeypatch.setattr(host, "OWNERSHIP_RECHECK_S", 0.0)
    topic = Topic(chain.table, Channel.TABLE)
    await chain.join(topic)
    await other.occupy()
    assert not chain.hosts.hosts[PLACEMENT.host_of(chain.table)].evict_idle()
    await _dropped(chain, topic)


async def test_subscribers_of_a_stale_host_are_invalidated_by_an_activation(
    chain: LocalChain, other: LocalChain
) -> None:
    topic = Topic(chain.table, Channel.TABLE)
    await chain.join(topic)
    await other.occupy()
    await chain.send(Activate(chain.table))
    await _dropped(chain, topic)


async def _dropped(chain: LocalChain, topic: Topic) -> None:
    """Wait until the gateway is asked to subscribe to the topic again."""
    await eventually(lambda: Dropped(topic) in chain.hosts.pushed)
