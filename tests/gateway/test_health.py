"""Whether a gateway is ready is for the store and the actors to say, and asked sparingly."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from gateway.health import ASKED_HOSTS, Health
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import StoreUnavailable
from tests.gateway.scripted_hosts import ScriptedHosts

ANYBODY: Any = SimpleNamespace()


class Chain:
    """A store of so many restaurants, which may be away."""

    def __init__(self, restaurants: int) -> None:
        self.ids = list(range(1, restaurants + 1))
        self.is_away = False
        self.checks = 0

    async def check(self) -> None:
        self.checks += 1
        if self.is_away:
            raise StoreUnavailable("away")

    async def restaurants(self) -> list[int]:
        return self.ids


def health(store: Any, hosts: ScriptedHosts, mode: Mode = Mode.SHARD) -> Health:
    return Health(store, hosts, Whereabouts(Placement(mode, shards=2)))


async def status(health: Health) -> int:
    return (await health.answer(ANYBODY)).status_code


@pytest.fixture(autouse=True)
def fresh_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is a look of its own, unless a test says otherwise."""
    monkeypatch.setattr("gateway.health.FRESH_S", -1.0)


async def test_a_gateway_without_its_store_is_not_ready_until_it_is_back() -> None:
    store = Chain(3)
    asked = health(store, ScriptedHosts())
    store.is_away = True
    assert await status(asked) == 503
    store.is_away = False
    assert await status(asked) == 200


async def test_a_gateway_whose_store_refuses_writes_is_not_ready(tmp_path: Path) -> None:
    server = EmbeddedStore(tmp_path)
    server.start()
    store = open_store(server.url, retention_s=1)
    asked = health(store, ScriptedHosts())
    try:
        with redis.Redis.from_url(server.url) as client:
            assert await status(asked) == 200
            client.config_set("maxmemory", 1)
            await store.ping()
            assert await status(asked) == 503
            client.config_set("maxmemory", 0)
            assert await status(asked) == 200
    finally:
        await store.close()
        server.stop()


async def test_one_actor_that_answers_is_enough_and_none_is_not() -> None:
    hosts = ScriptedHosts()
    asked = health(Chain(50), hosts)
    hosts.failures = 1
    assert await status(asked) == 200
    hosts.failures = 2
    assert await status(asked) == 503
    assert await status(asked) == 200


async def test_actors_that_stand_still_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.PATIENCE_S", 0.05)
    hosts = ScriptedHosts()
    hosts.gate.clear()
    assert await status(health(Chain(3), hosts)) == 503


async def test_a_chain_without_restaurants_needs_no_actor() -> None:
    hosts = ScriptedHosts()
    hosts.failures = 9
    assert await status(health(Chain(0), hosts)) == 200
    assert not hosts.batches


async def test_few_actors_are_asked_however_many_restaurants_there_are() -> None:
    hosts = ScriptedHosts()
    hosts.failures = 1000  # so that each of them is asked
    asked = health(Chain(500), hosts, Mode.RESTAURANT)
    for _ in range(3):
        assert await status(asked) == 503
    assert len(hosts.batches) == 3 * ASKED_HOSTS
    assert not any(hosts.batches), "an empty batch makes no turn"


async def test_many_who_ask_at_once_are_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.FRESH_S", 3600.0)
    store = Chain(3)
    asked = health(store, ScriptedHosts())
    assert set(await asyncio.gather(*(status(asked) for _ in range(100)))) == {200}
    store.is_away = True
    assert await status(asked) == 200, "what was seen a moment ago"
    assert store.checks == 1
