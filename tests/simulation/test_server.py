"""The simulated server and a real one do and answer the same, whatever they are asked."""

from collections.abc import AsyncIterator, Callable, Iterator
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
import redis

from protocol.ids import CHANNELS, Address, Kind, Topic
from storage.commit import Limits, Ring
from storage.connect import connect
from storage.embedded import EmbeddedStore
from storage.redis_store import RedisStore
from storage.store import EntityCommit, Store
from tests.simulation.client import Client, Way
from tests.simulation.server import Server
from tests.storage.commits import commit_of

LIMITS = Limits(
    3600, journal=Ring(4, 60), menu_journal=Ring(1, 60), history=Ring(5, 60),
    lasting_history=Ring(12, 120), unread_history=Ring(4, 60), audit=Ring(4, 40),
)  # fmt: skip
STEPS = 120
NOW_S = 1_700_000_000.0
KEPT_S = 5.0
"""How far apart the two clocks may be, where what is left of a key's time is compared."""


class Straight(Way):
    """A way without a network."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def trip(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        return [self._server.run(*command) for command in commands]


class Both:
    """Two stores that are asked the same; their answers must be equal."""

    def __init__(self, simulated: Store, real: Store, chance: Random) -> None:
        self._stores = (simulated, real)
        self._chance = chance

    async def ask(self, name: str, *args: Any, **how: Any) -> Any:
        state, answers = self._chance.getstate(), []
        for store in self._stores:
            self._chance.setstate(state)  # both draw the same owners
            answers.append(await getattr(store, name)(*args, **how))
        assert answers[0] == answers[1], name
        return answers[0]


@pytest.fixture
def client(valkey: EmbeddedStore) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.script_flush()
        yield client


@pytest.fixture
async def real(valkey: EmbeddedStore, client: redis.Redis) -> AsyncIterator[Store]:
    store = RedisStore(connect(valkey.url, 5.0), LIMITS)
    yield store
    await store.close()


@pytest.mark.parametrize("seed", range(12))
async def test_both_servers_answer_and_keep_the_same(
    real: Store, client: redis.Redis, seed: int
) -> None:
    chance = Random(seed)
    server = Server(lambda: NOW_S)
    server.life = life_of(client)

    def fail_over() -> None:
        client.replicaof("127.0.0.1", "1")
        client.replicaof("NO", "ONE")
        server.life = life_of(client)

    both = Both(RedisStore(Client(Straight(server)), LIMITS), real, chance)
    with (
        patch("storage.redis_store.new_owner", lambda: chance.getrandbits(62)),
        patch("storage.redis_store.new_epoch", lambda: f"{chance.getrandbits(48):x}"),
    ):
        script = Script(chance, both, fail_over)
        for _ in range(STEPS):
            await script.step()
    assert contents(server) == dumped(client)
    left = {key.decode(): client.ttl(key) for key in client.scan_iter()}
    for key, seconds in server.names().items():
        assert left[key] == pytest.approx(seconds, abs=KEPT_S), key


async def test_forgotten_scripts_are_sent_whole(real: Store, client: redis.Redis) -> None:
    server = Server(lambda: NOW_S)
    both = Both(RedisStore(Client(Straight(server)), LIMITS), real, Random(1))
    for _ in range(3):
        await both.ask("lease", "sweep", "g1", 10.0)
        server.forget_scripts()
        client.script_flush()


def life_of(client: redis.Redis) -> bytes:
    about: Any = client.info("replication")
    return str(about["master_replid"]).encode()


def contents(server: Server) -> dict[str, Any]:
    return {key: _plain(server.look(key)) for key in server.names()}


def dumped(client: redis.Redis) -> dict[str, Any]:
    found: dict[str, Any] = {}
    ways: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: dict(client.zrange(key, 0, -1, withscores=True)),  # type: ignore[arg-type]
    }
    for key in client.scan_iter():
        kind: Any = client.type(key)
        found[key.decode()] = _plain(ways[kind](key))
    return found


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


class Script:
    """Random calls, some of a host that knows where things stand and some of one that does not."""

    def __init__(self, chance: Random, both: Both, fail_over: Callable[[], None]) -> None:
        self._chance = chance
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
        if self._chance.random() < 0.05:
            self._fail_over()
        await self._chance.choice(self._calls)()

    def _some(self) -> list[Address]:
        return self._chance.sample(self._addresses, self._chance.randint(1, 3))

    async def _claim(self) -> None:
        wanted = self._some()
        for address, loaded in zip(wanted, await self._both.ask("claim", wanted), strict=True):
            self._owners[address].append(loaded.owner)
            self._counts[address] = loaded.version

    async def _commit(self) -> None:
        commits = [self._change(address) for address in self._some()]
        fenced = await self._both.ask("commit", commits)
        for commit in commits:
            if commit.address.restaurant not in fenced:
                self._counts[commit.address] = commit.version
                self._owners[commit.address].append(commit.owner)

    def _change(self, address: Address) -> EntityCommit:
        chance = self._chance
        before = self._counts[address]
        version = before + chance.randint(0, 2)
        known = self._owners[address]
        unclaimed = chance.random() < 0.15
        owner = chance.getrandbits(62) if unclaimed else known[-1]
        if chance.random() < 0.1:
            owner = chance.choice(known)
        channel = CHANNELS[address.kind][0].value
        frames = [
            b'{"at":"2023-11-14T%02d:00:00Z","seq":%d}' % (number % 24, number)
            for number in range(before + 1, version + 1)
        ]
        entry = chance.choice(("e:1", "e:2", "t:call"))
        settled = chance.random() < 0.2
        return commit_of(
            address, owner, version, unclaimed=unclaimed, stored_version=before,
            state={"a": chance.choice((b"1", b"2", None)), "b/x": chance.choice((b"[]", None))},
            journal={channel: frames} if frames else {},
            seqs={channel: version} if frames else {},
            history=frames, events=version, audit=frames, audits=version,
            results=chance.choices((b"1", b"2", b"3"), k=chance.randint(0, 3)),
            dropped_results=chance.choices((b"1", b"2", b"3"), k=chance.randint(0, 2)),
            outbox={entry: b'"out"'} if chance.random() < 0.5 else {},
            cleared=["e:1"] if chance.random() < 0.3 else [],
            seen={"order:9": chance.choice((version, None))} if chance.random() < 0.3 else {},
            due=chance.choice((None, 10.5, 20.25)), last_effect=version,
            settled=settled, was_settled=chance.random() < 0.2, brief=chance.random() < 0.5,
            now=NOW_S - 7200 * chance.randint(0, 9),
        )  # fmt: skip

    async def _clear(self) -> None:
        entries = [
            (address, self._chance.sample(["e:1", "e:2", "t:call"], 2), self._due())
            for address in self._some()
        ]
        await self._both.ask("clear", entries)

    def _due(self) -> float | None:
        return self._chance.choice((None, 15.0, 30.125))

    async def _journal(self) -> None:
        reads = []
        for address in self._some():
            last = self._counts[address]
            since = self._chance.randint(0, last + 1)
            topic = Topic(address, CHANNELS[address.kind][0])
            reads.append((topic, since, self._chance.randint(since, last + 2)))
        await self._both.ask("journal", reads)

    async def _history(self) -> None:
        before = self._chance.choice((None, 1, 3, 100))
        limit = self._chance.randint(1, 9)
        ring = self._chance.choice(("history", "audit"))
        await self._both.ask(ring, self._some()[0], limit=limit, before=before)

    async def _directory(self) -> None:
        kinds = self._chance.sample(list(Kind), 2)
        new = await self._both.ask("reserve", {kind: self._chance.randint(1, 9) for kind in kinds})
        addresses = [Address(kind, id_, 1) for kind, ids in new.items() for id_ in ids]
        await self._both.ask("register", addresses)
        wanted = [(kind, self._chance.randint(1, 30)) for kind in Kind]
        await self._both.ask("restaurant_of", wanted)
        await self._both.ask("restaurants")
        await self._both.ask("named_id", "admin", self._chance.choice("ab"), 5)

    async def _sweep(self) -> None:
        before = self._chance.choice((5.0, 10.5, 20.0, 100.0))
        await self._both.ask("overdue", [1, 2], before, self._chance.randint(1, 4))
        await self._both.ask("lease", "sweep", self._chance.choice(("g1", "g2")), 1000.0)
        await self._both.ask("ping")

    async def _codes(self) -> None:
        code = self._chance.choice(("AAAAAA", "BBBBBB"))
        await self._both.ask("reserve_code", code, self._some()[0])
        await self._both.ask("session_of_code", code)
