"""Encodes a commit of one restaurant's entities as the keys and argument of the commit script."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgpack import packb

from protocol.ids import Channel, Kind
from storage import keys
from storage.scripts import PUSH
from storage.store import EntityCommit

EMPTY_CLAIM_S = 86_400
"""Time to live, in seconds, of the claim and request results of an entity that does not exist."""
SHORT_RETENTION_S = 86_400
"""Retention, in seconds, of short-lived final entities and of idle journals. A client that resumes
later receives a snapshot."""
PERMANENT_KINDS = frozenset({Kind.RESTAURANT, Kind.TABLE, Kind.WAITER, Kind.MENU})
"""Kinds that are never final and so never expire. Their history and audit entries are dropped once
they are older than the retention."""
KINDS_WITHOUT_HISTORY_ROUTE = frozenset({Kind.RESTAURANT, Kind.WAITER, Kind.MENU})
"""Kinds whose history clients cannot read. A short one is kept for operators."""
MAX_ARGUMENTS = 2000
"""Maximum number of arguments of an operation, because Lua can unpack only a few thousand. Even, so
that a field and its value stay in one operation."""


class Ring(NamedTuple):
    """The bounds of a list that drops its oldest entries: entries, and their bytes together."""

    length: int
    size: int


class Limits(NamedTuple):
    """The retention, in seconds, of final entities and of the history of permanent ones, and the
    bounds of an entity's lists. A menu's journal is short because each of its events contains the
    whole menu: a snapshot is no larger."""

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
        if kind in KINDS_WITHOUT_HISTORY_ROUTE:
            return self.unread_history
        return self.lasting_history if kind in PERMANENT_KINDS else self.history


def commit_call(
    group: Sequence[EntityCommit], limits: Limits, replication_id: bytes
) -> tuple[list[str], list[bytes]]:
    """The keys and arguments of the commit script for entities of one restaurant. `replication_id`
    is the server's replication id at the last claim."""
    plan = _Plan([keys.entity(commit.address) for commit in group])
    for commit in group:
        _write_entity(plan, commit, limits, replication_id)
    owners = ["" if commit.unclaimed else str(commit.fencing_token) for commit in group]
    call = {"owners": owners, "operations": plan.operations}
    return plan.keys, [packb(call, use_bin_type=False)]  # Lua's cmsgpack cannot decode `bin`


class _Plan:
    """The keys and operations of a commit, in order."""

    def __init__(self, entities: list[str]) -> None:
        self.keys = entities
        self.operations: list[list[Any]] = []
        self._index = {key: index for index, key in enumerate(entities, 1)}

    def add(self, name: str, key: str, *arguments: Any) -> None:
        self.operations.append([name, self._index_of(key), *arguments])

    def add_all(self, name: str, key: str, arguments: Sequence[Any]) -> None:
        """Add operations for any number of arguments: none if there are no arguments."""
        for start in range(0, len(arguments), MAX_ARGUMENTS):
            self.add(name, key, *arguments[start : start + MAX_ARGUMENTS])

    def push(self, hash_: str, lists: Sequence["_List"], now: int, written: Sequence[Any]) -> None:
        """Write fields of an entity's hash, and append to its lists within their bounds."""
        if not lists or len(written) > MAX_ARGUMENTS:
            self.add_all("HSET", hash_, written)
            written = []
        longest = max((len(each.entries) for each in lists), default=0)
        for start in range(0, longest, MAX_ARGUMENTS):
            chunks = [
                [
                    self._index_of(f"{hash_}:{name}"),
                    f"size:{name}",
                    *ring,
                    *expiry,
                    now,
                    entries[start : start + MAX_ARGUMENTS],
                ]
                for name, entries, ring, expiry in lists
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


class _Expiry(NamedTuple):
    """`since` is the time of the oldest entries to keep ("": all), `idle_s` the time to live of a
    list after its last entry, in seconds (0: no expiry)."""

    since: str
    idle_s: int


class _List(NamedTuple):
    """The entries that are appended to the list `name` of an entity."""

    name: str
    entries: Sequence[bytes]
    ring: Ring
    expiry: _Expiry


_NO_EXPIRY = _Expiry("", 0)


def _history_expiry(commit: EntityCommit, limits: Limits) -> _Expiry:
    """The expiry of history and audit. Unless its kind is permanent, an entity's lists expire with
    the entity."""
    if commit.address.kind not in PERMANENT_KINDS:
        return _NO_EXPIRY
    since = time.gmtime(commit.now - limits.retention_s)
    return _Expiry(time.strftime("%Y-%m-%dT%H:%M:%SZ", since), limits.retention_s)


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
    journal_expiry = _Expiry("", limits.short_retention_s)
    for channel, frames in commit.journal.items():
        ring = limits.menu_journal if channel == Channel.MENU else limits.journal
        if frames:
            yield _List(f"j:{channel}", frames, ring, journal_expiry)
    if commit.history or commit.audit:
        expiry = _history_expiry(commit, limits)
        if commit.history:
            yield _List("log", commit.history, limits.history_of(commit.address.kind), expiry)
        if commit.audit:
            yield _List("audit", commit.audit, limits.audit, expiry)


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
    """Set or remove the expiry of an entity's keys. Final entities expire, and so do the claims and
    request results of entities that do not exist."""
    has_no_expiry = commit.stored_version and not commit.was_final
    if commit.version and not commit.is_final and has_no_expiry:
        return
    all_keys = (key, f"{key}:req", f"{key}:log", f"{key}:audit")
    if not commit.version:
        for each in all_keys[:2]:
            plan.add("EXPIRE", each, EMPTY_CLAIM_S)
    elif commit.is_final:
        ttl_s = limits.short_retention_s if commit.is_short_lived else limits.retention_s
        for each in all_keys:
            plan.add("EXPIRE", each, ttl_s)
    else:  # the entity is created, and its claim has set an expiry; or it is no longer final
        for each in all_keys if commit.was_final else all_keys[:2]:
            plan.add("PERSIST", each)
