"""The store on Redis or Valkey: one server, a Sentinel's master, or a cluster."""

import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from redis.exceptions import NoScriptError

from protocol.ids import Address, Kind, Topic
from storage import keys, scripts
from storage.commit import CLAIM_OF_NOTHING_S, Limits, commit_call
from storage.connect import FAILURES, connect, disconnect, is_cluster, refresh
from storage.durability import Confirmation, Durability
from storage.failures import Cause, cause_of
from storage.scripts import Script
from storage.status import check
from storage.store import (
    Credentials,
    EntityCommit,
    Loaded,
    Store,
    StoreStatus,
    StoreUnavailable,
    new_epoch,
    new_owner,
)

P = ParamSpec("P")
R = TypeVar("R")
Failed = Callable[[Cause, Exception], None]
_Call = tuple[Sequence[str], Sequence[Any]]
"""Keys and arguments of a script."""

LOST = 10_000
"""More ids, and more effects of one entity, than a server forgets that restarts or fails over."""
LOST_RESTAURANTS = 10
"""They are added one by one, and their directory is read from the first to the last."""
NAMED_S = 86_400
LONGEST_SESSION_S = 7 * 86_400
"""How long a session may stay open before its code could be given to another."""


def open_store(
    url: str,
    *,
    retention_s: float,
    timeout_s: float = 2.0,
    durability: Durability = Durability.STORE,
    failed: Failed = lambda cause, error: None,
) -> Store:
    """The store at a URL, see `connect`; ValueError for a URL that is none. Settled entities are
    kept for `retention_s`, and so is the past of those that never settle. `failed` is called for
    each call that fails."""
    limits = Limits(max(1, int(retention_s)))
    client = connect(url, timeout_s)
    if durability is Durability.STORE:
        return RedisStore(client, limits, failed=failed)
    if is_cluster(client):  # it has no one log, and no one connection to wait on
        raise ValueError("a cluster confirms nothing further: leave durability at 'store'")
    return RedisStore(client, limits, Confirmation(durability, timeout_s), failed)


