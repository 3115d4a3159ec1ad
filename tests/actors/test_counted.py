"""What must not pass unnoticed is counted: unreadable state, failed calls to the store, sweeps."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from actors import store_failures, sweep
from actors.announced import StoreSettings
from actors.meters import Counter
from actors.metrics import RULES_FAILED, STORE_FAILURES, SWEEPS, UNREADABLE
from actors.whereabouts import Whereabouts
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from storage import keys
from storage.embedded import EmbeddedStore
from storage.failures import Cause
from storage.store import StoreUnavailable
from tests.actors.chain import LocalChain

COUNTERS = (UNREADABLE, RULES_FAILED, STORE_FAILURES, SWEEPS)


@pytest.fixture(autouse=True)
def counted_from_here() -> None:
    for counter in COUNTERS:
        counter.take()
    store_failures._logged_at.clear()


def count(counter: Counter) -> float:
    return sum(counter.take().values())


async def test_each_failed_load_of_unreadable_state_is_counted(
    chain: LocalChain, valkey: EmbeddedStore
) -> None:
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    with redis.Redis.from_url(valkey.url) as client:
        for field in client.hkeys(keys.entity(chain.table)):
            if field.startswith(b"s:"):
                client.hset(keys.entity(chain.table), field, b"no JSON")
    for times in (1, 2):
        assert await chain.ask(chain.table, c.Occupy()) == UNAVAILABLE, times
    assert count(UNREADABLE) >= 2
    assert count(RULES_FAILED) == 0, "that is another alert"


async def test_calls_refused_by_a_full_store_are_counted_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = EmbeddedStore(tmp_path)
    server.start()
    store = StoreSettings(server.url).open()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("maxmemory", 1)
        with caplog.at_level(logging.WARNING):
            for _ in range(5):
                with pytest.raises(StoreUnavailable):
                    await store.check()
    finally:
        await store.close()
        server.stop()
    assert STORE_FAILURES.take() == {Cause.OUT_OF_MEMORY.value: 5}
    [line] = [each for each in caplog.records if each.name == store_failures.__name__]
    assert line.__dict__["cause"] == "out_of_memory"
    assert "maxmemory" in line.__dict__["why"]


async def test_only_completed_sweeps_are_counted(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PERIOD_S", 0.01)
    swept = asyncio.Event()
    fails = True
    once = sweep.Sweep.once

    async def sometimes(self: sweep.Sweep) -> int:
        nonlocal fails
        if fails:
            fails = False
            assert count(SWEEPS) == 0
            raise RuntimeError("by the test")
        swept.set()
        return await once(self)

    monkeypatch.setattr(sweep.Sweep, "once", sometimes)
    hosts = chain.hosts
    sweeping = asyncio.create_task(
        sweep.Sweep(hosts.store, hosts, Whereabouts(hosts.placement), "test").run()
    )
    await asyncio.wait_for(swept.wait(), 10)
    async with asyncio.timeout(10):
        while not count(SWEEPS):
            await asyncio.sleep(0.01)
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
