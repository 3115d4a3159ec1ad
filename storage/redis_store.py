"""The store on Redis or Valkey: one server, a Sentinel's master, or a cluster."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from hashlib import sha1
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from protocol.ids import Address, Kind, Topic
from storage import keys, scripts
from storage.store import EntityCommit, Loaded, Store, StoreUnavailable

P = ParamSpec("P")
R = TypeVar("R")

CLAIM_OF_NOTHING_S = 86_400
"""How long the claim of an entity that was never stored is remembered."""
NAMED_S = 86_400


def _guarded(call: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Every way in which a store can fail, as StoreUnavailable."""

    @wraps(call)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    return guarded


def open_store(
    url: str,
    *,
    retention_s: float,
    timeout_s: float = 2.0,
    journal_length: int = 1000,
    results_length: int = 1000,
    history_length: int = 10_000,
) -> Store:
    """The store at a URL: `redis://`, `rediss://`, `unix://`, `redis+sentinel://host:port,…/master/db`
    or `redis+cluster://host:port,…`. Connects when first used."""
    return RedisStore(
        connect(url, timeout_s), retention_s, journal_length, results_length, history_length
    )


def connect(url: str, timeout_s: float) -> Any:
    """An asyncio client that never repeats a command by itself: an unknown outcome must surface."""
    how: dict[str, Any] = {
        "protocol": 3,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    parts = urlsplit(url)
    who = {
        name: unquote(value)
        for name, value in (("username", parts.username), ("password", parts.password))
        if value
    }
    if parts.scheme == "redis+sentinel":
        master, _, db = parts.path.strip("/").partition("/")
        sentinel = Sentinel(_nodes(parts.netloc, 26379), **how)  # type: ignore[no-untyped-call]
        return sentinel.master_for(
            master or "mymaster", db=int(db or 0), retry=None, retry_on_error=[], **who, **how
        )
    if parts.scheme == "redis+cluster":
        nodes = [ClusterNode(host, port) for host, port in _nodes(parts.netloc, 6379)]
        return RedisCluster(startup_nodes=nodes, **who, **how)
    return Redis.from_url(url, retry=None, retry_on_error=[], **how)


def _nodes(netloc: str, port: int) -> list[tuple[str, int]]:
    hosts = netloc.rpartition("@")[2]
    parts = (host.partition(":") for host in hosts.split(","))
    return [(name, int(given or port)) for name, _, given in parts]


class RedisStore:
    """`Store` over a client. Lists are rings of the given lengths; times are seconds."""

    def __init__(
        self,
        client: Any,
        retention_s: float,
        journal_length: int,
        results_length: int,
        history_length: int,
    ) -> None:
        self._redis = client
        self._retention_s = int(retention_s)
        self._journal_length = journal_length
        self._results_length = results_length
        self._history_length = history_length

    # --- entities --------------------------------------------------------------------------------

    @_guarded
    async def claim(self, addresses: Sequence[Address]) -> list[Loaded]:
        calls = []
        for address in addresses:
            key = keys.entity(address)
            calls.append(([key, f"{key}:req", f"{key}:out"], [CLAIM_OF_NOTHING_S]))
        return [_loaded(*answer) for answer in await self._run(scripts.CLAIM, calls)]

    @_guarded
    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        by_restaurant: dict[int, list[EntityCommit]] = {}
        for commit in commits:
            by_restaurant.setdefault(commit.address.restaurant, []).append(commit)
        calls = [self._commit_call(group) for group in by_restaurant.values()]
        answers = await self._run(scripts.COMMIT, calls)
        return frozenset(
            restaurant
            for restaurant, fenced in zip(by_restaurant, answers, strict=True)
            if fenced
        )

    def _commit_call(self, group: list[EntityCommit]) -> tuple[list[str], list[Any]]:
        """Keys and arguments of the commit script for the entities of one restaurant."""
        script = _Operations([keys.entity(commit.address) for commit in group])
        arguments: list[Any] = [len(group), *(commit.owner for commit in group)]
        for commit in group:
            self._entity_operations(script, commit)
        return script.keys, arguments + script.arguments

    def _entity_operations(self, script: "_Operations", commit: EntityCommit) -> None:
        key = keys.entity(commit.address)
        written: list[Any] = ["effects", commit.last_effect]
        if commit.version:
            written += ["version", commit.version, "epoch", commit.epoch]
        deleted = []
        for name, value in commit.state.items():
            if value is None:
                deleted.append(f"s:{name}")
            else:
                written += [f"s:{name}", value]
        for channel, seq in commit.seqs.items():
            written += [f"seq:{channel}", seq]
        for source, number in commit.seen.items():
            written += [f"seen:{source}", number]
        script.add("HSET", key, *written)
        script.add_if(deleted, "HDEL", key)
        for channel, frames in commit.journal.items():
            script.push(f"{key}:j:{channel}", frames, self._journal_length)
        script.push(f"{key}:log", commit.history, self._history_length)
        script.push(f"{key}:req", commit.results, self._results_length)
        self._outbox_operations(script, commit, key)
        self._retention(script, commit, key)

    def _outbox_operations(self, script: "_Operations", commit: EntityCommit, key: str) -> None:
        if not commit.outbox and not commit.cleared:
            return
        entries = [part for entry in commit.outbox.items() for part in entry]
        script.add_if(entries, "HSET", f"{key}:out")
        script.add_if(commit.cleared, "HDEL", f"{key}:out")
        index = keys.due(commit.address.restaurant)
        if commit.due is None:
            script.add("ZREM", index, str(commit.address))
        else:
            script.add("ZADD", index, commit.due, str(commit.address))

    def _retention(self, script: "_Operations", commit: EntityCommit, key: str) -> None:
        """What is settled begins to expire, what has come to be no longer does; a refusal kept
        for an entity that does not exist goes with its claim."""
        channels = commit.seqs
        every = [key, f"{key}:log", f"{key}:req", *(f"{key}:j:{name}" for name in channels)]
        if not commit.version:
            for each in every:
                script.add("EXPIRE", each, CLAIM_OF_NOTHING_S)
        elif commit.settled:
            for each in every:
                script.add("EXPIRE", each, self._retention_s)
        elif commit.was_settled or commit.version <= 1:
            for each in every:
                script.add("PERSIST", each)

    @_guarded
    async def clear(
        self, entries: Sequence[tuple[Address, Sequence[str], float | None]]
    ) -> None:
        calls = [
            (
                [f"{keys.entity(source)}:out", keys.due(source.restaurant)],
                [str(source), "" if due is None else due, *names],
            )
            for source, names, due in entries
        ]
        await self._run(scripts.CLEAR, calls)

    @_guarded
    async def journal(
        self, reads: Sequence[tuple[Topic, int, int]]
    ) -> list[list[bytes] | None]:
        pipe = self._redis.pipeline(transaction=False)
        for topic, since, seq in reads:
            key = f"{keys.entity(topic.address)}:j:{topic.channel.value}"
            pipe.lrange(key, since - seq, -1)
        answers = await pipe.execute()
        return [
            frames if len(frames) == seq - since else None
            for (_, since, seq), frames in zip(reads, answers, strict=True)
        ]

    @_guarded
    async def history(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        key = f"{keys.entity(address)}:log"
        end = await self._redis.llen(key) if before is None else before
        start = max(0, end - limit)
        if end <= 0:
            return []
        return list(enumerate(await self._redis.lrange(key, start, end - 1), start))

    # --- directory -------------------------------------------------------------------------------

    @_guarded
    async def restaurant_of(self, wanted: Sequence[tuple[Kind, int]]) -> list[int | None]:
        pipe = self._redis.pipeline(transaction=False)
        for kind, id_ in wanted:
            pipe.hget(keys.directory(kind, id_), str(id_))
        return [None if answer is None else int(answer) for answer in await pipe.execute()]

    @_guarded
    async def restaurants(self) -> list[int]:
        last = int(await self._redis.get(keys.counter(Kind.RESTAURANT)) or 0)
        pipe = self._redis.pipeline(transaction=False)
        for first in range(0, last + 1, keys.BUCKET):
            pipe.hkeys(keys.directory(Kind.RESTAURANT, first))
        return sorted(int(id_) for bucket in await pipe.execute() for id_ in bucket)

    @_guarded
    async def reserve(self, count: Mapping[Kind, int]) -> dict[Kind, range]:
        pipe = self._redis.pipeline(transaction=False)
        for kind, wanted in count.items():
            pipe.incrby(keys.counter(kind), wanted)
        return {
            kind: range(last - wanted + 1, last + 1)
            for (kind, wanted), last in zip(count.items(), await pipe.execute(), strict=True)
        }

    @_guarded
    async def register(self, addresses: Sequence[Address]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for address in addresses:
            bucket = keys.directory(address.kind, address.id)
            pipe.hset(bucket, str(address.id), address.restaurant)
        await pipe.execute()

    @_guarded
    async def reserve_code(self, code: str, session: Address) -> bool:
        value = f"{session.id}:{session.restaurant}"
        taken = await self._redis.set(keys.code(code), value, nx=True, ex=2 * self._retention_s)
        return bool(taken)

    @_guarded
    async def session_of_code(self, code: str) -> Address | None:
        value = await self._redis.get(keys.code(code))
        if value is None:
            return None
        id_, restaurant = map(int, value.split(b":"))
        return Address(Kind.SESSION, id_, restaurant)

    @_guarded
    async def named_id(self, caller: str, key: str, id_: int) -> int:
        first = await self._redis.set(
            keys.named(caller, key), id_, nx=True, get=True, ex=NAMED_S
        )
        return id_ if first is None else int(first)

    # --- sweep -----------------------------------------------------------------------------------

    @_guarded
    async def overdue(
        self, restaurants: Sequence[int], before: float, limit: int
    ) -> list[Address]:
        pipe = self._redis.pipeline(transaction=False)
        for restaurant in restaurants:
            pipe.zrange(keys.due(restaurant), "-inf", before, byscore=True, offset=0, num=limit)
        found = []
        for restaurant, members in zip(restaurants, await pipe.execute(), strict=True):
            for member in members:
                kind, _, id_ = member.decode().partition(":")
                found.append(Address(Kind(kind), int(id_), restaurant))
        return found[:limit]

    @_guarded
    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        key = keys.lease(name)
        milliseconds = int(seconds * 1000)
        if await self._redis.set(key, holder, nx=True, px=milliseconds):
            return True
        if await self._redis.get(key) != holder.encode():
            return False
        await self._redis.pexpire(key, milliseconds)
        return True

    @_guarded
    async def ping(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    # --- scripts ---------------------------------------------------------------------------------

    async def _run(self, script: str, calls: Sequence[tuple[list[str], list[Any]]]) -> list[Any]:
        """One script many times in one round trip, by its hash; sent whole where it is unknown.

        A server that does not know the script has run none of the calls, so that repeating them is
        the only repetition there is. Any other error of any call is raised.
        """
        if not calls:
            return []
        digest = _digest(script)
        answers = await self._pipeline("EVALSHA", digest, calls)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            unknown = [isinstance(answer, NoScriptError) for answer in answers]
            again = [call for call, missing in zip(calls, unknown, strict=True) if missing]
            late = iter(await self._pipeline("EVAL", script, again))
            answers = [
                next(late) if missing else answer
                for answer, missing in zip(answers, unknown, strict=True)
            ]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _pipeline(
        self, command: str, script: str, calls: Sequence[tuple[list[str], list[Any]]]
    ) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for script_keys, arguments in calls:
            pipe.execute_command(command, script, len(script_keys), *script_keys, *arguments)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers


class _Operations:
    """The operations of a commit script, as its keys and arguments."""

    def __init__(self, entities: list[str]) -> None:
        self.keys = entities
        self.arguments: list[Any] = []
        self._index = {key: index for index, key in enumerate(entities, 1)}

    def add(self, name: str, key: str, *arguments: Any) -> None:
        index = self._index.get(key)
        if index is None:
            self.keys.append(key)
            index = self._index[key] = len(self.keys)
        self.arguments += (name, index, len(arguments), *arguments)

    def add_if(self, arguments: Sequence[Any], name: str, key: str) -> None:
        if arguments:
            self.add(name, key, *arguments)

    def push(self, key: str, entries: Sequence[bytes], length: int) -> None:
        """Append to a list that keeps its last `length` entries."""
        if entries:
            self.add("RPUSH", key, *entries)
            self.add("LTRIM", key, -length, -1)


def _digest(script: str) -> str:
    return sha1(script.encode(), usedforsecurity=False).hexdigest()


def _loaded(fields: Any, results: list[bytes], outbox: Any) -> Loaded:
    """A claim's answer. Scripts answer in lists even where the protocol has maps."""
    stored = _pairs(fields)
    state, seqs, seen = {}, {}, {}
    for name, value in stored.items():
        prefix, _, rest = name.partition(":")
        if prefix == "s":
            state[rest] = value
        elif prefix == "seq":
            seqs[rest] = int(value)
        elif prefix == "seen":
            seen[rest] = int(value)
    return Loaded(
        owner=int(stored["owner"]),
        exists=bool(state),
        version=int(stored.get("version", 0)),
        epoch=stored.get("epoch", b"").decode(),
        seqs=seqs,
        state=state,
        seen=seen,
        results=results,
        outbox=_pairs(outbox),
        last_effect=int(stored.get("effects", 0)),
    )


def _pairs(flat: Any) -> dict[str, bytes]:
    items = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    return {name.decode(): value for name, value in items}


__all__ = ["RedisStore", "connect", "open_store"]
