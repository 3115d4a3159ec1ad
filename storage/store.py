"""The interface of a store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import NamedTuple, Protocol, Self
from uuid import uuid4

from protocol.ids import Address, Kind, Topic


class StoreUnavailable(Exception):
    """The store refused or did not answer in time; whether a write happened is unknown."""


class StoreStatus(NamedTuple):
    """The status of a store; for a cluster, the worst value of any server.

    `memory_used` is a share of what the store may have. `replica_lag_bytes` is what the replica
    that is furthest behind has not received. `clock` and `backed_up_at` are epoch seconds, the
    latter 0 if no backup was ever recorded.
    """

    memory_used: float
    replicas: int
    replica_lag_bytes: int
    clock: float
    backed_up_at: float


FENCING_TOKEN_BITS = 62


def new_fencing_token() -> int:
    """A fencing token, drawn and not counted: a server that lost the last second's writes, or an
    expired entity, would count to the same number again."""
    return randbits(FENCING_TOKEN_BITS)


def next_fencing_token(token: int) -> int:
    """The token that a commit leaves behind. No commit is taken twice, and none onto an older state
    than it was decided on: one that a server which lost its last second still has."""
    return token + 1


def new_epoch() -> str:
    """A name for a stretch of numbered events. Nothing is numbered twice in one."""
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
    """An entity as a claim found it in the store.

    `fencing_token` is the claim's. `exists` is False and `epoch` empty if no state is stored. The
    epoch is a new one if the server may have lost acknowledged writes since the last claim. State
    fields are `<attribute>` or `<attribute>/<key>`. `history_length` and `audit_length` count all
    entries that were ever appended; `refusals` is the text last written. `seen` has the last effect
    number of each source. Results come oldest first.
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
        """An entity that does not exist, without a claim in the store."""
        return cls(new_fencing_token(), False, 0, "", 0, 0, {}, {}, {}, [], {}, 0)


@dataclass(slots=True)
class EntityCommit:
    """One entity's part of a commit: only what changed.

    The store accepts it if `fencing_token` is the current one, and sets `next_fencing_token`. An
    `unclaimed` entity must not exist yet. `stored_version` is the version that it changes, 0 if
    there was none. `state` maps fields to JSON; None deletes one, as it does in `seen`. `journal`
    and `seqs` are by channel. `history_length` and `audit_length` count all entries, those of this
    commit included; `refusals` is empty if unchanged. `dropped_results` are removed, new ones among
    them. All bytes are JSON, and come back as they are. `cleared` entries leave the outbox. `due`
    is the earliest time (epoch seconds) of what remains in it, or None. An `is_final` entity
    expires after the store's retention, or after a day if it `is_short_lived`. `now` is the time of
    the host (epoch seconds). Version 0 is an entity that does not exist: only its results are kept,
    for a day.
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
    """Entities: claims, commits, and what is read of them without a claim."""

    async def claim(self, addresses: Sequence[Address]) -> list[StoredEntity]:
        """Become the owner of entities and load them; older owners' commits are refused."""

    async def fencing_tokens(self, addresses: Sequence[Address]) -> list[int | None]:
        """The fencing token of each entity, None if it was never claimed."""

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        """Store all entities of a restaurant together; answers with the restaurants that were
        fenced, of which nothing was written. Never sent twice."""

    async def acknowledge_outbox(
        self, entries: Sequence[tuple[Address, Sequence[str], float | None]]
    ) -> None:
        """Remove delivered outbox entries: (source, entries, the next due time)."""

    async def journal(self, reads: Sequence[tuple[Topic, int, int]]) -> list[list[bytes] | None]:
        """For (topic, since, seq) the frames since + 1 … seq, None where some of them are gone."""

    async def history(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        """The last `limit` events before the position `before`, oldest first, with positions.

        Positions count from the entity's first event, and stay when old events are dropped.
        """

    async def audit(
        self, address: Address, *, limit: int, before: int | None = None
    ) -> list[tuple[int, bytes]]:
        """The audit, in the same way."""

    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
        """Entities with something in their outbox that was due before (epoch seconds)."""


class DirectoryStore(Protocol):
    """The way to find and to create entities: ids, codes and idempotency keys."""

    async def restaurant_of(self, wanted: Sequence[tuple[Kind, int]]) -> list[int | None]:
        """The restaurant of each id, None where there is no such entity."""

    async def restaurants(self) -> list[int]:
        """The ids of all restaurants, in two round trips."""

    async def reserve(self, count: Mapping[Kind, int]) -> dict[Kind, range]:
        """So many new ids of each kind, none of which anybody was given before."""

    async def register(self, addresses: Sequence[Address]) -> None:
        """Write the directory entries of entities about to be created."""

    async def reserve_code(self, code: str, session: Address) -> bool:
        """Take a session code; False where it is taken. It is free again a week after the retention
        of a session opened now."""

    async def session_of_code(self, code: str) -> Address | None:
        """The session that a code was taken for."""

    async def idempotent_id(self, caller: str, key: str, id_: int) -> int:
        """The id first stored under an idempotency key, kept for a day; `id_` if there is none.
        Takes two round trips if the previous release names the key differently."""

    async def consume_guess(self, who: str, count: int, *, every_s: float, burst: int) -> bool:
        """Count a client's guesses, for all gateways. Returns False, and counts none, if they
        exceed its limit: one every `every_s` seconds, `burst` in a row. -1 takes one back."""


class TokenStore(Protocol):
    """Registered tokens, and the credentials that apply to all of them."""

    async def credentials(self) -> Credentials:
        """The credentials of the store. The first call starts the registration of tokens."""

    async def register_token(self, token_id: int, row: bytes) -> None:
        """List a token. `row` describes it."""

    async def tokens(self) -> dict[int, bytes]:
        """The rows of all listed tokens, expired ones included."""

    async def lists_tokens(self, token_ids: Sequence[int]) -> list[bool]:
        """Whether each of these tokens is listed."""

    async def remove_tokens(self, token_ids: Sequence[int]) -> int:
        """Remove tokens from the list. Returns how many were listed."""


class Store(EntityStore, DirectoryStore, TokenStore, Protocol):
    """Every method is one round trip unless it says otherwise, and raises StoreUnavailable."""

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Whether `holder` has the lease, for so many seconds more."""

    async def ping(self) -> None:
        """Whether the store answers."""

    async def check(self) -> StoreStatus:
        """Check with a small write on each server that the store takes writes, and return its
        status. Raises StoreUnavailable if a server refuses. Takes a few round trips."""

    async def close(self) -> None: ...
