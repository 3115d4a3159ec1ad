"""Ids, numbers of orders, the directory (id to restaurant), session codes and idempotency keys of
creations.

Entities are found by id only through the directory. The entry is written before the entity, on the
same connection, so a server that loses its last writes cannot lose the entry alone. An entry may
exist without an entity, but no entity without an entry.
"""

from collections.abc import Iterator, Mapping, Sequence

import orjson

from protocol.ids import Address, Kind
from storage import keys, scripts
from storage.calls import Calls, ScriptCall, guarded
from storage.commit import Limits
from storage.endpoint import Command
from storage.store import EntityCommit, OrderNumbers, Series

SKIPPED_IDS = 10_000
"""More ids than a server can lose in a restart or failover."""
SKIPPED_RESTAURANT_IDS = 10
"""The same for restaurants: few, because each sweep reads their directory from the first id to the
last."""
SKIPPED_NUMBERS = 200
"""More numbers of one restaurant's orders than a server can lose: few, because people read them."""
NUMBERS_KEPT_S = 7 * 86_400
"""How long the last number of a business date is kept after it was issued, in seconds."""
IDEMPOTENT_ID_S = 86_400
"""How long the id of an idempotency key is kept, in seconds."""
MAX_SESSION_S = 7 * 86_400
"""A session that is open for longer may lose its code to another session."""
SESSION_CODE = "session_code"
"""The field of a session's state that contains its code, as JSON."""


def entries_of(commits: Sequence[EntityCommit], limits: Limits) -> list[Command]:
    """The commands that write the directory entries and session codes of created entities.

    `register` and `reserve_code` have already written them, but a server that has lost its last
    writes since may lack them: ids are registered in blocks, long before they are used.
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
    """The command that registers an entity, unless its id is registered already."""
    return ("HSETNX", keys.directory(address.kind, address.id), address.id, address.restaurant)


def _reservation(series: Series, wanted: int) -> ScriptCall:
    """The call of RESERVE that issues the next ids or numbers of a series."""
    if isinstance(series, OrderNumbers):
        counter = keys.order_numbers(*series)
        replication_id = keys.order_numbers_replication_id(series.restaurant)
        return [counter, replication_id], [wanted, SKIPPED_NUMBERS, NUMBERS_KEPT_S]
    skipped = SKIPPED_RESTAURANT_IDS if series is Kind.RESTAURANT else SKIPPED_IDS
    return [keys.counter(series), keys.counter_replication_id(series)], [wanted, skipped, 0]


def code_entry(code: str, session: Address, limits: Limits) -> Command:
    """The command that reserves a code for a session, unless it is reserved already."""
    ttl_s = limits.retention_s + MAX_SESSION_S
    return ("SET", keys.code(code), f"{session.id}:{session.restaurant}", "NX", "EX", ttl_s)


class Directory(Calls):
    """Implements `DirectoryStore`, with which gateways find and create entities."""

    @guarded
    async def restaurant_of(self, wanted: Sequence[tuple[Kind, int]]) -> list[int | None]:
        commands = [("HGET", keys.directory(kind, id_), id_) for kind, id_ in wanted]
        return [None if found is None else int(found) for found in await self.execute(*commands)]

    @guarded
    async def restaurants(self) -> list[int]:
        [last] = await self.execute(("GET", keys.counter(Kind.RESTAURANT)), dedicated=True)
        buckets = await self.execute(
            *(
                ("HKEYS", keys.directory(Kind.RESTAURANT, first))
                for first in range(0, int(last or 0) + 1, keys.BUCKET)
            ),
            dedicated=True,
        )
        return sorted(int(id_) for bucket in buckets for id_ in bucket)

    @guarded
    async def reserve(self, count: Mapping[Series, int]) -> dict[Series, range]:
        calls = [_reservation(series, wanted) for series, wanted in count.items()]
        return {
            series: range(last - wanted + 1, last + 1)
            for (series, wanted), last in zip(
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
            [stored] = await self.execute(("GET", before))
            if stored is not None and not stored.startswith(b"+"):  # by the previous release
                return int(stored)
        [first] = await self.execute(("SET", name, f"+{id_}", "NX", "GET", "EX", IDEMPOTENT_ID_S))
        return id_ if first is None else int(first)
