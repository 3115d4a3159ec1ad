"""Gauges of a gateway: queued messages, expected hosts, and the store."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.auth.jwks import MAX_STALE_S, Jwks
from gateway.backend import connectivity, gauges
from gateway.backend.gauges import Gauges
from gateway.backend.host_client import HostClient
from gateway.backend.message_queue import WINDOW
from gateway.metrics import (
    BACKED_UP_AT,
    CLOCK_OFFSET,
    CONNECTIONS,
    HOSTS_EXPECTED,
    HTTP_REQUESTS,
    MAX_CONNECTIONS,
    PARTITIONED,
    PROVIDER_KEYS,
    PROVIDER_RENEWED_AT,
    QUEUED_MESSAGES,
    STORE_MEMORY_USED,
)
from gateway.settings import GatewaySettings, Limits
from protocol.ids import Channel
from scripts.backup import save
from service_settings import Settings
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store
from tests.eventually import eventually
from tests.gateway.conftest import Gateway, serving
from tests.gateway.provider import jwk, rsa_key
from tests.gateway.scripted_hosts import ScriptedHosts
from tests.gateway.test_host_client import echo, read
from tests.gateway.test_jwks import document
from tests.local_hosts import LocalHosts

NEVER = "the value was never measured"


@pytest.fixture
def hosts() -> ScriptedHosts:
    return ScriptedHosts(echo)


@pytest.fixture
async def client(hosts: ScriptedHosts) -> AsyncIterator[HostClient]:
    client = HostClient(hosts, PlacementWatcher(Placement(Mode.SHARD, shards=1)))
    yield client
    hosts.gate.set()
    client.close()


async def test_queued_messages_are_measured_by_host_until_they_are_delivered(
    hosts: ScriptedHosts, client: HostClient, store: Store
) -> None:
    measured = Gauges(client, PlacementWatcher(Placement(Mode.SHARD, shards=1)), store, Limits())
    hosts.gate.clear()
    replies = [client.send(read(number)) for number in range(1, 1001)]
    await eventually(lambda: hosts.batches)
    measured.measure()
    assert QUEUED_MESSAGES.values == {"shard:0": 1000 - WINDOW}
    hosts.gate.set()
    await asyncio.gather(*replies)
    measured.measure()
    assert QUEUED_MESSAGES.values == {}


async def test_each_current_shard_is_expected_and_no_removed_one(
    client: HostClient, store: Store
) -> None:
    watcher = PlacementWatcher(Placement(Mode.SHARD, shards=3).moved(1))
    measured = Gauges(client, watcher, store, Limits())
    measured.measure()
    assert HOSTS_EXPECTED.values == {"shard:0": 1, "shard:1#1": 1, "shard:2": 1}
    watcher.update(Placement(Mode.SHARD, shards=1, generation=1))
    measured.measure()
    assert HOSTS_EXPECTED.values == {"shard:0": 1}


async def test_no_host_is_expected_if_each_entity_has_its_own(
    client: HostClient, store: Store
) -> None:
    Gauges(client, PlacementWatcher(Placement(Mode.ENTITY)), store, Limits()).measure()
    assert HOSTS_EXPECTED.values == {}


async def test_the_connection_limit_is_exported_after_it_changes_at_run_time(
    client: HostClient, store: Store
) -> None:
    limits = Limits(max_connections=500)
    measured = Gauges(client, PlacementWatcher(Placement()), store, limits)
    measured.measure()
    assert MAX_CONNECTIONS.values == {"": 500}
    limits.max_connections = 900
    measured.measure()
    assert MAX_CONNECTIONS.values == {"": 900}


async def test_a_gateway_exports_zero_connections_before_the_first_one(
    client: HostClient, store: Store
) -> None:
    CONNECTIONS.replace({})
    running = asyncio.create_task(
        Gauges(client, PlacementWatcher(Placement()), store, Limits()).run()
    )
    await eventually(lambda: CONNECTIONS.values)
    running.cancel()
    assert CONNECTIONS.values == {channel.value: 0 for channel in Channel}


async def test_the_gauges_of_the_store_include_its_last_backup(
    client: HostClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "PERIOD_S", 0.01)
    server = EmbeddedStore(tmp_path / "data")
    server.start()
    store = open_store(server.url, retention_s=1)
    running = asyncio.create_task(
        Gauges(client, PlacementWatcher(Placement()), store, Limits()).run()
    )
    try:
        with redis.Redis.from_url(server.url) as commands:
            commands.config_set("maxmemory", 2 * commands.info("memory")["used_memory"])
        settings = Settings(data_dir=tmp_path / "data")
        await asyncio.to_thread(save, settings, tmp_path / "backup")
        await eventually(lambda: time.time() - BACKED_UP_AT.values.get("", 0) <= 60)
        assert 0.1 < STORE_MEMORY_USED.values[""] < 1
        assert abs(CLOCK_OFFSET.values[""]) < 60
    finally:
        running.cancel()
        await store.close()
        server.stop()


async def test_a_gateway_exports_whether_it_is_partitioned(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "PERIOD_S", 0.01)
    reached = True

    async def can_reach_any(self: connectivity.PartitionDetector) -> bool:
        return reached

    monkeypatch.setattr(connectivity.PartitionDetector, "_can_reach_any", can_reach_any)
    detecting = asyncio.create_task(
        connectivity.PartitionDetector(store, PlacementWatcher(Placement())).run(lambda: None)
    )
    await eventually(lambda: PARTITIONED.values.get("") == 0)
    reached = False
    await eventually(lambda: PARTITIONED.values.get("") == 1)
    reached = True
    await eventually(lambda: PARTITIONED.values.get("") == 0)
    detecting.cancel()


async def test_the_age_and_number_of_the_providers_keys_are_exported() -> None:
    now, answers = [1000.0], True

    async def fetch() -> bytes:
        if not answers:
            raise OSError("unreachable")
        return document(jwk("a", rsa_key("a")))

    keys = Jwks(fetch, clock=lambda: now[0])
    assert PROVIDER_KEYS.values == {"": 0}, NEVER
    PROVIDER_RENEWED_AT.set(0)
    await keys.refresh()
    assert PROVIDER_KEYS.values == {"": 1}
    assert time.time() - PROVIDER_RENEWED_AT.values[""] < 60
    answers = False
    PROVIDER_RENEWED_AT.set(0)
    await keys.refresh()
    assert PROVIDER_RENEWED_AT.values == {"": 0}, "the gauge was not updated"
    now[0] += MAX_STALE_S + 1
    assert keys.version
    assert PROVIDER_KEYS.values == {"": 0}


async def test_a_request_that_fails_unexpectedly_is_counted_as_503(
    store: Store, settings: GatewaySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> list[int]:
        raise RuntimeError("by the test")

    own = LocalHosts(store, Placement(Mode.SHARD))
    async with serving(own, store, settings) as gateway:
        monkeypatch.setattr(store, "restaurants", broken)
        HTTP_REQUESTS.drain()
        assert (await _restaurants(gateway)) == 503
        assert HTTP_REQUESTS.drain() == {"503": 1}


async def _restaurants(gateway: Gateway) -> int:
    return (await gateway.http.get("/api/restaurants")).status_code
