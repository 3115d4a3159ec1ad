"""Everything that this client raises, cancellation apart."""

from collections.abc import Mapping
from typing import Any

from restaurant_qr_client.protocol import RETRIED


class RestaurantQRError(Exception):
    """The base of them all."""


class RefusedError(RestaurantQRError):
    """The service has refused: `code` is for programs, the text is a sentence for a person."""

    def __init__(self, error: str, code: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(error)
        self.code = code
        self.details = dict(details or {})

    @property
    def is_final(self) -> bool:
        """Whether the request is known to have had no effect. After
        `unauthenticated`, an earlier try with the same key may have had one, because the service
        checks the token before the key."""
        return self.code not in RETRIED and self.code != "unauthenticated"


class UnreachableError(RestaurantQRError):
    """The service does not answer, or an intermediary answers instead. A change may have taken
    effect all the same: retry with the same key."""


class ClosedError(RestaurantQRError):
    """The channel is closed for good; `code` is the close code, 1000 where this side closed it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"closed with {code}")
        self.code = code


class QueueFullError(RestaurantQRError):
    """Too many actions wait for the connection already. This one was not taken."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} actions wait for the connection already.")
        self.limit = limit


class BehindError(RestaurantQRError):
    """Who iterates is too slow: more waited than may. Iterate anew, and refresh what is known."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} messages waited to be taken.")
        self.limit = limit
