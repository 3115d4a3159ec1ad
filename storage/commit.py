"""A commit of one restaurant's entities, as the keys and the argument of the commit script."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgpack import packb

from protocol.ids import Channel, Kind
from storage import keys
from storage.scripts import PUSH
from storage.store import EntityCommit

CLAIM_OF_NOTHING_S = 86_400
"""How long the claim of an entity that was never stored, and its refusals, are remembered."""
SHORT_RETENTION_S = 86_400
"""How long short-lived final entities and idle journals are kept. Clients that were away for longer
take a snapshot."""
LASTING = frozenset({Kind.RESTAURANT, Kind.TABLE, Kind.WAITER, Kind.MENU})
"""Kinds that are never settled: history and audit entries older than the retention are dropped."""
UNREAD = frozenset({Kind.RESTAURANT, Kind.WAITER, Kind.MENU})
"""Kinds whose history no route reads; it is kept for operators who inspect the store."""
MAX_ARGUMENTS = 2000
"""Of one operation: a script cannot unpack many more. Even, so that pairs stay together."""


class Ring(NamedTuple):
    """The maximum number of entries of a list, and of their bytes together."""

    length: int
    size: int


class Limits(NamedTuple):
    """How long settled entities and the lists of others are kept (seconds), and the bounds of an
    entity's lists. A menu's journal is short: each of its events is the whole menu, so a snapshot
    is no larger than the last event."""

    retention_s: int
    journal: Ring = Ring(1000, 256_000)
    menu_journal: Ring = Ring(2, 256_000)
    history: Ring = Ring(10_000, 1_000_000)
    lasting_history: Ring = Ring(10_000, 256_000)
    unread_history: Ring = Ring(1000, 64_000)
    audit: Ring = Ring(1000, 256_000)

    @property
    def short_retention_s(self) -> int:
        return min(SHORT_RETENTION_S, self.retention_s)

    def history_of(self, kind: Kind) -> Ring:
        if kind in UNREAD:
            return self.unread_history
        return self.lasting_history if kind in LASTING else self.history


def commit_call(
    group: Sequence[EntityCommit], limits: Limits, replication_id: bytes
) -> tuple[list[str], list[bytes]]:
    """Keys and argument of the script for entities that share a restaurant. `replication_id` is
    that of the server at the last claim."""
    plan = _Plan([keys.entity(commit.address) for commit in group])
    for commit in group:
        _write_entity(plan, commit, limits, replication_id)
    owners = ["" if commit.unclaimed else str(commit.fencing_token) for commit in group]
    call = {"owners": owners, "operations": plan.operations}
    return plan.keys, [packb(call, use_bin_type=False)]  # the scripts' decoder knows no other


class _Plan:
    """The keys and operations of a commit, in order."""

    def __init__(self, entities: list[str]) -> None:
        self.keys = entities
        self.operations: list[list[Any]] = []
        self._index = {key: index for index, key in enumerate(entities, 1)}

    def add(self, name: str, key: str, *arguments: Any) -> None:
        self.operations.append([name, self._index_of(key), *arguments])

    def add_all(self, name: str, key: str, arguments: Sequence[Any]) -> None:
        """An operation of any number of arguments, or none where there are none."""
        for start in range(0, len(arguments), MAX_ARGUMENTS):
            self.add(name, key, *arguments[start : start + MAX_ARGUMENTS])

    def push(self, hash_: str, lists: Sequence["_List"], now: int, written: Sequence[Any]) -> None:
        """Write fields of an entity's hash, and append to its lists within their bounds."""
        if not lists or len(written) > MAX_ARGUMENTS:
            self.add_all("HSET", hash_, written)
            written = []
        most = max((len(each.entries) for each in lists), default=0)
        for start in range(0, most, MAX_ARGUMENTS):
            chunks = [
                [
                    self._index_of(f"{hash_}:{name}"),
                    f"size:{name}",
                    *ring,
                    *past,
                    now,
                    entries[start : start + MAX_ARGUMENTS],
                ]
                for name, entries, ring, past in lists
                if len(entries) > start
            ]
            self.add(PUSH, hash_, chunks, written)
            written = []

    def _index_of(self, key: str) -> int:
        index = self._index.get(key)
        if index is None:
            self.keys.append(key)
            index = self._index[key] = len(self.keys)
        return index


