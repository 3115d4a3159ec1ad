"""The simulated server and a real one store the same data and return the same replies."""

from collections.abc import AsyncIterator, Callable, Iterator
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
import redis

from protocol.ids import CHANNELS, Address, Kind, Topic
from storage.commands import commands_to
from storage.commit import Limits, Ring
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore
from storage.store import EntityCommit, Store
from tests.simulation.server import Server
from tests.simulation.store_client import SimStoreClient, StoreLink
from tests.storage.commits import commit_of

LIMITS = Limits(
    3600, journal=Ring(4, 60), menu_journal=Ring(1, 60), history=Ring(5, 60),
    lasting_history=Ring(12, 120), unread_history=Ring(4, 60), audit=Ring(4, 40),
)  # fmt: skip
STEPS = 120
NOW_S = 1_700_000_000.0
TTL_TOLERANCE_S = 5.0
"""Allowed difference of a key's remaining time to live."""


class DirectLink(StoreLink):
    """A link without a network."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def round_trip(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        return [self._server.run(*command) for command in commands]


class StorePair:
    """Two stores that get the same calls and must return equal results."""

    def __init__(self, simulated: Store, real: Store, rng: Random) -> None:
        self._stores = (simulated, real)
        self._rng = rng

    async def call(self, name: str, *args: Any, **how: Any) -> Any:
        state, results = self._rng.getstate(), []
        for store in self._stores:
            self._rng.setstate(state)  # both draw the same fencing tokens
            results.append(await getattr(store, name)(*args, **how))
        assert results[0] == results[1], name
        return results[0]


@pytest.fixture
def client(valkey: EmbeddedStore) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.script_flush()
        yield client


@pytest.fixture
async def real(valkey: EmbeddedStore, client: redis.Redis) -> AsyncIterator[Store]:
    store = RedisStore(commands_to(valkey.url, 5.0), LIMITS)
    yield store
    await store.close()


@pytest.mark.parametrize("seed", range(12))
async def test_simulated_and_real_server_reply_and_store_the_same(
    real: Store, client: redis.Redis, seed: int
) -> None:
    rng = Random(seed)
    server = Server(lambda: NOW_S)
    server.replication_id = replication_id_of(client)

    def fail_over() -> None:
        client.replicaof("127.0.0.1", "1")
        client.replicaof("NO", "ONE")
        server.replication_id = replication_id_of(client)

    both = StorePair(RedisStore(SimStoreClient(DirectLink(server)), LIMITS), real, rng)
    with (
        patch("storage.entities.new_fencing_token", lambda: rng.getrandbits(62)),
        patch("storage.entities.new_epoch", lambda: f"{rng.getrandbits(48):x}"),
    ):
        calls = RandomCalls(rng, both, fail_over)
        for _ in range(STEPS):
            await calls.step()
    assert contents(server) == dump_of(client)
    remaining = {key.decode(): client.ttl(key) for key in client.scan_iter()}
    for key, seconds in server.names().items():
        assert remaining[key] == pytest.approx(seconds, abs=TTL_TOLERANCE_S), key


async def test_store_resends_scripts_the_server_forgot(real: Store, client: redis.Redis) -> None:
    server = Server(lambda: NOW_S)
    both = StorePair(RedisStore(SimStoreClient(DirectLink(server)), LIMITS), real, Random(1))
    for _ in range(3):
        assert await both.call("lease", "sweep", "g1", 10.0)
        server.forget_scripts()
        client.script_flush()


def replication_id_of(client: redis.Redis) -> bytes:
    replication: Any = client.info("replication")
    return str(replication["master_replid"]).encode()


def contents(server: Server) -> dict[str, Any]:
    return {key: _plain(server.value_of(key)) for key in server.names()}


def dump_of(client: redis.Redis) -> dict[str, Any]:
    found: dict[str, Any] = {}
    readers: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: dict(client.zrange(key, 0, -1, withscores=True)),  # type: ignore[arg-type]
    }
    for key in client.scan_iter():
        kind: Any = client.type(key)
        found[key.decode()] = _plain(readers[kind](key))
    return found


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


class RandomCalls:
    """Random calls of a host with current state, and of one with outdated state."""

    def __init__(self, rng: Random, both: StorePair, fail_over: Callable[[], None]) -> None:
        self._rng = rng
        self._both = both
        self._fail_over = fail_over
        self._addresses = [
            Address(kind, id_, restaurant)
            for restaurant in (1, 2)
            for kind, id_ in (
                (Kind.ORDER, 5),
                (Kind.ORDER, 6),
                (Kind.SESSION, 7),
                (Kind.TABLE, 8),
                (Kind.WAITER, 9),
            )
        ]
        self._owners: dict[Address, list[int]] = {each: [1] for each in self._addresses}
        self._counts: dict[Address, int] = dict.fromkeys(self._addresses, 0)
        self._calls = (
            self._claim, self._commit, self._commit, self._commit, self._clear, self._journal,
            self._history, self._directory, self._sweep, self._codes,
        )  # fmt: skip

    async def step(self) -> None:
        if self._rng.random() < 0.05:
            self._fail_over()
        await self._rng.choice(self._calls)()

    def _some(self) -> list[Address]:
        return self._rng.sample(self._addresses, self._rng.randint(1, 3))

    async def _claim(self) -> None:
        wanted = self._some()
        for address, loaded in zip(wanted, await self._both.call("claim", wanted), strict=True):
            self._owners[address].append(loaded.fencing_token)
            self._counts[address] = loaded.version

    async def _commit(self) -> None:
        commits = [self._change(address) for address in self._some()]
        fenced = await self._both.call("commit", commits)
        for commit in commits:
            if commit.address.restaurant not in fenced:
                self._counts[commit.address] = commit.version
                self._owners[commit.address].append(commit.fencing_token)

    def _change(self, address: Address) -> EntityCommit:
        rng = self._rng
        before = self._counts[address]
        version = before + rng.randint(0, 2)
        known = self._owners[address]
        unclaimed = rng.random() < 0.15
        owner = rng.getrandbits(62) if unclaimed else known[-1]
        if rng.random() < 0.1:
            owner = rng.choice(known)
        channel = CHANNELS[address.kind][0].value
        frames = [
            b'{"at":"2023-11-14T%02d:00:00Z","seq":%d}' % (number % 24, number)
            for number in range(before + 1, version + 1)
        ]
        entry = rng.choice(("e:1", "e:2", "t:call"))
        final = rng.random() < 0.2
        return commit_of(
            address, owner, version, unclaimed=unclaimed, stored_version=before,
            state={"a": rng.choice((b"1", b"2", None)), "b/x": rng.choice((b"[]", None))},
            journal={channel: frames} if frames else {},
            seqs={channel: version} if frames else {},
            history=frames, history_length=version, audit=frames, audit_length=version,
            results=rng.choices((b"1", b"2", b"3"), k=rng.randint(0, 3)),
            dropped_results=rng.choices((b"1", b"2", b"3"), k=rng.randint(0, 2)),
            outbox={entry: b'"out"'} if rng.random() < 0.5 else {},
            cleared=["e:1"] if rng.random() < 0.3 else [],
            seen={"order:9": rng.choice((version, None))} if rng.random() < 0.3 else {},
            due=rng.choice((None, 10.5, 20.25)), last_effect=version,
            is_final=final, was_final=rng.random() < 0.2, is_short_lived=rng.random() < 0.5,
            now=NOW_S - 7200 * rng.randint(0, 9),
        )  # fmt: skip

    async def _clear(self) -> None:
        entries = [
            (address, self._rng.sample(["e:1", "e:2", "t:call"], 2), self._due())
            for address in self._some()
        ]
        await self._both.call("acknowledge_outbox", entries)

    def _due(self) -> float | None:
        return self._rng.choice((None, 15.0, 30.125))

    async def _journal(self) -> None:
        reads = []
        for address in self._some():
            last = self._counts[address]
            since = self._rng.randint(0, last + 1)
            topic = Topic(address, CHANNELS[address.kind][0])
            reads.append((topic, since, self._rng.randint(since, last + 2)))
        await self._both.call("journal", reads)

    async def _history(self) -> None:
        before = self._rng.choice((None, 1, 3, 100))
        limit = self._rng.randint(1, 9)
        ring = self._rng.choice(("history", "audit"))
        await self._both.call(ring, self._some()[0], limit=limit, before=before)

    async def _directory(self) -> None:
        kinds = self._rng.sample(list(Kind), 2)
        new = await self._both.call("reserve", {kind: self._rng.randint(1, 9) for kind in kinds})
        addresses = [Address(kind, id_, 1) for kind, ids in new.items() for id_ in ids]
        await self._both.call("register", addresses)
        wanted = [(kind, self._rng.randint(1, 30)) for kind in Kind]
        await self._both.call("restaurant_of", wanted)
        await self._both.call("restaurants")
        await self._both.call("idempotent_id", "admin", self._rng.choice("ab"), 5)

    async def _sweep(self) -> None:
        before = self._rng.choice((5.0, 10.5, 20.0, 100.0))
        await self._both.call("overdue", [1, 2], before, self._rng.randint(1, 4))
        await self._both.call("lease", "sweep", self._rng.choice(("g1", "g2")), 1000.0)
        await self._both.call("ping")

    async def _codes(self) -> None:
        code = self._rng.choice(("AAAAAA", "BBBBBB"))
        await self._both.call("reserve_code", code, self._some()[0])
        await self._both.call("session_of_code", code)
