"""Two hosts with the same entity in memory, and a placement that joins separate entities."""

from collections.abc import AsyncIterator

import pytest

from engine.messages import Done
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel
from protocol.statuses import PaymentMethod
from storage.store import Store
from tests.engine.chain import LocalChain
from tests.eventually import eventually
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


async def test_a_commit_is_fenced_if_another_host_owns_an_entity_it_only_read(
    store: Store, chain: LocalChain
) -> None:
    """In the first host's memory the table is free, so that closing the session would not free the
    table: it would stay occupied for ever."""
    assert not (await chain.see(chain.table))["is_occupied"]
    other = LocalChain(LocalHosts(store, TOGETHER), chain.restaurant)
    other.table, other.ids = chain.table, chain.ids
    session = await other.occupy()
    end(other)
    closing = chain.submit(session, c.CloseSession(), request_id="close")
    [reply] = await chain.send(closing)
    while reply == UNAVAILABLE:  # each commit is fenced until the host has reloaded everything
        [reply] = await chain.send(closing)
    assert isinstance(reply, Done)
    assert not (await chain.see(chain.table))["is_occupied"]
    assert (await chain.see(session))["status"] == "closed"


async def test_effects_do_not_overtake_pending_ones_of_the_previous_placement(
    store: Store, chain: LocalChain
) -> None:
    """The target would ignore an older report that arrives after a newer one."""
    before = LocalChain(LocalHosts(store, APART), chain.restaurant)
    before.home, before.table, before.ids = chain.home, chain.table, chain.ids
    session = await before.occupy()
    before.hosts.silent |= {str(chain.home), str(chain.waiter)}
    order = await before.order(session)
    end(before)  # the order's report to its restaurant is still in its outbox
    paying = c.Pay(amount=1250, method=PaymentMethod.CARD)
    await chain.do(order, paying, request_id="pay", digest="pay")
    notes = await notifications(chain, 2)
    assert [note["kind"] for note in notes] == ["new_order", "payment"]
    figures = (await chain.see(chain.home, Channel.RESTAURANT))["figures"]
    assert (figures["orders"], figures["payments"], figures["paid_amount"]) == (1, 1, "12.50")


async def notifications(chain: LocalChain, count: int) -> list[dict[str, str]]:
    async def enough() -> list[dict[str, str]] | None:
        notes: list[dict[str, str]] = (await chain.see(chain.home, Channel.NOTIFICATIONS))[
            "notifications"
        ]
        return notes if len(notes) >= count else None

    found: list[dict[str, str]] = await eventually(enough)
    return found
