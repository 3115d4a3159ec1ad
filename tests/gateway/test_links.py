"""Batches to hosts: order, coalescing, and what happens when a host is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.messages import Message, Read, Reply, View
from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from gateway import links as links_
from gateway.links import Links
from protocol.errors import UNAVAILABLE
from protocol.ids import Address, Channel, Kind
from tests.gateway.scripted_hosts import ScriptedHosts


def read(order: int) -> Read:
    return Read(Address(Kind.ORDER, order, 1), Channel.ORDER)


def echo(message: Message) -> Reply:
    assert isinstance(message, Read)
    return View(str(message.to.id).encode())


@pytest.fixture
def hosts() -> ScriptedHosts:
    return ScriptedHosts(echo)


@pytest.fixture
async def links(hosts: ScriptedHosts) -> AsyncIterator[Links]:
    links = Links(hosts, Whereabouts(Placement(Mode.RESTAURANT)), "g1")
    yield links
    await links.close()


async def test_a_hundred_commands_at_once_make_few_deliveries(
    hosts: ScriptedHosts, links: Links
) -> None:
    replies = await asyncio.gather(*(links.send(read(n)) for n in range(1, 101)))
    assert replies == [View(str(n).encode()) for n in range(1, 101)]
    assert len(hosts.batches) <= 2


async def test_what_comes_while_a_batch_is_under_way_makes_the_next_one(
    hosts: ScriptedHosts, links: Links
) -> None:
    hosts.gate.clear()
    first = links.send(read(1))
    await asyncio.sleep(0.01)
    others = [links.send(read(n)) for n in range(2, 50)]
    await asyncio.sleep(0.01)
    assert [len(batch) for batch in hosts.batches] == [1]
    hosts.gate.set()
    await asyncio.gather(first, *others)
    assert [len(batch) for batch in hosts.batches] == [1, 48]


async def test_a_batch_is_bounded_and_keeps_the_order(hosts: ScriptedHosts, links: Links) -> None:
    await asyncio.gather(*(links.send(read(n)) for n in range(1, 1301)))
    sent = [message.to.id for batch in hosts.batches for message in batch]  # type: ignore[union-attr]
    assert sent == list(range(1, 1301))
    assert max(map(len, hosts.batches)) == links_.MAX_BATCH


async def test_a_lost_batch_is_sent_again_as_it_was(hosts: ScriptedHosts, links: Links) -> None:
    hosts.failures = 2
    replies = await asyncio.gather(*(links.send(read(n)) for n in range(1, 6)))
    assert replies == [View(str(n).encode()) for n in range(1, 6)]
    assert hosts.batches[0] == hosts.batches[1] == hosts.batches[2]


async def test_nothing_overtakes_a_batch_that_is_sent_again(
    hosts: ScriptedHosts, links: Links
) -> None:
    hosts.failures = 1
    first = links.send(read(1))
    await asyncio.sleep(0.01)
    second = links.send(read(2))
    await asyncio.gather(first, second)
    assert [[m.to.id for m in batch] for batch in hosts.batches] == [[1], [1], [2]]  # type: ignore[union-attr]


async def test_patience_ends_with_unavailable(
    hosts: ScriptedHosts, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links_, "PATIENCE_S", 0.15)
    hosts.failures = 10**6
    assert await asyncio.wait_for(links.send(read(1)), 2) is UNAVAILABLE
    hosts.failures = 0
    assert await links.send(read(2)) == View(b"2")


async def test_a_host_that_never_answers_does_not_hold_its_senders_for_ever(
    hosts: ScriptedHosts, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links_, "PATIENCE_S", 0.15)
    hosts.gate.clear()
    assert await asyncio.wait_for(links.send(read(1)), 2) is UNAVAILABLE


async def test_a_mistake_in_the_transport_is_answered_and_passes(
    hosts: ScriptedHosts, links: Links
) -> None:
    hosts.reply = lambda message: 1 / 0  # type: ignore[assignment,return-value]
    assert await links.send(read(1)) is UNAVAILABLE
    hosts.reply = echo
    assert await links.send(read(1)) == View(b"1")


async def test_a_link_without_traffic_has_no_task(hosts: ScriptedHosts, links: Links) -> None:
    await links.send(read(1))
    await asyncio.sleep(0.01)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "_drain" in repr(task)]


async def test_closing_answers_everybody_who_waits(hosts: ScriptedHosts, links: Links) -> None:
    hosts.gate.clear()
    waiting = [links.send(read(n)) for n in range(3)]
    await asyncio.sleep(0.01)
    await links.close()
    assert await asyncio.gather(*waiting) == [UNAVAILABLE] * 3
