"""The names of keys.

All keys of one restaurant share its hash tag, so that a cluster keeps them in one slot and a commit
may touch any of them.
"""

from protocol.caller import previous_subject
from protocol.ids import Address, Kind

BUCKET = 512
"""Ids in one directory hash; small hashes are stored compactly."""


def entity(address: Address) -> str:
    """The hash of an entity; its other keys are this with a suffix."""
    return f"rq:{{{address.restaurant}}}:{address.kind.value}:{address.id}"


def due(restaurant: int) -> str:
    """The sorted set of a restaurant's entities with something in their outbox."""
    return f"rq:{{{restaurant}}}:due"


def counter(kind: Kind) -> str:
    """The last id given out in a kind."""
    return f"rq:ids:{kind.value}"


def counter_replication_id(kind: Kind) -> str:
    """The server's replication id when a kind's last id was given out; beside its counter."""
    return f"{{{counter(kind)}}}:life"


def directory(kind: Kind, id_: int) -> str:
    """The hash that names the restaurant of an id and its neighbours."""
    return f"rq:dir:{kind.value}:{id_ // BUCKET}"


def code(session_code: str) -> str:
    return f"rq:code:{session_code}"


def idempotency_key(caller: str, key: str) -> str:
    """The field of a caller's idempotency key. It is unique for caller and key: colons of the key
    are escaped, so the last colon ends the caller."""
    escaped = key.replace("%", "%25").replace(":", "%3A")
    return f"rq:named:{caller}:{escaped}"


def previous_idempotency_key(caller: str, key: str) -> str:
    """The same in the previous release, which differs for keys with colons and long subjects."""
    return f"rq:named:{previous_subject(caller)}:{key}"


def guesses(who: str) -> str:
    return f"rq:guesses:{who}"


def credentials() -> str:
    """The hash with the state that applies to all tokens and printed codes."""
    return "rq:credentials"


def tokens() -> str:
    """The hash of registered tokens, by their ids."""
    return "rq:tokens"


def lease(name: str) -> str:
    return f"rq:lease:{name}"


def backup() -> str:
    """When the last backup was made, in epoch seconds."""
    return "rq:backup"


def probe(number: int) -> str:
    """A key written to check whether a server takes writes. Each server of a cluster has some."""
    return f"rq:probe:{number}"