class _Past(NamedTuple):
    """The time of the oldest entries to keep ("": all), and the seconds that an idle list is kept
    (0: forever)."""

    since: str
    ends: int


class _List(NamedTuple):
    """The entries that are appended to the list `name` of an entity."""

    name: str
    entries: Sequence[bytes]
    ring: Ring
    past: _Past


_FOR_EVER = _Past("", 0)


def _past(commit: EntityCommit, limits: Limits) -> _Past:
    """The expiry of history and audit. Those of entities that settle expire with the entity."""
    if commit.address.kind not in LASTING:
        return _FOR_EVER
    since = time.gmtime(commit.now - limits.retention_s)
    return _Past(time.strftime("%Y-%m-%dT%H:%M:%SZ", since), limits.retention_s)


def _write_entity(plan: _Plan, commit: EntityCommit, limits: Limits, replication_id: bytes) -> None:
    key = keys.entity(commit.address)
    written: list[Any] = ["owner", str(commit.next_fencing_token), "effects", commit.last_effect]
    if commit.unclaimed:
        written += ("life", replication_id)
    if commit.version:
        written += (
            "version",
            commit.version,
            "epoch",
            commit.epoch,
            "events",
            commit.history_length,
        )
    if commit.audit:
        written += ("audits", commit.audit_length)
    if commit.refusals:
        written += ("refusals", commit.refusals)
    deleted = []
    for name, value in commit.state.items():
        if value is None:
            deleted.append(f"s:{name}")
        else:
            written += (f"s:{name}", value)
    for channel, seq in commit.seqs.items():
        written += (f"seq:{channel}", seq)
    for source, number in commit.seen.items():
        if number is None:
            deleted.append(f"seen:{source}")
        else:
            written += (f"seen:{source}", number)
    plan.push(key, list(_lists(commit, limits)), int(commit.now), written)
    plan.add_all("HDEL", key, deleted)
    plan.add_all("RPUSH", f"{key}:req", commit.results)
    for result in commit.dropped_results:
        plan.add("LREM", f"{key}:req", 1, result)
    _write_outbox(plan, commit, f"{key}:out")
    _write_retention(plan, commit, key, limits)


def _lists(commit: EntityCommit, limits: Limits) -> Iterator[_List]:
    """The entries that the commit appends to journals, history and audit."""
    resumable = _Past("", limits.short_retention_s)
    for channel, frames in commit.journal.items():
        ring = limits.menu_journal if channel == Channel.MENU else limits.journal
        if frames:
            yield _List(f"j:{channel}", frames, ring, resumable)
    if commit.history or commit.audit:
        past = _past(commit, limits)
        if commit.history:
            yield _List("log", commit.history, limits.history_of(commit.address.kind), past)
        if commit.audit:
            yield _List("audit", commit.audit, limits.audit, past)


def _write_outbox(plan: _Plan, commit: EntityCommit, key: str) -> None:
    if not commit.outbox and not commit.cleared:
        return
    added: list[Any] = []
    for entry, value in commit.outbox.items():
        added += (entry, value)
    plan.add_all("HSET", key, added)
    plan.add_all("HDEL", key, commit.cleared)
    index = keys.due(commit.address.restaurant)
    if commit.due is None:
        plan.add("ZREM", index, str(commit.address))
    else:
        plan.add("ZADD", index, commit.due, str(commit.address))


def _write_retention(plan: _Plan, commit: EntityCommit, key: str, limits: Limits) -> None:
    """Settled entities expire, and so does what is kept of those that do not exist."""
    lasts = commit.stored_version and not commit.was_final
    if commit.version and not commit.is_final and lasts:
        return
    every = (key, f"{key}:req", f"{key}:log", f"{key}:audit")
    if not commit.version:
        for each in every[:2]:
            plan.add("EXPIRE", each, CLAIM_OF_NOTHING_S)
    elif commit.is_final:
        kept_s = limits.short_retention_s if commit.is_short_lived else limits.retention_s
        for each in every:
            plan.add("EXPIRE", each, kept_s)
    else:  # what a claim of nothing left to expire is kept from the first commit on
        for each in every if commit.was_final else every[:2]:
            plan.add("PERSIST", each)
