"""That a payment is taken once, whatever guests ask for meanwhile."""

from collections.abc import AsyncIterator

import pytest

from actors.host import HostSettings
from actors.messages import Done
from actors.placement import Placement
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code
from protocol.ids import Address
from protocol.statuses import OrderStatus, PaymentMethod
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.local_hosts import LocalHosts

GUEST = Caller(Role.GUEST, "guest:a")
WAITER = Caller(Role.WAITER, "waiter:10")
PAY = c.Pay(amount=500, method=PaymentMethod.CASH)


@pytest.fixture
async def hosts(store: Store, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(store, placement, settings=HostSettings(results_length=10))
    yield hosts
    for name in list(hosts.hosts):
        hosts.kill(name)


@pytest.fixture
async def order(chain: LocalChain) -> Address:
    order = await chain.order(await chain.occupy())
    await chain.advance(order, OrderStatus.CONFIRMED)
    return order


async def _pay(chain: LocalChain, order: Address) -> Done:
    return await chain.do(order, PAY, request_id="pay", caller=WAITER)


async def _ask_in_vain(chain: LocalChain, order: Address, times: int) -> None:
    """What a guest may not do any more, under ever another id."""
    wish = c.UpdateStatus(status=OrderStatus.CANCELLED)
    for number in range(times):
        how = {"caller": GUEST, "request_id": f"guest-{number}"}
        assert (await chain.refused(order, wish, **how)).code is Code.FORBIDDEN


async def test_a_guest_cannot_have_a_payment_taken_twice(chain: LocalChain, order: Address) -> None:
    first = await _pay(chain, order)
    await _ask_in_vain(chain, order, 30)
    assert await _pay(chain, order) == first
    assert (await chain.see(order))["paid_amount"] == "5.00"


async def test_not_even_where_its_host_was_lost_in_between(
    chain: LocalChain, order: Address
) -> None:
    first = await _pay(chain, order)
    await _ask_in_vain(chain, order, 15)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    await _ask_in_vain(chain, order, 30)
    assert await _pay(chain, order) == first
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    assert await _pay(chain, order) == first
    assert (await chain.see(order))["paid_amount"] == "5.00"


async def test_memory_and_store_keep_the_same_answers(
    chain: LocalChain, store: Store, order: Address
) -> None:
    await _pay(chain, order)
    await _ask_in_vain(chain, order, 30)
    held = chain.hosts.hosts[chain.placement.host_of(order)].get(order)
    assert held is not None
    kept = list(held.results)
    assert len(kept) == 10
    [loaded] = await store.claim([order])
    assert [line.rpartition(b"\n")[0] for line in loaded.results] == kept
