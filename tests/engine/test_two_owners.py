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
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

ONE_HOST = Placement(Mode.RESTAURANT)
HOST_PER_ENTITY = Placement(Mode.ENTITY)


@pytest.fixture
async def driver(store: Store) -> AsyncIterator[LocalDriver]:
    driver = LocalDriver(LocalHosts(store, ONE_HOST))
    await driver.create_restaurant()
    yield driver
    kill_hosts(driver)


def kill_hosts(driver: LocalDriver) -> None:
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)


async def test_a_commit_is_fenced_if_another_host_owns_an_entity_it_only_read(
    store: Store, driver: LocalDriver
) -> None:
    """In the first host's memory the table is free, so that closing the session would not free the
    table: it would stay occupied for ever."""
    assert not (await driver.snapshot(driver.table))["is_occupied"]
    other = LocalDriver(LocalHosts(store, ONE_HOST), driver.restaurant)
    other.table, other.ids = driver.table, driver.ids
    session = await other.occupy()
    kill_hosts(other)
    closing = driver.submit(session, c.CloseSession(), request_id="close")
    [reply] = await driver.send(closing)
    while reply == UNAVAILABLE:  # each commit is fenced until the host has reloaded everything
        [reply] = await driver.send(closing)
    assert isinstance(reply, Done)
    assert not (await driver.snapshot(driver.table))["is_occupied"]
    assert (await driver.snapshot(session))["status"] == "closed"


async def test_effects_do_not_overtake_pending_ones_of_the_previous_placement(
    store: Store, driver: LocalDriver
) -> None:
    """The target would ignore an older report that arrives after a newer one."""
    before = LocalDriver(LocalHosts(store, HOST_PER_ENTITY), driver.restaurant)
    before.restaurant_address, before.table, before.ids = (
        driver.restaurant_address,
        driver.table,
        driver.ids,
    )
    session = await before.occupy()
    before.hosts.silent |= {str(driver.restaurant_address), str(driver.waiter)}
    order = await before.order(session)
    kill_hosts(before)  # the order's report to its restaurant is still in its outbox
    paying = c.Pay(amount=1250, method=PaymentMethod.CARD)
    await driver.do(order, paying, request_id="pay", digest="pay")
    notes = await notifications(driver, 2)
    assert [note["kind"] for note in notes] == ["new_order", "payment"]
    figures = (await driver.snapshot(driver.restaurant_address, Channel.RESTAURANT))["figures"]
    assert (figures["orders"], figures["payments"], figures["paid_amount"]) == (1, 1, "12.50")


async def notifications(driver: LocalDriver, count: int) -> list[dict[str, str]]:
    async def has_count() -> list[dict[str, str]] | None:
        notes: list[dict[str, str]] = (
            await driver.snapshot(driver.restaurant_address, Channel.NOTIFICATIONS)
        )["notifications"]
        return notes if len(notes) >= count else None

    found: list[dict[str, str]] = await eventually(has_count)
    return found