def _guarded(
    call: Callable[Concatenate["RedisStore", P], Awaitable[R]],
) -> Callable[Concatenate["RedisStore", P], Coroutine[Any, Any, R]]:
    """Every way in which a store can fail, as StoreUnavailable."""

    @wraps(call)
    async def guarded(self: "RedisStore", /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(self, *args, **kwargs)
        except FAILURES as error:
            self._failed(cause_of(error), error)
            await refresh(self._redis)
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error

    return guarded


class RedisStore:
    """`Store` over a client of `connect`."""

    def __init__(
        self,
        client: Any,
        limits: Limits,
        confirmation: Confirmation | None = None,
        failed: Failed = lambda cause, error: None,
    ) -> None:
        self._redis = client
        self._limits = limits
        self._confirmation = confirmation
        self._failed = failed
        self._lives: dict[int, bytes] = {}

    # --- entities --------------------------------------------------------------------------------

    @_guarded
    async def claim(self, addresses: Sequence[Address]) -> list[Loaded]:
        owners = [new_owner() for _ in addresses]
        calls: list[_Call] = []
        for address, owner in zip(addresses, owners, strict=True):
            key = keys.entity(address)
            arguments = [owner, CLAIM_OF_NOTHING_S, new_epoch(), LOST]
            calls.append(([key, f"{key}:req", f"{key}:out"], arguments))
        answers = await self._run(scripts.CLAIM, calls, confirmed=True)
        claimed = []
        for address, owner, (fields, results, outbox) in zip(
            addresses, owners, answers, strict=True
        ):
            stored = _pairs(fields)
            self._lives[address.restaurant] = stored["life"]
            claimed.append(_loaded(owner, stored, results, _pairs(outbox)))
        return claimed

    @_guarded
    async def owners(self, addresses: Sequence[Address]) -> list[int | None]:
        pipe = self._redis.pipeline(transaction=False)
        for address in addresses:
            pipe.hget(keys.entity(address), "owner")
        return [None if answer is None else int(answer) for answer in await pipe.execute()]

    @_guarded
    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        by_restaurant: dict[int, list[EntityCommit]] = {}
        for commit in commits:
            by_restaurant.setdefault(commit.address.restaurant, []).append(commit)
        calls = [
            commit_call(group, self._limits, self._lives.get(restaurant, b""))
            for restaurant, group in by_restaurant.items()
        ]
        answers = await self._run(scripts.COMMIT, calls, confirmed=True)
        return frozenset(
            restaurant for restaurant, fenced in zip(by_restaurant, answers, strict=True) if fenced
        )

    @_guarded
    async def clear(self, entries: Sequence[tuple[Address, Sequence[str], float | None]]) -> None:
        calls: list[_Call] = [
            (
                [f"{keys.entity(source)}:out", keys.due(source.restaurant)],
                [str(source), "" if due is None else due, *names],
            )
            for source, names, due in entries
        ]
        await self._run(scripts.CLEAR, calls)

    @_guarded
    async def journal(self, reads: Sequence[tuple[Topic, int, int]]) -> list[list[bytes] | None]:
        calls: list[_Call] = []
        for topic, since, seq in reads:
            key, channel = keys.entity(topic.address), topic.channel.value
            calls.append(([key, f"{key}:j:{channel}"], [f"seq:{channel}", since, seq]))
        answers = await self._run(scripts.JOURNAL, calls)
        return [
            frames if len(frames) == seq - since else None
            for (_, since, seq), frames in zip(reads, answers, strict=True)
        ]

    @_guarded
    async def history(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        return await self._page(address, "log", "events", limit, before)

    @_guarded
    async def audit(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        return await self._page(address, "audit", "audits", limit, before)

    async def _page(
        self, address: Address, ring: str, count: str, limit: int, before: int | None
    ) -> list[tuple[int, bytes]]:
        key = keys.entity(address)
        arguments = [limit, "" if before is None else before, count]
        [[stop, events]] = await self._run(scripts.HISTORY, [([key, f"{key}:{ring}"], arguments)])
        return list(enumerate(events, stop - len(events)))

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
        calls: list[_Call] = [
            (
                [keys.counter(kind), keys.counter_life(kind)],
                [wanted, LOST_RESTAURANTS if kind is Kind.RESTAURANT else LOST],
            )
            for kind, wanted in count.items()
        ]
        return {
            kind: range(last - wanted + 1, last + 1)
            for (kind, wanted), last in zip(
                count.items(), await self._run(scripts.RESERVE, calls), strict=True
            )
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
        kept_s = self._limits.retention_s + LONGEST_SESSION_S
        return bool(await self._redis.set(keys.code(code), value, nx=True, ex=kept_s))

    @_guarded
    async def session_of_code(self, code: str) -> Address | None:
        value = await self._redis.get(keys.code(code))
        if value is None:
            return None
        id_, restaurant = map(int, value.split(b":"))
        return Address(Kind.SESSION, id_, restaurant)

    @_guarded
    async def named_id(self, caller: str, key: str, id_: int) -> int:
        name, before = keys.named(caller, key), keys.named_before(caller, key)
        if name != before:
            kept = await self._redis.get(before)
            if kept is not None and not kept.startswith(b"+"):  # of the release before
                return int(kept)
        first = await self._redis.set(name, f"+{id_}", nx=True, get=True, ex=NAMED_S)
        return id_ if first is None else int(first)

    @_guarded
    async def guess(self, who: str, count: int, *, every_s: float, at_once: int) -> bool:
        arguments = [count, max(1, int(every_s * 1000)), at_once]
        [allowed] = await self._run(scripts.GUESS, [([keys.guesses(who)], arguments)])
        return bool(allowed)

    # --- tokens ----------------------------------------------------------------------------------

    @_guarded
    async def credentials(self) -> Credentials:
        key = keys.credentials()
        pipe = self._redis.pipeline(transaction=False)
        pipe.hsetnx(key, "since", time.time())
        for field in ("tokens", "codes", "since"):
            pipe.hget(key, field)
        _, tokens, codes, since = await pipe.execute()
        return Credentials((tokens or b"").decode(), (codes or b"").decode(), float(since))

    @_guarded
    async def register_token(self, token_id: int, row: bytes) -> None:
        await self._written("HSET", keys.tokens(), token_id, row)

    @_guarded
    async def tokens(self) -> dict[int, bytes]:
        rows = await self._redis.hgetall(keys.tokens())
        return {int(token_id): row for token_id, row in rows.items()}

    @_guarded
    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        rows = await self._redis.hmget(keys.tokens(), token_ids)
        return [row is not None for row in rows]

    @_guarded
    async def remove_tokens(self, token_ids: Sequence[int]) -> int:
        return int(await self._written("HDEL", keys.tokens(), *token_ids)) if token_ids else 0

    async def _written(self, *command: Any) -> Any:
        """The answer to one write, once it is durable."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command(*command)
        if self._confirmation is not None:
            pipe.execute_command(*self._confirmation.command)
        answer, *confirmed = await pipe.execute()
        if self._confirmation is not None:
            self._confirmation.check(confirmed[0])
        return answer

    # --- sweep -----------------------------------------------------------------------------------

    @_guarded
    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
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
        call: _Call = ([keys.lease(name)], [holder, max(1, int(seconds * 1000))])
        [held] = await self._run(scripts.LEASE, [call])
        return bool(held)

    @_guarded
    async def ping(self) -> None:
        await self._redis.ping()
        if self._confirmation is not None:
            command = self._confirmation.command
            self._confirmation.check(await self._redis.execute_command(*command))

    @_guarded
    async def check(self) -> StoreStatus:
        await self.ping()
        return await check(self._redis)

    async def close(self) -> None:
        await disconnect(self._redis)

    # --- scripts ---------------------------------------------------------------------------------

    async def _run(
        self, script: Script, calls: Sequence[_Call], *, confirmed: bool = False
    ) -> list[Any]:
        """One script many times in one round trip, by its digest; whole where that is not known.

        What is `confirmed` is as durable as it must be, and so is all that was written before it.

        A server that does not know a script has not run it, so that sending those calls again is
        the only repetition there is. Any other error of any call is raised.
        """
        answers = await self._pipeline("EVALSHA", script.digest, calls, confirmed)
        unknown = [isinstance(answer, NoScriptError) for answer in answers]
        if any(unknown):
            again = [call for call, missing in zip(calls, unknown, strict=True) if missing]
            late = iter(await self._pipeline("EVAL", script.source, again, confirmed))
            answers = [
                next(late) if missing else answer
                for answer, missing in zip(answers, unknown, strict=True)
            ]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _pipeline(
        self, command: str, script: str, calls: Sequence[_Call], confirmed: bool
    ) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for names, arguments in calls:
            pipe.execute_command(command, script, len(names), *names, *arguments)
        confirmation = self._confirmation if confirmed else None
        if confirmation is not None:
            pipe.execute_command(*confirmation.command)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        if confirmation is not None:
            confirmation.check(answers.pop())
        return answers


def _loaded(
    owner: int, stored: Mapping[str, bytes], results: list[bytes], outbox: dict[str, bytes]
) -> Loaded:
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
        owner=owner,
        exists=bool(state),
        version=int(stored.get("version", 0)),
        epoch=stored.get("epoch", b"").decode(),
        events=int(stored.get("events", 0)),
        audits=int(stored.get("audits", 0)),
        seqs=seqs,
        state=state,
        seen=seen,
        results=results,
        outbox=outbox,
        last_effect=int(stored.get("effects", 0)),
        refusals=stored.get("refusals", b"").decode(),
    )


def _pairs(flat: Any) -> dict[str, bytes]:
    """Scripts answer with flat lists where the protocol has maps."""
    items = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    return {name.decode(): value for name, value in items}
