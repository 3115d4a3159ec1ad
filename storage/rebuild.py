"""Rebuilds the directory from the entities: `./restaurant-qr repair --directory`.

An entity without a directory entry cannot be found by its id. A commit writes both, so an entry can
only be missing on a Redis Cluster, which keeps the two on different nodes, or in data of an older
release. The repair overwrites and removes nothing, so the application can keep running.
"""

import re
from typing import Any, NamedTuple

import orjson

from protocol.ids import NUMBERED, Address, Kind
from storage import keys
from storage.commit import Limits
from storage.directory import SESSION_CODE, code_entry, entry

BATCH_SIZE = 500
"""Keys per round trip."""
_ENTITY = re.compile(rb"rq:\{(\d+)\}:(%s):(\d+)" % b"|".join(kind.encode() for kind in Kind))


class Rebuilt(NamedTuple):
    """The result of a repair: the number of entities, the additions, and the kinds whose id counter
    was raised. `conflicts` are entities whose id the directory maps to another restaurant."""

    entities: int
    entries_added: int
    codes_added: int
    counters_raised: list[Kind]
    conflicts: list[Address]


async def rebuild_directory(client: Any, retention_s: int) -> Rebuilt:
    """Add the missing directory entries and session codes of all entities, and raise id counters
    that are below an id in use. `client` comes from `connect`. Raises the exceptions in
    `storage.connect.FAILURES`."""
    rebuild = _Rebuild(client, Limits(retention_s))
    batch: list[Address] = []
    async for key in client.scan_iter(match="rq:{*", count=BATCH_SIZE):
        found = _ENTITY.fullmatch(key)
        if found is not None:
            batch.append(Address(Kind(found[2].decode()), int(found[3]), int(found[1])))
        if len(batch) >= BATCH_SIZE:
            await rebuild.register(batch)
            batch = []
    await rebuild.register(batch)
    raised = [kind for kind in NUMBERED if await rebuild.raise_counter(kind)]
    return Rebuilt(
        rebuild.entities, rebuild.entries_added, rebuild.codes_added, raised, rebuild.conflicts
    )


class _Rebuild:
    """A repair in progress, with its counts."""

    def __init__(self, client: Any, limits: Limits) -> None:
        self._client = client
        self._limits = limits
        self._last: dict[Kind, int] = {}
        self.entities = self.entries_added = self.codes_added = 0
        self.conflicts: list[Address] = []

    async def register(self, addresses: list[Address]) -> None:
        """Add the directory entries and session codes of these entities, except those that were
        claimed but never stored."""
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
        """Raise a kind's id counter if it is below an id in use. Returns whether it was. If other
        ids are issued at the same time, the counter is raised further than necessary."""
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
        replies: list[Any] = await pipe.execute()
        return replies
