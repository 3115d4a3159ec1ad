"""The interface of a store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import NamedTuple, Protocol, Self
from uuid import uuid4

from protocol.ids import Address, Kind, Topic


class StoreUnavailable(Exception):
    """The store refused a call or did not reply in time. It is unknown whether a write was
    executed."""


class StoreStatus(NamedTuple):
    """The status of a store; for a cluster, the worst value of any server.

    `memory_used` is the used share of the store's memory, 0 to 1. `replica_lag_bytes` is the lag of
    the slowest replica. `clock` and `backed_up_at` are epoch seconds; `backed_up_at` is 0 if no
    backup was recorded.
    """

    memory_used: float
    replicas: int
    replica_lag_bytes: int
    clock: float
    backed_up_at: float


FENCING_TOKEN_BITS = 62


def new_fencing_token() -> int:
    """A random fencing token for a claim. A counter could reach the same number twice, because a
    server can lose its last writes and an entity can expire."""
    return randbits(FENCING_TOKEN_BITS)


def next_fencing_token(token: int) -> int:
    """The token that a commit writes. Because each commit changes the token, no commit is applied
    twice, or to an older state than it was decided on, which a server that lost its last writes
    would have."""
    return token + 1


def new_epoch() -> str:
    """The id of a new epoch, within which no two events of a channel have the same number."""
    return uuid4().hex[:12]


class Credentials(NamedTuple):
    """State that applies to all tokens and printed codes.

    A token is valid only in the `token_epoch` in which it was issued, a printed code only in its
    `code_epoch`. Both are empty until a backup is restored, which starts new epochs because the
    revocations since the backup are unknown. Tokens have been registered since
    `registering_since`, in epoch seconds.
    """

    token_epoch: str
    code_epoch: str
    registering_since: float


class StoredEntity(NamedTuple):
    """The stored data of an entity, as returned by a claim.

    `fencing_token` is that of the claim. If no state is stored, `exists` is False and `epoch` is
    empty. The epoch is a new one if the server may have lost acknowledged writes since the last
    claim. State fields are named `<attribute>` or `<attribute>/<key>`. `history_length` and
    `audit_length` count all entries ever appended. `refusals` are encoded counts
    (`domain.refusals`). `seen` has the last effect number of each source. `results` are sorted,
    oldest first.
    """

    fencing_token: int
    exists: bool
    version: int
    epoch: str
    history_length: int
    audit_length: int
    seqs: dict[str, int]
    state: dict[str, bytes]
    seen: dict[str, int]
    results: list[bytes]
    outbox: dict[str, bytes]
    last_effect: int
    refusals: str = ""

    @classmethod
    def empty(cls) -> Self:
        """The data of an entity that does not exist and is not claimed in the store."""
        return cls(new_fencing_token(), False, 0, "", 0, 0, {}, {}, {}, [], {}, 0)


@dataclass(slots=True)
class EntityCommit:
    """The changes of one entity in a commit. All bytes are JSON and are returned unchanged.

    The store accepts the commit if `fencing_token` is the entity's current token, and replaces it
    by `next_fencing_token`. An `unclaimed` entity must not exist yet instead.

    * `stored_version` is the version before, 0 if the entity did not exist. If `version` is 0, the
      entity still does not exist: only its results are stored, for a day.
    * `state` and `seen` contain changed fields; None deletes a field.
    * `journal` and `seqs` are by channel.
    * `history_length` and `audit_length` count all entries, including those of this commit.
    * `refusals` is empty if unchanged.
    * `dropped_results` are removed after `results` are added, and may contain some of them.
    * `cleared` entries are removed from the outbox. `due` is when the first remaining entry is
      due, in epoch seconds; None if none remains.
    * An `is_final` entity expires after the store's retention, or after a day if `is_short_lived`.
    * `now` is the host's time, in epoch seconds.
    """

    address: Address
    fencing_token: int
    next_fencing_token: int
    unclaimed: bool
    stored_version: int
    version: int
    epoch: str
    state: dict[str, bytes | None]
    journal: dict[str, list[bytes]]
    seqs: dict[str, int]
    history: list[bytes]
    history_length: int
    audit: list[bytes]
    audit_length: int
    refusals: str
    results: list[bytes]
    dropped_results: list[bytes]
    outbox: dict[str, bytes]
    cleared: list[str]
    last_effect: int
    seen: dict[str, int | None]
    due: float | None
    is_final: bool
    was_final: bool
    now: float
    is_short_lived: bool = False


class EntityStore(Protocol):
    """Entities: claims, commits, and reads that need no claim."""

    async def claim(self, addresses: Sequence[Address]) -> list[StoredEntity]:
        """Claim and load entities: write a new fencing token for each, so that commits of earlier
        owners are refused."""

    async def fencing_tokens(self, addresses: Sequence[Address]) -> list[int | None]:
        """The fencing token of each entity, None if it was never claimed."""

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        """Store the changes of entities, those of each restaurant together or not at all. Returns
        the fenced restaurants: nothing of them was written, because another host has claimed one
        of their entities. Never retried."""

    async def acknowledge_outbox(
        self, entries: Sequence[tuple[Address, Sequence[str], float | None]]
    ) -> None:
        """Remove acknowledged entries from outboxes: (source, names of entries, when the source's
        first timer is due in epoch seconds or None)."""

    async def journal(self, reads: Sequence[tuple[Topic, int, int]]) -> list[list[bytes] | None]:
        """For each (topic, since, seq) the frames since + 1 … seq; None if the journal lacks some
        of them."""

    async def history(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        """The last `limit` events before the position `before`, oldest first, with positions.

        Positions count from the entity's first event and do not change when old events are dropped.
        """

    async def audit(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        """The same for audit entries."""

    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
        """At most `limit` entities of these restaurants with an outbox entry that was due before
        the time `before`, in epoch seconds."""


class OrderNumbers(NamedTuple):
    """The numbers of a restaurant's orders on one business date (`"2026-12-01"`)."""

    restaurant: int
    date: str


