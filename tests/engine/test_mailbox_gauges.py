"""Gauges of a host's mailbox: the waiting messages, and the age of the oldest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from engine.host import Host
from engine.messages import Done
from engine.metrics import MAILBOX_AGE, MAILBOX_MESSAGES, MISPLACED_MESSAGES
from engine.placement import Mode, Placement
from protocol import commands as c
from storage.store import EntityCommit, Store
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


class SlowStore:
    """A real store whose commits wait until the test continues them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        await self.goes_on.wait()
        return await self._store.commit(commits)


@pytest.fixture
def slow(store: Store) -> SlowStore:
    return SlowStore(store)


@pytest.fixture
async def driver(slow: SlowStore) -> AsyncIterator[LocalDriver]:
    driver = LocalDriver(LocalHosts(slow, Placement(Mode.SHARD, shards=1)))
    await driver.create_restaurant()
    yield driver
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)


def measured(host: Host) -> tuple[float, float, float]:
    host.measure()
    return MAILBOX_MESSAGES.values[""], MAILBOX_AGE.values[""], MISPLACED_MESSAGES.values[""]


async def test_the_mailbox_gauges_of_an_idle_host_are_zero(driver: LocalDriver) -> None:
    [host] = driver.hosts.hosts.values()
    assert measured(host) == (0, 0, 0)


async def test_messages_behind_a_slow_turn_are_counted_with_their_age(
    driver: LocalDriver, slow: SlowStore
) -> None:
    [host] = driver.hosts.hosts.values()
    slow.goes_on.clear()
    changes = [asyncio.create_task(driver.do(driver.table, c.ChangeTable(zone="B")))]
    await eventually(lambda: measured(host)[1] > 0)
    assert measured(host)[0] == 0, "the first message is being decided"
    changes += [asyncio.create_task(driver.do(driver.table, c.ChangeTable(zone=z))) for z in "CD"]
    await eventually(lambda: measured(host)[0] == 2)
    before = measured(host)[1]
    await eventually(lambda: measured(host)[1] > before)
    slow.goes_on.set()
    assert all(isinstance(reply, Done) for reply in await asyncio.gather(*changes))
    assert measured(host) == (0, 0, 0)


async def test_misplaced_messages_are_counted_until_they_are_returned(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    [host] = driver.hosts.hosts.values()
    for address in (driver.table, driver.restaurant_address, driver.waiter):
        host._residents.forget(address)
    fetched = asyncio.Event()

    async def refresh(generation: int) -> None:
        await fetched.wait()

    monkeypatch.setattr(host._watcher, "refresh", refresh)
    monkeypatch.setattr(host._watcher, "placement", Placement(Mode.RESTAURANT))
    asked = asyncio.create_task(driver.send(driver.submit(driver.table, c.ChangeTable(zone="B"))))
    await eventually(lambda: measured(host)[2] > 0)
    waiting, age, misplaced = measured(host)
    assert (waiting, misplaced) == (0, 1)
    assert age > 0
    fetched.set()
    await asked
    assert measured(host) == (0, 0, 0)
