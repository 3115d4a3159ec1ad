"""A repeated request gets its first result, and takes effect once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.entity import RequestRef
from domain.order.line import OrderLine
from engine.host import HostSettings
from engine.messages import Done, Submit
from engine.placement import Placement
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus, PaymentMethod
from storage.store import Store
from tests.engine.restaurant_driver import MANAGER, LocalDriver
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
async def order(driver: LocalDriver) -> Address:
    order = await driver.order(await driver.occupy())
    await driver.advance(order, OrderStatus.CONFIRMED)
    return order


async def _pay(driver: LocalDriver, order: Address) -> Done:
    return await driver.do(order, PAY, request_id="pay", caller=WAITER)


async def _send_refused_requests(driver: LocalDriver, order: Address, times: int) -> None:
    """Requests of a guest that are refused, each with an id of its own."""
    command = c.UpdateStatus(status=OrderStatus.CANCELLED)
    for number in range(times):
        how = {"caller": GUEST, "request_id": f"guest-{number}"}
        assert (await driver.rejection(order, command, **how)).code is Code.FORBIDDEN


async def test_a_repeated_payment_is_taken_once_despite_many_refusals_of_a_guest(
    driver: LocalDriver, order: Address
) -> None:
    first = await _pay(driver, order)
    await _send_refused_requests(driver, order, 30)
    assert await _pay(driver, order) == first
    assert (await driver.snapshot(order))["paid_amount"] == "5.00"


async def test_a_repeated_payment_is_taken_once_after_its_host_was_killed(
    driver: LocalDriver, order: Address
) -> None:
    first = await _pay(driver, order)
    await _send_refused_requests(driver, order, 15)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    await _send_refused_requests(driver, order, 30)
    assert await _pay(driver, order) == first
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    assert await _pay(driver, order) == first
    assert (await driver.snapshot(order))["paid_amount"] == "5.00"


async def test_memory_and_store_keep_the_same_request_results(
    driver: LocalDriver, store: Store, order: Address
) -> None:
    await _pay(driver, order)
    await _send_refused_requests(driver, order, 30)
    held = driver.hosts.entity(order)
    assert held is not None
    kept = list(held.results)
    assert len(kept) == 10
    [loaded] = await store.claim([order])
    assert [line.rpartition(b"\n")[0] for line in loaded.results] == kept


async def test_a_repeated_request_gets_its_first_result(driver: LocalDriver) -> None:
    first = await driver.do(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    again = await driver.do(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    assert (again.changed, again.version, again.result) == (
        first.changed,
        first.version,
        first.result,
    )


async def test_a_repeated_request_gets_its_first_refusal(driver: LocalDriver) -> None:
    session = await driver.occupy()
    refusal = await driver.rejection(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    assert refusal.code is Code.TABLE_OCCUPIED
    await driver.do(session, c.CloseSession())
    await driver.until_idle()
    again = await driver.rejection(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    assert again == refusal


async def test_a_retryable_refusal_is_not_kept_as_a_result(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sends the same request again, under the same id."""
    session = await driver.occupy()
    first = await driver.order(session)
    how = {"caller": GUEST, "request_id": "r"}
    command = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1),))
    inputs = replace(driver.new_inputs(Kind.ORDER), lines=(OrderLine("Soup", 1, 100),))
    monkeypatch.setattr("domain.session.rules.MAX_PENDING_ORDERS", 1)
    refusal = await driver.rejection(session, command, inputs=inputs, **how)
    assert refusal.code is Code.RATE_LIMITED
    await driver.advance(first, OrderStatus.CONFIRMED)
    await driver.until_idle()
    assert (await driver.do(session, command, inputs=inputs, **how)).changed


async def test_a_request_id_with_another_body_is_a_conflict(driver: LocalDriver) -> None:
    session = await driver.occupy()
    await driver.do(session, c.UpdateGuestsCount(guests_count=3), request_id="r", digest="3")
    refusal = await driver.rejection(
        session, c.UpdateGuestsCount(guests_count=4), request_id="r", digest="4"
    )
    assert refusal.code is Code.IDEMPOTENCY_CONFLICT
    assert (await driver.snapshot(session))["guests_count"] == 3


async def test_two_callers_may_use_the_same_request_id(driver: LocalDriver) -> None:
    session = await driver.occupy()
    await driver.do(session, c.UpdateGuestsCount(guests_count=3), request_id="r", digest="3")
    other = Caller(Role.MANAGER, "manager:2")
    done = await driver.do(
        session,
        c.UpdateGuestsCount(guests_count=4),
        request_id="r",
        digest="4",
        caller=other,
    )
    assert done.changed


async def test_request_results_survive_a_killed_host(driver: LocalDriver) -> None:
    first = await driver.do(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    again = await driver.do(
        driver.table, c.Occupy(), request_id="r", inputs=driver.new_inputs(Kind.SESSION)
    )
    assert again.result == first.result


async def test_a_refusal_of_a_request_without_a_digest_is_not_kept(
    driver: LocalDriver,
) -> None:
    """The gateway itself may resend them; each time, they are decided again."""
    await driver.occupy()
    request_ref = RequestRef(driver.table, MANAGER.subject, "internal", "")
    inputs = driver.new_inputs(Kind.SESSION)
    message = Submit(driver.table, c.Occupy(), MANAGER, request_ref, inputs)
    first = (await driver.send(message))[0]
    assert isinstance(first, Rejected)
    held = driver.hosts.entity(driver.table)
    assert held is not None
    assert not [key for key in held.results if key.endswith(b"internal")]
