"""One command of one person: what is asked for, and every answer that it got."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocol.caller import Role
from protocol.ids import Address

UNSURE = frozenset({"unavailable", "rate_limited"})
"""Codes after which the same is asked again."""


class Answer(NamedTuple):
    """Done (`code` is None), or refused with a code."""

    code: str | None
    changed: bool
    version: int
    result: dict[str, Any]
    data: Any = None


@dataclass(eq=False, slots=True)
class Wish:
    """`request_id` and `subject` stay the same however often it is sent, and wherever to.

    `path` is the HTTP request, or None for an action on a socket. `key` is what makes what it
    changes its own, such as the notes of an order.
    """

    number: int
    name: str
    to: Address
    role: Role
    subject: str
    request_id: str
    body: dict[str, Any]
    path: tuple[str, str] | None = None
    answers: list[Answer] = field(default_factory=list)
    sent: int = 0
    given_up: bool = False
    """A guest's, whose session was closed before the answer came: it may have been done."""

    @property
    def answer(self) -> Answer | None:
        return self.answers[0] if self.answers else None

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits for its answer."""
        return not (self.answers or self.given_up)

    def __str__(self) -> str:
        return f"{self.request_id}:{self.name}>{self.to}"
