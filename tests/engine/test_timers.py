"""A timer whose handling fails is handled again, later each time, until it succeeds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

import domain.behaviours
from engine.outbox_entries import OutboxTimer
from engine.placement import Mode, Placement
from engine.timers import Timers
from protocol import commands as c
from protocol.caller import SYSTEM
from protocol.ids import Address, Channel, Kind, Topic
from storage.store import Store
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import GUEST, LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts, TestClock

CLOCK_ERROR_S = 0.002
"""Tolerance for timers of the event loop, which may fire early."""
TABLE = Address(Kind.TABLE, 1, 1)


@pytest.fixture
async def faulty(store: Store) -> FaultyStore:
    return FaultyStore(store)


@pytest.fixture
async def driver(faulty: FaultyStore) -> AsyncIterator[LocalDriver]:
    hosts = LocalHosts(faulty, Placement(Mode.SHARD, shards=1))
    driver = LocalDriver(hosts)
    await driver.create_restaurant()
    yield driver
    for name in list(hosts.hosts):
        hosts.kill(name)


async def _overdue_call(driver: LocalDriver) -> Address:
    """A guest's call that was delivered, not acknowledged and is overdue; its host was killed."""
    session = await driver.occupy()
    await driver.subscribe(Topic(driver.waiter, Channel.WAITER))
    await driver.do(session, c.CallWaiter(), caller=GUEST)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    driver.hosts.clock.ahead = timedelta(seconds=61)
    return session


async def _is_escalated(driver: LocalDriver, session: Address) -> bool:
    return bool((await driver.snapshot(session))["calls"][0]["escalated"])


async def test_a_failing_timer_is_retried_after_growing_pauses(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await _overdue_call(driver)
    rules = domain.behaviours.BEHAVIOURS[Kind.SESSION]
    tried: list[float] = []

    def failing(state: Any, message: Any, context: Any) -> Any:
        if context.caller is SYSTEM and len(tried) < 4:
            tried.append(asyncio.get_running_loop().time())
            raise ArithmeticError("a bug in a rule, by the test")
        return rules.decide(state, message, context)

    broken = replace(rules, decide=failing)
    monkeypatch.setitem(domain.behaviours.BEHAVIOURS, Kind.SESSION, broken)
    assert not await _is_escalated(driver, session)
    await eventually(lambda: len(tried) == 4)
    pauses = [after - before for before, after in pairwise(tried)]
    assert all(
        pause >= least - CLOCK_ERROR_S for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=True)
    ), pauses
    await eventually(lambda: _is_escalated(driver, session))


async def test_a_timer_is_retried_while_the_store_is_unavailable(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await _overdue_call(driver)
    faulty.refuse_commits = 3
    assert not await _is_escalated(driver, session)
    commits = len(faulty.commits)
    await eventually(lambda: len(faulty.commits) >= commits + 3 and faulty.refuse_commits == 0)
    commits = len(faulty.commits)
    await eventually(lambda: len(faulty.commits) > commits)  # without any message to the session
    await eventually(lambda: _is_escalated(driver, session))


async def test_a_timer_that_is_set_again_keeps_its_back_off() -> None:
    """As after eviction and a reload of the entity."""
    fired: list[float] = []
    loop = asyncio.get_running_loop()
    timers = Timers(TestClock(), lambda address, key: fired.append(loop.time()))
    began = loop.time()
    timers.retry(TABLE, "late")
    timers.cancel(TABLE)
    timers.replace(TABLE, [OutboxTimer("late", datetime.now(UTC) - timedelta(seconds=1), None)])
    await eventually(lambda: bool(fired))
    assert fired[0] - began >= 0.1 - CLOCK_ERROR_S


async def test_a_handled_timer_restarts_its_back_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    timers = Timers(TestClock(), lambda address, key: None)
    now = asyncio.get_running_loop().time
    monkeypatch.setattr(
        timers, "_call_at", lambda address, key, at: pauses.append(round(at - now(), 1))
    )
    for _ in range(8):
        timers.retry(TABLE, "late")
    timers.handled(TABLE, "late", None)
    timers.retry(TABLE, "late")
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.1]


async def test_forgotten_timers_do_not_fire() -> None:
    fired: list[str] = []
    timers = Timers(TestClock(), lambda address, key: fired.append(f"{address} {key}"))
    due = datetime.now(UTC)
    timers.retry(TABLE, "failed")
    timers.forget(TABLE)
    other = Address(Kind.TABLE, 2, 1)
    timers.replace(other, [OutboxTimer("late", due + timedelta(seconds=0.15), None)])
    await eventually(lambda: bool(fired))
    assert fired == [f"{other} late"]
