"""The names of keys in the store.

All keys of a restaurant have its hash tag, so a cluster keeps them in one slot and a commit can
write any of them.
"""

from protocol.caller import previous_subject
from protocol.ids import Address, Kind

BUCKET = 512
"""Number of ids in one directory hash. The store encodes small hashes compactly."""


def entity(address: Address) -> str:
    """The hash of an entity. Its other keys are this name with a suffix."""
    return f"rq:{{{address.restaurant}}}:{address.kind.value}:{address.id}"


def due(restaurant: int) -> str:
    """The due index: the sorted set of a restaurant's entities whose outbox is not empty, by the
    time at which the first entry is due."""
    return f"rq:{{{restaurant}}}:due"


def counter(kind: Kind) -> str:
    """The last id issued in a kind."""
    return f"rq:ids:{kind.value}"


def counter_replication_id(kind: Kind) -> str:
    """The server's replication id when a kind's last id was issued. It has the counter's slot."""
    return f"{{{counter(kind)}}}:life"


def order_numbers(restaurant: int, date: str) -> str:
    """The last order number issued for a restaurant's business date."""
    return f"rq:{{{restaurant}}}:numbers:{date}"


def order_numbers_replication_id(restaurant: int) -> str:
    """The server's replication id when a restaurant's last order number was issued."""
    return f"rq:{{{restaurant}}}:numbers:life"


def directory(kind: Kind, id_: int) -> str:
    """The directory hash that maps this id, and others of its bucket, to restaurants."""
    return f"rq:dir:{kind.value}:{id_ // BUCKET}"


def code(session_code: str) -> str:
    """The session that a session code belongs to."""
    return f"rq:code:{session_code}"


def idempotency_key(caller: str, key: str) -> str:
    """The id created under a caller's idempotency key. Colons in the key are escaped, so the last
    colon separates caller and key, and each pair has a name of its own."""
    escaped = key.replace("%", "%25").replace(":", "%3A")
    return f"rq:named:{caller}:{escaped}"


def previous_idempotency_key(caller: str, key: str) -> str:
    """The name that the previous release uses. It differs for keys with colons or percent signs,
    and for callers with long subjects."""
    return f"rq:named:{previous_subject(caller)}:{key}"


def guesses(client: str) -> str:
    """The rate limit state of a client's wrong codes."""
    return f"rq:guesses:{client}"


def credentials() -> str:
    """The hash with the state of `Credentials`."""
    return "rq:credentials"


def tokens() -> str:
    """The hash of registered tokens, by their ids."""
    return "rq:tokens"


def lease(name: str) -> str:
    """The holder of a lease."""
    return f"rq:lease:{name}"


def backup() -> str:
    """The time of the last recorded backup, in epoch seconds."""
    return "rq:backup"


def probe(number: int) -> str:
    """A key that is written to check whether a server accepts writes. In a cluster, the number
    determines the server."""
    return f"rq:probe:{number}"
