"""Rebuilds the directory from the entities: `./restaurant-qr repair --directory`.

An entity without a directory entry exists and cannot be found by its id. A commit writes both, so
this can only happen on a Redis Cluster, which keeps them on different nodes, or by an older
release. Nothing is overwritten or removed, so the application may run meanwhile.
"""

import re
from typing import Any, NamedTuple

import orjson

from protocol.ids import NUMBERED, Address, Kind
from storage import keys
from storage.commit import Limits
from storage.directory import SESSION_CODE, code_entry, entry

AT_ONCE = 500
"""Keys of one round trip."""
_ENTITY = re.compile(rb"rq:\{(\d+)\}:(%s):(\d+)" % b"|".join(kind.encode() for kind in Kind))


class Rebuilt(NamedTuple):
    """`conflicts` are entities whose id the directory gives to another restaurant."""

    entities: int
    entries_added: int
    codes_added: int
    counters_raised: list[Kind]
    conflicts: list[Address]


async def rebuild_directory(client: Any, retention_s: int) -> Rebuilt:
    """Add the missing directory entries and session codes of all entities, and raise the counters
    of ids that are below an id in use. `client` is one of `connect`. Raises what it raises."""
    work = _Rebuilding(client, Limits(retention_s))
    batch: list[Address] = []
    async for key in client.scan_iter(match="rq:{*", count=AT_ONCE):
        found = _ENTITY.fullmatch(key)
        if found is not None:
            batch.append(Address(Kind(found[2].decode()), int(found[3]), int(found[1])))
        if len(batch) >= AT_ONCE:
            await work.register(batch)
            batch = []
    await work.register(batch)
    raised = [kind for kind in NUMBERED if await work.raise_counter(kind)]
    return Rebuilt(work.entities, work.entries_added, work.codes_added, raised, work.conflicts)


class _Rebuilding:
    def __init__(self, client: Any, limits: Limits) -> None:
        self._client = client
        self._limits = limits
        self._last: dict[Kind, int] = {}
        self.entities = self.entries_added = self.codes_added = 0
        self.conflicts: list[Address] = []

    async def register(self, addresses: list[Address]) -> None:
        """Leaves out what was claimed and never stored."""
        stored = await self._pipelined(
            [("HMGET", keys.entity(each), "version", f"s:{SESSION_CODE}") for each in addresses]
        )
        existing = [
            (address, code)
            for address, (version, code) in zip(addresses, stored, strict=True)
            if version is not None
        ]
        self.entities += len(existing)
        for address, _ in existing:
            self._last[address.kind] = max(self._last.get(address.kind, 0), address.id)
        added = await self._pipelined([entry(address) for address, _ in existing])
        self.entries_added += sum(map(int, added))
        codes = [
            code_entry(orjson.loads(code), address, self._limits)
            for address, code in existing
            if code is not None and address.kind is Kind.SESSION
        ]
        self.codes_added += sum(map(bool, await self._pipelined(codes)))
        await self._find_conflicts([address for address, _ in existing])

    async def _find_conflicts(self, addresses: list[Address]) -> None:
        listed = await self._pipelined(
            [("HGET", keys.directory(each.kind, each.id), each.id) for each in addresses]
        )
        self.conflicts += [
            address
            for address, restaurant in zip(addresses, listed, strict=True)
            if restaurant is None or int(restaurant) != address.restaurant
        ]

    async def raise_counter(self, kind: Kind) -> bool:
        """Whether the counter was below an id in use. Ids issued during the repair are skipped."""
        counter, last = keys.counter(kind), self._last.get(kind, 0)
        behind = last - int(await self._client.get(counter) or 0)
        if behind > 0:
            await self._client.incrby(counter, behind)
        return behind > 0

    async def _pipelined(self, commands: list[Any]) -> list[Any]:
        if not commands:
            return []
        pipe = self._client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        answers: list[Any] = await pipe.execute()
        return answers
