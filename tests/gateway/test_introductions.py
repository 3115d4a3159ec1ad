"""A gateway knows every shard before it needs it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from actors.messages import Message, Reply
from actors.placement import Mode, Placement
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from gateway.introductions import Introductions
from tests.gateway.scripted_hosts import ScriptedHosts


class CalledHosts(ScriptedHosts):
    """Notes whom it was asked for; who is `away` is not found, who is `stuck` does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[str] = []
        self.away: set[str] = set()
        self.stuck: set[str] = set()

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        assert batch == []
        if host in self.stuck:
            await asyncio.Event().wait()
        if host in self.away:
            raise HostGone(host)
        self.met.append(host)
        return []


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.introductions.PERIOD_S", 0.01)
    monkeypatch.setattr("gateway.introductions.PATIENCE_S", 0.1)


@asynccontextmanager
async def introducing(hosts: CalledHosts, whereabouts: Whereabouts) -> AsyncIterator[None]:
    task = asyncio.create_task(Introductions(hosts, whereabouts).run())
    async with asyncio.timeout(10):
        yield
    task.cancel()


async def until_met(hosts: CalledHosts, *wanted: str) -> None:
    while not set(wanted) <= set(hosts.met):
        await asyncio.sleep(0.01)


async def test_shards_are_met_at_once_and_new_ones_when_they_come() -> None:
    hosts, whereabouts = CalledHosts(), Whereabouts(Placement(Mode.SHARD, shards=2))
    async with introducing(hosts, whereabouts):
        await until_met(hosts, "shard:0", "shard:1")
        moved = replace(Placement(Mode.SHARD, shards=3).moved(0), generation=2)
        whereabouts.learn(moved)
        await until_met(hosts, "shard:0#1", "shard:2")
    assert sorted(hosts.met) == ["shard:0", "shard:0#1", "shard:1", "shard:2"], "each but once"


async def test_one_that_is_away_is_looked_for_again_and_keeps_nobody() -> None:
    hosts, whereabouts = CalledHosts(), Whereabouts(Placement(Mode.SHARD, shards=3))
    hosts.away, hosts.stuck = {"shard:0"}, {"shard:1"}
    async with introducing(hosts, whereabouts):
        await until_met(hosts, "shard:2")
        hosts.away, hosts.stuck = set(), set()
        await until_met(hosts, "shard:0", "shard:1")


async def test_they_are_met_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.introductions.AGAIN_S", 0.0)
    hosts, whereabouts = CalledHosts(), Whereabouts(Placement(Mode.SHARD, shards=1))
    async with introducing(hosts, whereabouts):
        while hosts.met.count("shard:0") < 3:
            await asyncio.sleep(0.01)


async def test_actors_of_their_own_are_left_alone() -> None:
    hosts = CalledHosts()
    async with introducing(hosts, Whereabouts(Placement(Mode.ENTITY))):
        await asyncio.sleep(0.1)
    assert hosts.met == []
