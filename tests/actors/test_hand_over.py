"""A new placement while hosts work: what a host lets go of, and who goes on with it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from actors.messages import Done, Join, Joined, Moved
from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from gateway.feeds import Feeds
from gateway.links import Links
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import CloseCode
from protocol.ids import Channel, Topic
from storage.store import Store
from tests.actors.chain import LocalChain, sequence
from tests.local_hosts import LocalHosts

BEFORE = Placement(Mode.SHARD, shards=1, generation=1)
AFTER = replace(BEFORE.moved(0), generation=2)
OLD, NEW = "shard:0", "shard:0#1"


@pytest.fixture
async def chain(store: Store) -> AsyncIterator[LocalChain]:
    chain = LocalChain(LocalHosts(store, BEFORE))
    await chain.open()
    yield chain
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)


class Gateway:
    """Links and feeds of one gateway, and one connection that keeps the `seq`s it is given."""

    id = 1

    def __init__(self, hosts: LocalHosts) -> None:
        self.whereabouts = Whereabouts(hosts.placement, hosts.look)
        self.links = Links(hosts, self.whereabouts, "g1")
        self.feeds = Feeds(hosts, self.whereabouts, self.links, "g1")
        self.frames: list[bytes] = []
        self.closed: list[CloseCode] = []

    def push(self, frame: object, *, asked_for: bool = False) -> None:
        self.frames.append(frame.payload)  # type: ignore[attr-defined]  # a TextFrame

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed.append(code)


@pytest.fixture
async def gateway(chain: LocalChain) -> AsyncIterator[Gateway]:
    gateway = Gateway(chain.hosts)
    yield gateway
    await gateway.feeds.close()
    await gateway.links.close()


async def test_a_host_answers_about_what_has_moved_with_the_number_of_the_placement(
    chain: LocalChain,
) -> None:
    chain.hosts.placement = AFTER
    await _learn(chain, OLD)
    [reply] = await chain.hosts.deliver(OLD, [chain.submit(chain.table, c.ChangeTable(zone="B"))])
    assert reply == Moved(2)
    assert chain.hosts.hosts[OLD].entities == 0
    chain.placement = AFTER
    assert (await chain.see(chain.table))["zone"] == "A", "nothing was done"


async def test_a_host_that_is_asked_for_what_it_does_not_know_to_be_its_own_looks_first(
    chain: LocalChain,
) -> None:
    await chain.hosts.deliver(NEW, [])  # it starts, and knows the placement of before
    chain.hosts._host(NEW)
    chain.hosts.placement = AFTER
    [reply] = await chain.hosts.deliver(NEW, [chain.submit(chain.table, c.ChangeTable(zone="B"))])
    assert isinstance(reply, Done)


async def test_messages_go_on_to_the_new_host_in_their_order(
    chain: LocalChain, gateway: Gateway
) -> None:
    zones = [str(n) for n in range(300)]
    sent = [gateway.links.send(chain.submit(chain.table, c.ChangeTable(zone=z))) for z in zones]
    await sent[0]
    chain.hosts.placement = AFTER
    await _learn(chain, OLD)
    sent += [gateway.links.send(chain.submit(chain.table, c.ChangeTable(zone=z))) for z in "ABC"]
    replies = await asyncio.gather(*sent)
    versions = [reply.version for reply in replies if isinstance(reply, Done)]
    assert versions == list(range(versions[0], versions[0] + len(sent)))
    assert gateway.whereabouts.placement == AFTER
    assert OLD in chain.hosts.hosts
    assert chain.hosts.hosts[OLD].entities == 0


async def test_listeners_are_joined_at_the_new_host_from_where_they_were(
    chain: LocalChain, gateway: Gateway
) -> None:
    topic = Topic(chain.table, Channel.TABLE)
    assert await gateway.feeds.join(gateway, Role.MANAGER, topic, None, None) is None
    await gateway.links.send(chain.submit(chain.table, c.ChangeTable(zone="B")))
    chain.hosts.placement = AFTER
    await _learn(chain, OLD)
    await gateway.links.send(chain.submit(chain.table, c.ChangeTable(zone="C")))
    async with asyncio.timeout(10):
        while len(gateway.frames) < 3:
            await asyncio.sleep(0.01)
    assert sequence(gateway.frames[1:]) == [1, 2]
    assert not gateway.closed
    assert not chain.hosts.hosts[OLD]._subscribers
    assert chain.hosts.hosts[NEW]._subscribers.listens(topic)


async def test_gateways_that_know_different_placements_agree_after_one_message_each(
    chain: LocalChain, gateway: Gateway
) -> None:
    other = Gateway(chain.hosts)
    chain.hosts.placement = AFTER
    await other.whereabouts.refresh(AFTER.generation)
    for each in (other, gateway, other, gateway):  # the second one still goes to the old host
        asked = each.links.send(Join(Topic(chain.table, Channel.TABLE), "g", 1, Role.MANAGER))
        reply = await asked
        if reply == Moved(2):
            pytest.fail("a sender was told of it")
        assert isinstance(reply, Joined)
    await chain.hosts.hosts[OLD]._whereabouts.refresh(AFTER.generation)
    await gateway.links.send(chain.submit(chain.table, c.ChangeTable(zone="B")))
    assert gateway.whereabouts.placement == AFTER
    await other.feeds.close()
    await other.links.close()


async def test_a_moved_host_may_leave_when_nobody_asks_it_any_more(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.host.FAREWELL_S", 0.0)
    host = chain.hosts.hosts[OLD]
    assert host.stays
    chain.hosts.placement = AFTER
    await _learn(chain, OLD)
    assert not host.stays
    assert host.rest()


async def _learn(chain: LocalChain, host: str) -> None:
    """As an actor is told of a new placement."""
    await chain.hosts.hosts[host]._whereabouts.refresh(chain.hosts.placement.generation)
