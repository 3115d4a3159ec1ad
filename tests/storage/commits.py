"""Commits for tests, and helpers that read the store."""

from typing import Any

import redis

from protocol.ids import Address, Kind
from storage.store import EntityCommit, StoredEntity

ORDER = Address(Kind.ORDER, 123, 2)
SESSION = Address(Kind.SESSION, 7, 2)
OTHER_RESTAURANT = Address(Kind.ORDER, 124, 3)


def commit_of(address: Address, owner: int, version: int = 1, **changed: Any) -> EntityCommit:
    """A commit with these fields; the others change unchanged, and the fencing token is kept."""
    unchanged: dict[str, Any] = {
        "next_fencing_token": owner,
        "unclaimed": False,
        "stored_version": 0,
        "epoch": "e1",
        "state": {},
        "journal": {},
        "seqs": {},
        "history": [],
        "history_length": version,
        "audit": [],
        "audit_length": 0,
        "refusals": "",
        "results": [],
        "dropped_results": [],
        "outbox": {},
        "cleared": [],
        "last_effect": 0,
        "seen": {},
        "due": None,
        "is_final": False,
        "was_final": False,
        "now": 1_800_000_000.0,
    }
    return EntityCommit(address, owner, version=version, **{**unchanged, **changed})


def event(number: int, channel: str = "order") -> dict[str, Any]:
    """Fields of a commit that publishes one event."""
    return {"journal": {channel: [frame(number)]}, "seqs": {channel: number}}


def frame(number: int) -> bytes:
    return b'{"seq":%d}' % number


def without_fencing_token(loaded: StoredEntity) -> StoredEntity:
    """A claimed entity without its fencing token, to compare."""
    return loaded._replace(fencing_token=0)


def dump_all(client: redis.Redis) -> dict[bytes, Any]:
    """Dumps of all keys except the directory, whose entries are written first."""
    keys: Any = client.keys()
    return {key: client.dump(key) for key in keys if not key.startswith(b"rq:dir:")}


def seconds_left(client: redis.Redis) -> dict[str, int]:
    """Key -> seconds until it expires, -1 for never; without the directory, which never expires."""
    keys: Any = client.keys()
    left: dict[str, Any] = {
        key.decode(): client.ttl(key) for key in keys if not key.startswith(b"rq:dir:")
    }
    return left
