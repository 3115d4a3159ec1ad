"""Commits the transactions of a turn, in one round trip for all restaurants.

All entities of a restaurant are stored together or not at all. A failure affects only its own
restaurant.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from engine import failures
from engine.messages import AnyMessage, address_of
from engine.metrics import COMMIT_FAILURES, COMMIT_SECONDS
from engine.outbox_entries import OutboxEffect, OutboxTimer, first_due
from engine.transaction import EntityTransaction
from protocol.ids import Address
from storage.codec import changes
from storage.store import EntityCommit, Store, StoreUnavailable, next_fencing_token

log = logging.getLogger(__name__)


class Failed(NamedTuple):
    """The restaurants whose commit failed. The outcome is unknown for those `in_doubt`; nothing was
    sent to the store for those that are `unencodable`."""

    in_doubt: frozenset[int] = frozenset()
    unencodable: frozenset[int] = frozenset()

    def includes(self, restaurant: int) -> bool:
        return restaurant in self.in_doubt or restaurant in self.unencodable


class Committer:
    """Commits the turns of one host. `has_pending(source)` returns whether earlier effects of an
    entity are still in the outbox. An entity keeps `results_length` request results."""

    def __init__(
        self, host: str, store: Store, has_pending: Callable[[Address], bool], results_length: int
    ) -> None:
        self._host = host
        self._store = store
        self._has_pending = has_pending
        self._results_length = results_length

    async def commit(
        self, staged: Iterable[EntityTransaction], batch: Sequence[AnyMessage], now: datetime
    ) -> Failed:
        """Commit all restaurants with changes. Their unchanged entities are included, so that the
        store verifies this host's ownership of every entity that a decision has read. `batch` is
        the decided messages, for the log."""
        by_restaurant: dict[int, list[EntityTransaction]] = {}
        for each in staged:
            by_restaurant.setdefault(each.address.restaurant, []).append(each)
        encoded: dict[int, list[EntityCommit]] = {}
        unencodable: set[int] = set()
        for restaurant, transactions in by_restaurant.items():
            if not any(each.is_dirty for each in transactions):
                continue
            commits = self._encoded(transactions, batch, now)
            if commits is None:
                unencodable.add(restaurant)
            else:
                encoded[restaurant] = commits
        if not encoded:
            return Failed(unencodable=frozenset(unencodable))
        began = asyncio.get_running_loop().time()
        failed = await self._store_all(encoded, batch)
        COMMIT_SECONDS.observe(asyncio.get_running_loop().time() - began)
        for restaurant, why in failed.items():
            log.warning(
                "commit failed",
                extra={"host": self._host, "restaurant": restaurant, "why": why},
            )
        return Failed(frozenset(failed), frozenset(unencodable))

    def _encoded(
        self, transactions: list[EntityTransaction], batch: Sequence[AnyMessage], now: datetime
    ) -> list[EntityCommit] | None:
        """The commit of one restaurant, or None if one of its entities cannot be encoded."""
        commits = []
        for each in transactions:
            try:
                each.finish(self._results_length)
                has_effects = bool(each.effects) or self._has_pending(each.address)
                commits.append(entity_commit(each, now, has_effects=has_effects))
            except Exception:
                messages = _messages_of(each.address.restaurant, batch)
                failures.record("cannot encode a commit", each.address, messages)
                return None
        return commits

    async def _store_all(
        self, commits: Mapping[int, list[EntityCommit]], batch: Sequence[AnyMessage]
    ) -> dict[int, str]:
        """Store restaurants in one round trip. Returns the failed ones with their reasons."""
        try:
            fenced = await self._store.commit(
                [commit for restaurant in commits.values() for commit in restaurant]
            )
        except StoreUnavailable as error:
            COMMIT_FAILURES.add(len(commits), "store_unavailable")
            return dict.fromkeys(commits, str(error))
        except Exception as error:
            if len(commits) == 1:
                (restaurant,) = commits
                messages = _messages_of(restaurant, batch)
                failures.record("commit failed", f"restaurant:{restaurant}", messages)
                return {restaurant: repr(error)}
        else:
            COMMIT_FAILURES.add(len(fenced), "fenced")
            return dict.fromkeys(fenced, "another host has claimed an entity of this restaurant")
        # Try each restaurant alone. If the failed call did store one, it is fenced now, and its
        # entities are loaded again.
        failed: dict[int, str] = {}
        for restaurant, entities in commits.items():
            failed |= await self._store_all({restaurant: entities}, batch)
        return failed


def entity_commit(staged: EntityTransaction, now: datetime, *, has_effects: bool) -> EntityCommit:
    """The changes of one entity for a commit, after `staged.finish`. `has_effects`: whether its
    outbox contains effects after the commit."""
    entity, token = staged.entity, staged.entity.fencing_token
    journal: dict[str, list[bytes]] = {}
    for each in staged.frames:
        journal.setdefault(each.channel.value, []).append(each.encoded)
    entries: list[OutboxEffect | OutboxTimer] = [
        *staged.effects,
        *(timer for key, timer in staged.timers.items() if entity.timers.get(key) is not timer),
    ]
    return EntityCommit(
        address=entity.address,
        fencing_token=token,
        next_fencing_token=next_fencing_token(token) if staged.is_dirty else token,
        unclaimed=entity.unclaimed,
        stored_version=entity.version,
        version=staged.version,
        epoch=entity.epoch,
        state={} if staged.state is entity.state else changes(entity.state, staged.state),
        journal=journal,
        seqs={each.channel.value: staged.seqs[each.channel] for each in staged.frames},
        history=staged.history,
        history_length=entity.history_length + len(staged.history),
        audit=staged.audit.entries,
        audit_length=entity.audit_length + len(staged.audit.entries),
        refusals="" if staged.audit.refusals is entity.refusals else staged.audit.refusals.stored(),
        results=staged.results.added(),
        dropped_results=staged.results.dropped(),
        outbox={entry.name: entry.encoded() for entry in entries},
        cleared=[timer.name for key, timer in entity.timers.items() if key not in staged.timers],
        last_effect=staged.last_effect,
        seen=_seen_changes(entity.seen, staged.seen),
        due=now.timestamp() if has_effects else first_due(staged.timers),
        is_final=staged.is_final,
        was_final=entity.is_final,
        now=now.timestamp(),
        is_short_lived=staged.state is not None and entity.behaviour.is_short_lived(staged.state),
    )


def _seen_changes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int | None]:
    """The changed effect numbers by source; None for a source that was dropped to make room."""
    if before is after:
        return {}
    changed: dict[str, int | None] = {
        source: number for source, number in after.items() if before.get(source) != number
    }
    return changed | {source: None for source in before if source not in after}


def _messages_of(restaurant: int, batch: Sequence[AnyMessage]) -> list[AnyMessage]:
    return [each for each in batch if address_of(each).restaurant == restaurant]
