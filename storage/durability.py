"""The durability that a write must have before the application relies on it."""

from enum import StrEnum
from typing import Any

from redis.exceptions import RedisError

_OF_TIMEOUT = 0.8
"""The share of the client's patience that the server may wait: its answer must still arrive."""


class Durability(StrEnum):
    """How far a write has come when it is acknowledged.

    `store`: into the store, whose `appendfsync` says how soon it is on disk (`everysec`: within a
    second or two). `disk`: onto its disk. `replica`: into the store and one replica.
    """

    STORE = "store"
    DISK = "disk"
    REPLICA = "replica"


class NotConfirmed(RedisError):
    """A write is in the store, and not yet where it must be: what came of it is unknown."""


class Confirmation:
    """The command that follows writes on their connection, and what its answer must be."""

    def __init__(self, durability: Durability, timeout_s: float) -> None:
        timeout_ms = max(1, int(timeout_s * _OF_TIMEOUT * 1000))
        self._durability = durability
        self.command: tuple[str | int, ...] = (
            ("WAITAOF", 1, 0, timeout_ms)
            if durability is Durability.DISK
            else ("WAIT", 1, timeout_ms)
        )

    def check(self, answer: Any) -> None:
        """Raises what went wrong, or NotConfirmed."""
        if isinstance(answer, Exception):
            raise answer
        reached = answer[0] if isinstance(answer, list) else answer
        if not reached:
            raise NotConfirmed(
                f"the write did not reach the {self._durability.value} in time, "
                f"which the setting durability={self._durability.value} asks for"
            )
