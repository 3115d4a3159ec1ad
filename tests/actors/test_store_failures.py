"""Failed calls to the store are counted, and logged now and then."""

import logging
from pathlib import Path

import pytest
import redis

from actors import store_failures
from actors.cluster_config import StoreSettings
from engine.metrics import STORE_FAILURES
from storage.embedded import EmbeddedStore
from storage.failures import Cause
from storage.store import StoreUnavailable


async def test_calls_refused_by_a_full_store_are_counted_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    STORE_FAILURES.drain()
    store_failures._logged_at.clear()
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
    assert STORE_FAILURES.drain() == {Cause.OUT_OF_MEMORY.value: 5}
    [line] = [each for each in caplog.records if each.name == store_failures.__name__]
    assert line.__dict__["cause"] == "out_of_memory"
    assert "maxmemory" in line.__dict__["why"]
