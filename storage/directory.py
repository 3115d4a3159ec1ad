"""Ids, the directory (id to restaurant), session codes and idempotency keys of creations.

The directory is the only way from an id to its entity. An entry may exist without an entity, never
the other way round: the entry is written before the entity, on the same connection, so that a
server that loses its last writes cannot lose the entry alone.
"""

from collections.abc import Iterator, Mapping, Sequence

import orjson

from protocol.ids import Address, Kind
from storage import keys, scripts
from storage.calls import Calls, ScriptCall, guarded
from storage.commit import Limits
from storage.endpoint import Command
from storage.store import EntityCommit

SKIPPED_IDS = 10_000
"""More ids than a server forgets that restarts or fails over."""
SKIPPED_RESTAURANT_IDS = 10
"""Restaurants are added one by one, and their directory is read from the first to the last."""
IDEMPOTENT_ID_S = 86_400
MAX_SESSION_S = 7 * 86_400
"""How long a session may stay open before its code could be given to another."""
SESSION_CODE = "session_code"
"""The state field of a session that has its code, as JSON."""


def entries_of(commits: Sequence[EntityCommit], limits: Limits) -> list[Command]:
    """The commands that write the directory entries and session codes of created entities.

    `register` and `reserve_code` have written them before, maybe long before: a block of ids is
    registered at once. A server that lost its last writes since has lost those entries.
    """
    return list(_entries(commits, limits))


def _entries(commits: Sequence[EntityCommit], limits: Limits) -> Iterator[Command]:
    for commit in commits:
        if commit.stored_version or not commit.version:
            continue
        yield entry(commit.address)
        code = commit.state.get(SESSION_CODE)
        if code is not None and commit.address.kind is Kind.SESSION:
            yield code_entry(orjson.loads(code), commit.address, limits)


def entry(address: Address) -> Command:
    """The command that registers an entity. It changes no entry."""
    return ("HSETNX", keys.directory(address.kind, address.id), address.id, address.restaurant)


def code_entry(code: str, session: Address, limits: Limits) -> Command:
    """The command that takes a code for a session. It takes none from another session."""
    kept_s = limits.retention_s + MAX_SESSION_S
    return ("SET", keys.code(code), f"{session.id}:{session.restaurant}", "NX", "EX", kept_s)


class Directory(Calls):
    """The part of `Store` that gateways use to find and to create entities."""

    @guarded
    async def restaurant_of(self, wanted: Sequence[tuple[Kind, int]]) -> list[int | None]:
        commands = [("HGET", keys.directory(kind, id_), id_) for kind, id_ in wanted]
        return [None if found is None else int(found) for found in await self.execute(*commands)]

    @guarded
    async def restaurants(self) -> list[int]:
        [last] = await self.execute(("GET", keys.counter(Kind.RESTAURANT)), apart=True)
        buckets = await self.execute(
            *(
                ("HKEYS", keys.directory(Kind.RESTAURANT, first))
                for first in range(0, int(last or 0) + 1, keys.BUCKET)
            ),
            apart=True,
        )
        return sorted(int(id_) for bucket in buckets for id_ in bucket)

    @guarded
    async def reserve(self, count: Mapping[Kind, int]) -> dict[Kind, range]:
        calls: list[ScriptCall] = [
            (
                [keys.counter(kind), keys.counter_replication_id(kind)],
                [wanted, SKIPPED_RESTAURANT_IDS if kind is Kind.RESTAURANT else SKIPPED_IDS],
            )
            for kind, wanted in count.items()
        ]
        return {
            kind: range(last - wanted + 1, last + 1)
            for (kind, wanted), last in zip(
                count.items(), await self.run_script(scripts.RESERVE, calls), strict=True
            )
        }

    @guarded
    async def register(self, addresses: Sequence[Address]) -> None:
        await self.execute(
            *(
                ("HSET", keys.directory(each.kind, each.id), each.id, each.restaurant)
                for each in addresses
            )
        )

    @guarded
    async def reserve_code(self, code: str, session: Address) -> bool:
        [taken] = await self.execute(code_entry(code, session, self.limits))
        return bool(taken)

    @guarded
    async def session_of_code(self, code: str) -> Address | None:
        [value] = await self.execute(("GET", keys.code(code)))
        if value is None:
            return None
        id_, restaurant = map(int, value.split(b":"))
        return Address(Kind.SESSION, id_, restaurant)

    @guarded
    async def idempotent_id(self, caller: str, key: str, id_: int) -> int:
        name, before = keys.idempotency_key(caller, key), keys.previous_idempotency_key(caller, key)
        if name != before:
            [kept] = await self.execute(("GET", before))
            if kept is not None and not kept.startswith(b"+"):  # of the release before
                return int(kept)
        [first] = await self.execute(("SET", name, f"+{id_}", "NX", "GET", "EX", IDEMPOTENT_ID_S))
        return id_ if first is None else int(first)
