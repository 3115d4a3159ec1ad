"""What a gateway measures: what waits for hosts, which hosts there must be, how the store is."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from gateway import gauges, isolation
from gateway.gauges import Gauges
from gateway.jwks import KEPT_S, Jwks
from gateway.links import MAX_BATCH, Links
from gateway.metrics import (
    BACKED_UP_AT,
    CLOCK_OFFSET,
    CONNECTIONS,
    CUT_OFF,
    HOSTS_EXPECTED,
    HTTP,
    MAX_CONNECTIONS,
    PROVIDER_KEYS,
    PROVIDER_RENEWED_AT,
    STORE_MEMORY_USED,
    WAITING,
)
from gateway.settings import GatewaySettings, Limits
from protocol.ids import Channel
from scripts.backup import save
from serve_app import Settings
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.gateway.conftest import Gateway, serving
from tests.gateway.provider import jwk, rsa_key
from tests.gateway.scripted_hosts import ScriptedHosts
from tests.gateway.test_jwks import document
from tests.gateway.test_links import echo, read
from tests.local_hosts import LocalHosts

NEVER = "the value was never measured"


@pytest.fixture
def hosts() -> ScriptedHosts:
    return ScriptedHosts(echo)


@pytest.fixture
async def links(hosts: ScriptedHosts) -> AsyncIterator[Links]:
    links = Links(hosts, Whereabouts(Placement(Mode.SHARD, shards=1)), "g1")
    yield links
    hosts.gate.set()
    await links.close()


async def test_queued_messages_are_measured_by_host_and_drop_to_none_when_delivered(
    hosts: ScriptedHosts, links: Links, store: Store
) -> None:
    measured = Gauges(links, Whereabouts(Placement(Mode.SHARD, shards=1)), store, Limits())
    hosts.gate.clear()
    replies = [links.send(read(number)) for number in range(1, 1001)]
    async with asyncio.timeout(5):
        while not hosts.batches:
            await asyncio.sleep(0)
    measured.measure()
    assert WAITING.values == {"shard:0": 1000 - MAX_BATCH}
    hosts.gate.set()
    await asyncio.gather(*replies)
    measured.measure()
    assert WAITING.values == {}


async def test_each_current_shard_is_expected_and_no_removed_one(
    links: Links, store: Store
) -> None:
    whereabouts = Whereabouts(Placement(Mode.SHARD, shards=3).moved(1))
    measured = Gauges(links, whereabouts, store, Limits())
    measured.measure()
    assert HOSTS_EXPECTED.values == {"shard:0": 1, "shard:1#1": 1, "shard:2": 1}
    whereabouts.learn(Placement(Mode.SHARD, shards=1, generation=1))
    measured.measure()
    assert HOSTS_EXPECTED.values == {"shard:0": 1}


async def test_no_host_is_expected_if_each_entity_has_its_own(links: Links, store: Store) -> None:
    Gauges(links, Whereabouts(Placement(Mode.ENTITY)), store, Limits()).measure()
    assert HOSTS_EXPECTED.values == {}


async def test_the_connection_limit_is_exported_after_it_changes_at_run_time(
    links: Links, store: Store
) -> None:
    limits = Limits(max_connections=500)
    measured = Gauges(links, Whereabouts(Placement()), store, limits)
    measured.measure()
    assert MAX_CONNECTIONS.values == {"": 500}
    limits.max_connections = 900
    measured.measure()
    assert MAX_CONNECTIONS.values == {"": 900}


async def test_a_gateway_exports_zero_connections_before_the_first_one(
    links: Links, store: Store
) -> None:
    CONNECTIONS.replace({})
    running = asyncio.create_task(Gauges(links, Whereabouts(Placement()), store, Limits()).run())
    async with asyncio.timeout(5):
        while not CONNECTIONS.values:
            await asyncio.sleep(0)
    running.cancel()
    assert CONNECTIONS.values == {channel.value: 0 for channel in Channel}


async def test_the_gauges_of_the_store_include_its_last_backup(
    links: Links, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "PERIOD_S", 0.01)
    server = EmbeddedStore(tmp_path / "data")
    server.start()
    store = open_store(server.url, retention_s=1)
    running = asyncio.create_task(Gauges(links, Whereabouts(Placement()), store, Limits()).run())
    try:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("maxmemory", 2 * client.info("memory")["used_memory"])
        settings = Settings(data_dir=tmp_path / "data")
        await asyncio.to_thread(save, settings, tmp_path / "backup")
        async with asyncio.timeout(10):
            while time.time() - BACKED_UP_AT.values.get("", 0) > 60:
                await asyncio.sleep(0.01)
        assert 0.1 < STORE_MEMORY_USED.values[""] < 1
        assert abs(CLOCK_OFFSET.values[""]) < 60
    finally:
        running.cancel()
        await store.close()
        server.stop()


async def test_a_gateway_exports_whether_it_is_cut_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "PERIOD_S", 0.01)
    reached = True

    async def reaches_anybody(self: isolation.Isolation) -> bool:
        return reached

    monkeypatch.setattr(isolation.Isolation, "_reaches_anybody", reaches_anybody)
    looking = asyncio.create_task(
        isolation.Isolation(store, Whereabouts(Placement())).run(lambda: None)
    )
    for reached in (True, False, True):  # read by the function above
        async with asyncio.timeout(5):
            while CUT_OFF.values.get("") != (not reached):
                await asyncio.sleep(0.01)
    looking.cancel()


async def test_the_age_and_number_of_the_providers_keys_are_exported() -> None:
    now, answers = [1000.0], True

    async def fetch() -> bytes:
        if not answers:
            raise OSError("away")
        return document(jwk("a", rsa_key("a")))

    keys = Jwks(fetch, clock=lambda: now[0])
    assert PROVIDER_KEYS.values == {"": 0}, NEVER
    PROVIDER_RENEWED_AT.set(0)
    await keys.renew()
    assert PROVIDER_KEYS.values == {"": 1}
    assert time.time() - PROVIDER_RENEWED_AT.values[""] < 60
    answers = False
    PROVIDER_RENEWED_AT.set(0)
    await keys.renew()
    assert PROVIDER_RENEWED_AT.values == {"": 0}, "it was not renewed"
    now[0] += KEPT_S + 1
    assert keys.version
    assert PROVIDER_KEYS.values == {"": 0}


async def test_an_answer_that_failed_unexpectedly_is_counted(
    store: Store, settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> list[int]:
        raise RuntimeError("by the test")

    own = LocalHosts(store, Placement(Mode.SHARD))
    async with serving(own, store, settings) as gateway:
        monkeypatch.setattr(store, "restaurants", broken)
        HTTP.take()
        assert (await _restaurants(gateway)) == 503
        assert HTTP.take() == {"503": 1}


async def _restaurants(gateway: Gateway) -> int:
    return (await gateway.http.get("/api/restaurants")).status_code
