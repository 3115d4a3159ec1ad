"""One command of a client, and every response to it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocol.caller import Role
from protocol.ids import Address

RETRYABLE_CODES = frozenset({"unavailable", "rate_limited"})
"""Codes after which the request is sent again."""


class Response(NamedTuple):
    """Success (`code` is None), or a rejection."""

    code: str | None
    changed: bool
    version: int
    result: dict[str, Any]
    data: Any = None


@dataclass(eq=False, slots=True)
class SimRequest:
    """`request_id` and `subject` are the same in every retry.

    `path` is the HTTP request, or None for an action on a socket. `key` makes the effect
    identifiable, such as an order's notes.
    """

    number: int
    name: str
    to: Address
    role: Role
    subject: str
    request_id: str
    body: dict[str, Any]
    path: tuple[str, str] | None = None
    responses: list[Response] = field(default_factory=list)
    sent: int = 0
    is_abandoned: bool = False
    """Whether the guest's session was closed before the response: the outcome is unknown."""

    @property
    def response(self) -> Response | None:
        return self.responses[0] if self.responses else None

    @property
    def is_open(self) -> bool:
        """Whether a client still waits for the response."""
        return not (self.responses or self.is_abandoned)

    def __str__(self) -> str:
        return f"{self.request_id}:{self.name}>{self.to}"
