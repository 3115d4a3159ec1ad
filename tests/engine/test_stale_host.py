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
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import MANAGER, LocalDriver, sequence
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

PLACEMENT = Placement(Mode.RESTAURANT)


@pytest.fixture
async def driver(store: Store) -> AsyncIterator[LocalDriver]:
    driver = LocalDriver(LocalHosts(store, PLACEMENT, wrap=FaultyStore))
    await driver.create_restaurant()
    yield driver
    _kill_hosts(driver)


@pytest.fixture
async def other(driver: LocalDriver, store: Store) -> AsyncIterator[LocalDriver]:
    """The same restaurant, on another host that has just claimed it."""
    other = LocalDriver(LocalHosts(store, PLACEMENT), driver.restaurant)
    other.restaurant_address, other.table, other.ids = (
        driver.restaurant_address,
        driver.table,
        driver.ids,
    )
    yield other
    _kill_hosts(other)


def _kill_hosts(driver: LocalDriver) -> None:
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)


async def test_a_host_that_lost_ownership_returns_the_new_owners_state(
    driver: LocalDriver, other: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    assert not (await driver.snapshot(driver.table))["is_occupied"]
    await other.occupy()
    assert (await driver.snapshot(driver.table))["is_occupied"]


async def test_a_host_that_lost_ownership_does_not_refuse_by_outdated_state(
    driver: LocalDriver, other: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    session = await driver.occupy()
    await other.do(session, c.CloseSession())
    occupy = driver.submit(driver.table, c.Occupy(), inputs=driver.new_inputs(Kind.SESSION))
    [reply] = await driver.send(occupy)
    while reply == UNAVAILABLE:  # another host has claimed the restaurant, too
        [reply] = await driver.send(occupy)
    assert isinstance(reply, Done)
    assert reply.result["session_id"] != session.id


async def test_ownership_is_checked_separately_only_without_a_commit(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    faulty = driver.hosts.store
    assert isinstance(faulty, FaultyStore)
    await driver.do(driver.table, c.ChangeTable(zone="B"))
    assert faulty.ownership_checks == 0
    unchanged = Submit(driver.table, c.ChangeTable(zone="B"), MANAGER)  # keeps no result
    [done] = await driver.send(unchanged)
    assert isinstance(done, Done)
    assert not done.changed
    assert faulty.ownership_checks == 1


async def test_a_subscriber_ahead_of_a_stale_host_gets_no_older_snapshot(
    driver: LocalDriver, other: LocalDriver
) -> None:
    topic = Topic(driver.table, Channel.TABLE)
    joined = await driver.subscribe(topic)
    await other.occupy()
    ahead = await other.subscribe(topic)
    assert ahead.seq == joined.seq + 1
    resumed = await driver.subscribe(topic, epoch=joined.epoch, since=ahead.seq)
    assert (resumed.resumed, resumed.seq, sequence(resumed.frames)) == (True, ahead.seq, [])


async def test_subscribers_of_a_stale_host_are_invalidated_by_the_ownership_check(
    driver: LocalDriver, other: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    monkeypatch.setattr(host, "OWNERSHIP_RECHECK_S", 0.0)
    topic = Topic(driver.table, Channel.TABLE)
    await driver.subscribe(topic)
    await other.occupy()
    assert not driver.hosts.hosts[PLACEMENT.host_of(driver.table)].evict_idle()
    await _wait_until_dropped(driver, topic)


async def test_subscribers_of_a_stale_host_are_invalidated_by_an_activation(
    driver: LocalDriver, other: LocalDriver
) -> None:
    topic = Topic(driver.table, Channel.TABLE)
    await driver.subscribe(topic)
    await other.occupy()
    await driver.send(Activate(driver.table))
    await _wait_until_dropped(driver, topic)


async def _wait_until_dropped(driver: LocalDriver, topic: Topic) -> None:
    """Wait until the gateway is asked to subscribe to the topic again."""
    await eventually(lambda: Dropped(topic) in driver.hosts.pushed)
