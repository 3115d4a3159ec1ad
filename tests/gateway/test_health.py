"""Readiness of a gateway, by few and cached checks of the store and of actors."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.http.health import MAX_HOSTS, Health
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable
from tests.gateway.conftest import Gateway
from tests.gateway.scripted_hosts import ScriptedHosts

ANY_REQUEST: Any = SimpleNamespace()


class DirectoryStore:
    """A store with a directory of restaurants, which may be unavailable."""

    def __init__(self, restaurants: int) -> None:
        self.ids = list(range(1, restaurants + 1))
        self.is_down = False
        self.checks = 0

    async def check(self) -> None:
        self.checks += 1
        if self.is_down:
            raise StoreUnavailable("unavailable")

    async def restaurants(self) -> list[int]:
        return self.ids


def health(store: Any, hosts: ScriptedHosts, mode: Mode = Mode.SHARD) -> Health:
    watcher = PlacementWatcher(Placement(mode, shards=2))
    return Health(store, HostClient(hosts, watcher), watcher)


async def status(health: Health) -> int:
    return (await health.answer(ANY_REQUEST)).status_code


@pytest.fixture(autouse=True)
def without_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check at each probe, unless a test sets a cache time."""
    monkeypatch.setattr("gateway.http.health.CACHE_S", -1.0)


async def test_a_gateway_without_its_store_is_not_ready_until_it_is_back() -> None:
    store = DirectoryStore(3)
    probe = health(store, ScriptedHosts())
    store.is_down = True
    assert await status(probe) == 503
    store.is_down = False
    assert await status(probe) == 200


async def test_a_gateway_whose_store_refuses_writes_is_not_ready(tmp_path: Path) -> None:
    server = EmbeddedStore(tmp_path)
    server.start()
    store = open_store(server.url, retention_s=1)
    probe = health(store, ScriptedHosts())
    try:
        with redis.Redis.from_url(server.url) as client:
            assert await status(probe) == 200
            client.config_set("maxmemory", 1)
            await store.ping()
            assert await status(probe) == 503
            client.config_set("maxmemory", 0)
            assert await status(probe) == 200
    finally:
        await store.close()
        server.stop()


async def test_a_gateway_is_healthy_if_any_actor_replies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.http.health.HOST_TIMEOUT_S", 0.05)
    monkeypatch.setattr("gateway.backend.host_link.INITIAL_BACKOFF_S", 10.0)
    hosts = ScriptedHosts()
    hosts.refusals = 1
    assert await status(health(DirectoryStore(50), hosts)) == 200
    hosts.refusals = 2
    assert await status(health(DirectoryStore(50), hosts)) == 503
    assert await status(health(DirectoryStore(50), hosts)) == 200


async def test_a_chain_without_restaurants_needs_no_actor() -> None:
    hosts = ScriptedHosts()
    hosts.refusals = 9
    assert await status(health(DirectoryStore(0), hosts)) == 200
    assert not hosts.connected


async def test_probe_contacts_a_bounded_number_of_actors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.http.health.HOST_TIMEOUT_S", 0.05)
    hosts = ScriptedHosts()
    hosts.refusals = 1000  # makes the probe try every actor
    probe = health(DirectoryStore(500), hosts, Mode.RESTAURANT)
    for _ in range(3):
        assert await status(probe) == 503
    assert len(set(hosts.connected)) == MAX_HOSTS
    assert not hosts.batches, "a probe sends no message"


async def test_concurrent_probes_share_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.http.health.CACHE_S", 3600.0)
    store = DirectoryStore(3)
    probe = health(store, ScriptedHosts())
    assert set(await asyncio.gather(*(status(probe) for _ in range(100)))) == {200}
    store.is_down = True
    assert await status(probe) == 200, "the result is cached"
    assert store.checks == 1


async def test_a_probe_without_a_host_header_gets_200(gateway: Gateway) -> None:
    """Load balancers send probes in HTTP/1.0."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET /-/healthz HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(5):
        response = await reader.read()
    assert response.startswith(b"HTTP/1.1 200 ")
    assert response.endswith(b"success")
    writer.close()
