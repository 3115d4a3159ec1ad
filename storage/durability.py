"""The durability that a write must reach before it is acknowledged."""

from enum import StrEnum
from typing import Any

from redis.exceptions import RedisError

_TIMEOUT_SHARE = 0.8
"""The server waits for this share of the client's timeout, so that its reply arrives in time."""


class Durability(StrEnum):
    """The stage that a write must reach before it is acknowledged.

    `store`: in the store. Its `appendfsync` determines when the write is on disk (`everysec`:
    within two seconds). `disk`: on the store's disk. `replica`: in the store and one replica.
    """

    STORE = "store"
    DISK = "disk"
    REPLICA = "replica"


class NotConfirmed(RedisError):
    """A write is in the store, but has not reached its durability in time. Its outcome is
    unknown."""


class Confirmation:
    """Confirms the durability of earlier writes of a connection: `command` follows them, and
    `check` evaluates its reply."""

    def __init__(self, durability: Durability, timeout_s: float) -> None:
        timeout_ms = max(1, int(timeout_s * _TIMEOUT_SHARE * 1000))
        self._durability = durability
        self.command: tuple[str | int, ...] = (
            ("WAITAOF", 1, 0, timeout_ms)
            if durability is Durability.DISK
            else ("WAIT", 1, timeout_ms)
        )

    def check(self, reply: Any) -> None:
        """Raise NotConfirmed if the writes are not durable yet, or the error that is the reply."""
        if isinstance(reply, Exception):
            raise reply
        confirmations = reply[0] if isinstance(reply, list) else reply
        if not confirmations:
            raise NotConfirmed(
                f"the write did not reach the {self._durability.value} in time, as the setting "
                f"durability={self._durability.value} requires"
            )
