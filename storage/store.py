"""What the layers above ask of a store, and what it answers with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import NamedTuple, Protocol
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


OWNER_BITS = 62


def new_owner() -> int:
    """A fencing token, drawn and not counted: a server that lost the last second's writes, or an
    expired entity, would count to the same number again."""
    return randbits(OWNER_BITS)


def owner_after(owner: int) -> int:
    """The token that a commit leaves behind. No commit is taken twice, and none onto an older state
    than it was decided on: one that a server which lost its last second still has."""
    return owner + 1


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


class Loaded(NamedTuple):
    """What a claim brings.

    `owner` is the claim's fencing token, as good as unique. Without a stored state `exists` is
    False and `epoch` empty; where the server may have lost acknowledged writes since the entity was
    last claimed, the epoch is a new one. State fields are `<attribute>` or `<attribute>/<key>`.
    `events` counts its history, `audits` its audit; `refusals` is what was last written of those.
    `seen` is the last effect number of each source. Results come oldest first.
    """

    owner: int
    exists: bool
    version: int
    epoch: str
    events: int
    audits: int
    seqs: dict[str, int]
    state: dict[str, bytes]
    seen: dict[str, int]
    results: list[bytes]
    outbox: dict[str, bytes]
    last_effect: int
    refusals: str = ""


def nothing() -> Loaded:
    """What a claim would bring of an entity that does not exist, without asking the store."""
    return Loaded(new_owner(), False, 0, "", 0, 0, {}, {}, {}, [], {}, 0)


@dataclass(slots=True)
class EntityCommit:
    """One entity's part of a commit: only what changed.

    It is taken where `owner` is in force, and leaves `owner_after` in force; where an entity is
    `unclaimed`, it must not exist yet.
    `stored_version` is the version that it changes, 0 where there was none. `state` maps fields to
    JSON; None deletes one, as it does in `seen`. `journal` and `seqs` are by channel; `events`
    counts the history, this commit's included, as `audits` does the audit; `refusals` says how
    many of those were refused of late, nothing where that is as before. `dropped_results` are
    kept no longer, new ones among them. All bytes are JSON, and come back as they are. `cleared`
    leave the outbox. `due` is the earliest time (epoch seconds) of what is left in the outbox, None
    where nothing is. A `settled` entity expires after the store's retention, or after a day if it
    is `brief`. `now` is the time of the host (epoch seconds). Version 0 is an entity that does not
    exist: only its results are kept, for a day.
    """

    address: Address
    owner: int
    owner_after: int
    unclaimed: bool
    stored_version: int
    version: int
    epoch: str
    state: dict[str, bytes | None]
    journal: dict[str, list[bytes]]
    seqs: dict[str, int]
    history: list[bytes]
    events: int
    audit: list[bytes]
    audits: int
    refusals: str
    results: list[bytes]
    dropped_results: list[bytes]
    outbox: dict[str, bytes]
    cleared: list[str]
    last_effect: int
    seen: dict[str, int | None]
    due: float | None
    settled: bool
    was_settled: bool
    now: float
    brief: bool = False


class Store(Protocol):
    """Every method is one round trip unless it says otherwise, and raises StoreUnavailable."""

    async def claim(self, addresses: Sequence[Address]) -> list[Loaded]:
        """Become the owner of entities and load them; older owners' commits are refused."""

    async def owners(self, addresses: Sequence[Address]) -> list[int | None]:
        """Each entity's owner at this moment, None where nobody has claimed it."""

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        """Store all entities of a restaurant together; answers with the restaurants that were
        fenced, of which nothing was written. Never sent twice."""

    async def clear(self, entries: Sequence[tuple[Address, Sequence[str], float | None]]) -> None:
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
        """What is on record beside the history, in the same way."""

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

    async def named_id(self, caller: str, key: str, id_: int) -> int:
        """The id first stored under an idempotency key, kept for a day; `id_` if there is none.
        Takes two round trips if the previous release names the key differently."""

    async def guess(self, who: str, count: int, *, every_s: float, at_once: int) -> bool:
        """Whether somebody may guess so many times more, one every so many seconds and a few at
        once; then they are counted, for all gateways. -1: one is taken back."""

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

    async def overdue(self, restaurants: Sequence[int], before: float, limit: int) -> list[Address]:
        """Entities with something in their outbox that was due before (epoch seconds)."""

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Whether `holder` has the lease, for so many seconds more."""

    async def ping(self) -> None:
        """Whether the store answers."""

    async def check(self) -> StoreStatus:
        """Check with a small write on each server that the store takes writes, and return its
        status. Raises StoreUnavailable if a server refuses. Takes a few round trips."""

    async def close(self) -> None: ...
