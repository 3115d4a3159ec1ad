"""The exceptions that this client raises."""

from collections.abc import Mapping
from typing import Any

from restaurant_qr_wire.errors import RETRYABLE_CODES


class RestaurantQRError(Exception):
    """The base class of all exceptions of this client."""


class RefusedError(RestaurantQRError):
    """The service rejected a request: `code` is for programs, the text is for people."""

    def __init__(self, error: str, code: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(error)
        self.code = code
        self.details = dict(details or {})

    @property
    def is_final(self) -> bool:
        """Whether the request is known to have had no effect.

        After `unauthenticated`, an earlier attempt with the same key may have had one, because the
        service checks the token before the key."""
        return self.code not in RETRYABLE_CODES and self.code != "unauthenticated"


class UnreachableError(RestaurantQRError):
    """The service does not answer, or an intermediary answers instead. A change may have
    taken effect: retry with the same key."""


class ClosedError(RestaurantQRError):
    """The channel is closed for good; `code` is the close code, 1000 if this client closed it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"closed with {code}")
        self.code = code


class QueueFullError(RestaurantQRError):
    """Too many actions wait for the connection. This one was not queued."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} actions already wait for the connection")
        self.limit = limit


class SlowConsumerError(RestaurantQRError):
    """Too many messages wait in an iterator. Iterate again, and refresh your data."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} messages wait in the iterator")
        self.limit = limit
