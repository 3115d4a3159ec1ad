"""A commit of one restaurant's entities, as the keys and the argument of the commit script."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgpack import packb

from protocol.ids import CHANNELS
from storage import keys
from storage.store import EntityCommit

CLAIM_OF_NOTHING_S = 86_400
"""How long the claim of an entity that was never stored, and its refusals, are remembered."""
SLACK = 10
"""A list is cut when it has outgrown its length by a tenth, so that most commits need not."""
MOST_ARGUMENTS = 2000
"""Of one operation: a script cannot unpack many more. Even, so that pairs stay together."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long settled entities are kept (seconds), and how many entries the rings keep."""

    retention_s: int
    journal: int
    history: int
    audit: int


def commit_call(
    group: Sequence[EntityCommit], limits: Limits, life: bytes
) -> tuple[list[str], list[bytes]]:
    """Keys and argument of the script for entities that share a restaurant, whose `life` was that
    of the server when it was last heard of."""
    plan = _Plan([keys.entity(commit.address) for commit in group])
    for commit in group:
        _write_entity(plan, commit, limits, life)
    owners = ["" if commit.unclaimed else str(commit.owner) for commit in group]
    call = {"owners": owners, "operations": plan.operations}
    return plan.keys, [packb(call, use_bin_type=False)]  # the scripts' decoder knows no other


class _Plan:
    """The keys and operations of a commit, in order."""

    def __init__(self, entities: list[str]) -> None:
        self.keys = entities
        self.operations: list[list[Any]] = []
        self._index = {key: index for index, key in enumerate(entities, 1)}

    def add(self, name: str, key: str, *arguments: Any) -> None:
        index = self._index.get(key)
        if index is None:
            self.keys.append(key)
            index = self._index[key] = len(self.keys)
        self.operations.append([name, index, *arguments])

    def add_all(self, name: str, key: str, arguments: Sequence[Any]) -> None:
        """An operation of any number of arguments, or none where there are none."""
        for start in range(0, len(arguments), MOST_ARGUMENTS):
            self.add(name, key, *arguments[start : start + MOST_ARGUMENTS])

    def push(self, key: str, entries: Sequence[bytes], count: int, length: int) -> None:
        """Append to a list that keeps its last `length` entries, and for a while a few more.

        `count` is how many there ever were, these included.
        """
        self.add_all("RPUSH", key, entries)
        slack = length // SLACK or 1
        if count > length and count // slack != (count - len(entries)) // slack:
            self.add("LTRIM", key, -length, -1)


def _write_entity(plan: _Plan, commit: EntityCommit, limits: Limits, life: bytes) -> None:
    key = keys.entity(commit.address)
    written: list[Any] = ["owner", str(commit.owner_after), "effects", commit.last_effect]
    if commit.unclaimed:
        written += ("life", life)
    if commit.version:
        written += ("version", commit.version, "epoch", commit.epoch, "events", commit.events)
    if commit.audit:
        written += ("audits", commit.audits)
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
    plan.add_all("HSET", key, written)
    plan.add_all("HDEL", key, deleted)
    for channel, frames in commit.journal.items():
        plan.push(f"{key}:j:{channel}", frames, commit.seqs[channel], limits.journal)
    plan.push(f"{key}:log", commit.history, commit.events, limits.history)
    plan.push(f"{key}:audit", commit.audit, commit.audits, limits.audit)
    plan.add_all("RPUSH", f"{key}:req", commit.results)
    for result in commit.dropped_results:
        plan.add("LREM", f"{key}:req", 1, result)
    _write_outbox(plan, commit, f"{key}:out")
    _write_retention(plan, commit, key, limits)


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
    lasts = commit.stored_version and not commit.was_settled
    if commit.version and not commit.settled and lasts:
        return
    every = (
        key,
        f"{key}:req",
        f"{key}:log",
        f"{key}:audit",
        *(f"{key}:j:{channel.value}" for channel in CHANNELS[commit.address.kind]),
    )
    if not commit.version:
        for each in every[:2]:
            plan.add("EXPIRE", each, CLAIM_OF_NOTHING_S)
    elif commit.settled:
        for each in every:
            plan.add("EXPIRE", each, limits.retention_s)
    else:  # what a claim of nothing left to expire is kept from the first commit on
        for each in every if commit.was_settled else every[:2]:
            plan.add("PERSIST", each)
