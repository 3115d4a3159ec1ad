"""Unreadable state and completed sweeps are counted."""

import asyncio
from contextlib import suppress

import pytest
import redis

from engine import sweep
from engine.instruments import Counter
from engine.metrics import HANDLER_ERRORS, SWEEPS, UNREADABLE
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from storage import keys
from storage.embedded import EmbeddedStore
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually

COUNTERS = (UNREADABLE, HANDLER_ERRORS, SWEEPS)


@pytest.fixture(autouse=True)
def reset_counters() -> None:
    for counter in COUNTERS:
        counter.drain()


def count(counter: Counter) -> float:
    return sum(counter.drain().values())


async def test_each_failed_load_of_unreadable_state_is_counted(
    driver: LocalDriver, valkey: EmbeddedStore
) -> None:
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    with redis.Redis.from_url(valkey.url) as client:
        for field in client.hkeys(keys.entity(driver.table)):
            if field.startswith(b"s:"):
                client.hset(keys.entity(driver.table), field, b"no JSON")
    for times in (1, 2):
        assert await driver.request(driver.table, c.Occupy()) == UNAVAILABLE, times
    assert count(UNREADABLE) >= 2
    assert count(HANDLER_ERRORS) == 0, "another alert covers an unavailable store"


async def test_only_completed_sweeps_are_counted(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PERIOD_S", 0.01)
    swept = asyncio.Event()
    fails = True
    once = sweep.Sweep.once

    async def fail_once(self: sweep.Sweep) -> int:
        nonlocal fails
        if fails:
            fails = False
            assert count(SWEEPS) == 0
            raise RuntimeError("by the test")
        swept.set()
        return await once(self)

    monkeypatch.setattr(sweep.Sweep, "once", fail_once)
    sweeping = asyncio.create_task(sweep.Sweep(driver.hosts.store, driver.post, "test").run())
    await asyncio.wait_for(swept.wait(), 10)
    await eventually(lambda: count(SWEEPS))
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
