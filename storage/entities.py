"""Entities in the store: claims, commits, and reads that need no claim."""

from collections.abc import Mapping, Sequence
from typing import Any

from protocol.ids import Address, Topic
from storage import keys, scripts
from storage.calls import Calls, ScriptCall, guarded
from storage.commit import EMPTY_CLAIM_S, commit_call
from storage.directory import entries_of
from storage.store import EntityCommit, StoredEntity, new_epoch, new_fencing_token

SKIPPED_EFFECTS = 10_000
"""More effect numbers of an entity than a server can lose in a restart or failover."""


class Entities(Calls):
    """Implements `EntityStore` except for `overdue`: the calls of a host's turns."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._replication_ids: dict[int, bytes] = {}

    @guarded
    async def claim(self, addresses: Sequence[Address]) -> list[StoredEntity]:
        tokens = [new_fencing_token() for _ in addresses]
        calls: list[ScriptCall] = []
        for address, token in zip(addresses, tokens, strict=True):
            key = keys.entity(address)
            arguments = [token, EMPTY_CLAIM_S, new_epoch(), SKIPPED_EFFECTS]
            calls.append(([key, f"{key}:req", f"{key}:out"], arguments))
        replies = await self.run_script(scripts.CLAIM, calls, confirmed=True)
        claimed = []
        for address, token, (fields, results, outbox) in zip(
            addresses, tokens, replies, strict=True
        ):
            stored = _pairs(fields)
            self._replication_ids[address.restaurant] = stored["life"]
            claimed.append(_stored_entity(token, stored, results, _pairs(outbox)))
        return claimed

    @guarded
    async def fencing_tokens(self, addresses: Sequence[Address]) -> list[int | None]:
        commands = [("HGET", keys.entity(address), "owner") for address in addresses]
        return [None if token is None else int(token) for token in await self.execute(*commands)]

    @guarded
    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        by_restaurant: dict[int, list[EntityCommit]] = {}
        for commit in commits:
            by_restaurant.setdefault(commit.address.restaurant, []).append(commit)
        calls = [
            commit_call(group, self.limits, self._replication_ids.get(restaurant, b""))
            for restaurant, group in by_restaurant.items()
        ]
        entries = entries_of(commits, self.limits)
        replies = await self.run_script(scripts.COMMIT, calls, first=entries, confirmed=True)
        return frozenset(
            restaurant for restaurant, fenced in zip(by_restaurant, replies, strict=True) if fenced
        )

    @guarded
    async def acknowledge_outbox(
        self, entries: Sequence[tuple[Address, Sequence[str], float | None]]
    ) -> None:
        calls: list[ScriptCall] = [
            (
                [f"{keys.entity(source)}:out", keys.due(source.restaurant)],
                [str(source), "" if due is None else due, *names],
            )
            for source, names, due in entries
        ]
        await self.run_script(scripts.CLEAR, calls)

    @guarded
    async def journal(self, reads: Sequence[tuple[Topic, int, int]]) -> list[list[bytes] | None]:
        calls: list[ScriptCall] = []
        for topic, since, seq in reads:
            key, channel = keys.entity(topic.address), topic.channel.value
            calls.append(([key, f"{key}:j:{channel}"], [f"seq:{channel}", since, seq]))
        replies = await self.run_script(scripts.JOURNAL, calls)
        return [
            frames if len(frames) == seq - since else None
            for (_, since, seq), frames in zip(reads, replies, strict=True)
        ]

    @guarded
    async def history(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        return await self._page(address, "log", "events", limit, before)

    @guarded
    async def audit(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        return await self._page(address, "audit", "audits", limit, before)

    async def _page(
        self, address: Address, ring: str, count: str, limit: int, before: int | None
    ) -> list[tuple[int, bytes]]:
        key = keys.entity(address)
        call = ([key, f"{key}:{ring}"], [limit, "" if before is None else before, count])
        [[stop, events]] = await self.run_script(scripts.HISTORY, [call], dedicated=True)
        return list(enumerate(events, stop - len(events)))


def _stored_entity(
    token: int, stored: Mapping[str, bytes], results: list[bytes], outbox: dict[str, bytes]
) -> StoredEntity:
    state, seqs, seen = {}, {}, {}
    for name, value in stored.items():
        prefix, _, rest = name.partition(":")
        if prefix == "s":
            state[rest] = value
        elif prefix == "seq":
            seqs[rest] = int(value)
        elif prefix == "seen":
            seen[rest] = int(value)
    return StoredEntity(
        fencing_token=token,
        exists=bool(state),
        version=int(stored.get("version", 0)),
        epoch=stored.get("epoch", b"").decode(),
        history_length=int(stored.get("events", 0)),
        audit_length=int(stored.get("audits", 0)),
        seqs=seqs,
        state=state,
        seen=seen,
        results=results,
        outbox=outbox,
        last_effect=int(stored.get("effects", 0)),
        refusals=stored.get("refusals", b"").decode(),
    )


def _pairs(flat: Any) -> dict[str, bytes]:
    """A hash as a mapping. Scripts return hashes as flat lists of names and values."""
    items = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    return {name.decode(): value for name, value in items}
