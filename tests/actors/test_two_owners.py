"""An entity that two hosts hold, and a pair of entities that was apart and now is together."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.messages import Done
from actors.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel
from protocol.statuses import PaymentMethod
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.local_hosts import LocalHosts

TOGETHER = Placement(Mode.RESTAURANT)
APART = Placement(Mode.ENTITY)


@pytest.fixture
async def chain(store: Store) -> AsyncIterator[LocalChain]:
    chain = LocalChain(LocalHosts(store, TOGETHER))
    await chain.open()
    yield chain
    end(chain)


def end(chain: LocalChain) -> None:
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)


async def test_a_turn_is_refused_where_another_owns_what_it_only_looked_at(
    store: Store, chain: LocalChain
) -> None:
    """The first host does not know that the table was taken since: closing the session would leave
    it occupied for ever, for what it thinks of the table is that there is nothing to do."""
    assert not (await chain.see(chain.table))["is_occupied"]
    other = LocalChain(LocalHosts(store, TOGETHER), chain.restaurant)
    other.table, other.ids = chain.table, chain.ids
    session = await other.occupy()
    end(other)
    closing = chain.submit(session, c.CloseSession(), request_id="close")
    [reply] = await chain.send(closing)
    while reply == UNAVAILABLE:  # a commit each that was refused, until the host has caught up
        [reply] = await chain.send(closing)
    assert isinstance(reply, Done)
    assert not (await chain.see(chain.table))["is_occupied"]
    assert (await chain.see(session))["status"] == "closed"


async def test_effects_do_not_overtake_those_that_left_before_the_placement_changed(
    store: Store, chain: LocalChain
) -> None:
    """A newer report would make the older one stale, and what only the older one tells be lost."""
    before = LocalChain(LocalHosts(store, APART), chain.restaurant)
    before.home, before.table, before.ids = chain.home, chain.table, chain.ids
    session = await before.occupy()
    before.hosts.silent |= {str(chain.home), str(chain.waiter)}
    order = await before.order(session)
    end(before)  # the order's report to its restaurant is still in its outbox
    paying = c.Pay(amount=1250, method=PaymentMethod.CARD)
    await chain.do(order, paying, request_id="pay", digest="pay")
    notes = await eventually_notes(chain, 2)
    assert [note["kind"] for note in notes] == ["new_order", "payment"]
    figures = (await chain.see(chain.home, Channel.RESTAURANT))["figures"]
    assert (figures["orders"], figures["payments"], figures["paid_amount"]) == (1, 1, "12.50")


async def eventually_notes(chain: LocalChain, count: int) -> list[dict[str, str]]:
    async with asyncio.timeout(10):
        while True:
            seen = await chain.see(chain.home, Channel.NOTIFICATIONS)
            notes: list[dict[str, str]] = seen["notifications"]
            if len(notes) >= count:
                return notes
            await asyncio.sleep(0.05)