Series = Kind | OrderNumbers
"""A sequence from which the store issues: the ids of a kind, or the numbers of orders."""


class DirectoryStore(Protocol):
    """Finds and creates entities: ids, session codes and idempotency keys."""

    async def restaurant_of(self, wanted: Sequence[tuple[Kind, int]]) -> list[int | None]:
        """The restaurant of each id; None if there is no such entity."""

    async def restaurants(self) -> list[int]:
        """The ids of all restaurants. Takes two round trips."""

    async def reserve(self, count: Mapping[Series, int]) -> dict[Series, range]:
        """Issue this many new ids of each kind, and numbers of orders, in one round trip. Numbers
        start at 1 on each date, unless the store has restarted since the restaurant's last one."""

    async def register(self, addresses: Sequence[Address]) -> None:
        """Write the directory entries of entities about to be created."""

    async def reserve_code(self, code: str, session: Address) -> bool:
        """Reserve a session code. Returns False if it is already reserved. The reservation ends a
        week after the store's retention."""

    async def session_of_code(self, code: str) -> Address | None:
        """The session for which a code was reserved, or None."""

    async def idempotent_id(self, caller: str, key: str, id_: int) -> int:
        """Store `id_` under a caller's idempotency key for a day, unless an id is stored there.
        Returns the stored id. Takes two round trips if the previous release names the key
        differently."""

    async def consume_guess(self, client: str, count: int, *, every_s: float, burst: int) -> bool:
        """Count guesses of a client, over all gateways. If they exceed its limit, one every
        `every_s` seconds with bursts of `burst`, returns False and counts none of them. A `count`
        of -1 takes one back."""


class TokenStore(Protocol):
    """Registered tokens, and the credentials that apply to all of them."""

    async def credentials(self) -> Credentials:
        """The credentials of the chain. The first call sets `registering_since`."""

    async def register_token(self, token_id: int, row: bytes) -> None:
        """Add a token to the list. `row` is its description, as JSON."""

    async def tokens(self) -> dict[int, bytes]:
        """The rows of all listed tokens, expired ones included."""

    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        """Whether each of these tokens is listed."""

    async def remove_tokens(self, token_ids: Sequence[int]) -> int:
        """Remove tokens from the list. Returns how many were listed."""


class Store(EntityStore, DirectoryStore, TokenStore, Protocol):
    """All calls to a store. Each takes one round trip unless documented otherwise, and raises
    StoreUnavailable."""

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take a lease, or extend one that `holder` has, for `seconds` from now. Returns whether
        `holder` has it."""

    async def ping(self) -> None:
        """Check that the store replies and, if configured, confirms durability."""

    async def check(self) -> StoreStatus:
        """Write a small key on each server, and return the store's status. Raises StoreUnavailable
        if a server refuses the write. Takes several round trips."""

    async def close(self) -> None: ...
