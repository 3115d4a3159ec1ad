"""Every error and close code, in one table each: what it means and who may retry.

A refusal is a value (`Rejected`), never an exception: it crosses processes unchanged and loses
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """The `code` of an error frame."""

    INVALID_JSON = "invalid_json"
    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_ACTION = "unknown_action"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    INVALID_TRANSITION = "invalid_transition"
    VERSION_CONFLICT = "version_conflict"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    TABLE_OCCUPIED = "table_occupied"
    TABLE_INACTIVE = "table_inactive"
    SESSION_CLOSED = "session_closed"
    UNSETTLED = "unsettled"
    OVERPAYMENT = "overpayment"
    RATE_LIMITED = "rate_limited"
    ITEM_UNAVAILABLE = "item_unavailable"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"


class ErrorRule(NamedTuple):
    """What a code means outside: its HTTP status, and whether sending the same again can help."""

    http_status: int
    retry: bool


ERRORS: dict[Code, ErrorRule] = {
    Code.INVALID_JSON: ErrorRule(400, retry=False),
    Code.INVALID_MESSAGE: ErrorRule(422, retry=False),
    Code.UNKNOWN_ACTION: ErrorRule(400, retry=False),
    Code.NOT_FOUND: ErrorRule(404, retry=False),
    Code.FORBIDDEN: ErrorRule(403, retry=False),
    Code.UNAUTHENTICATED: ErrorRule(401, retry=False),
    Code.INVALID_TRANSITION: ErrorRule(409, retry=False),
    Code.VERSION_CONFLICT: ErrorRule(409, retry=False),
    Code.IDEMPOTENCY_CONFLICT: ErrorRule(409, retry=False),
    Code.TABLE_OCCUPIED: ErrorRule(409, retry=False),
    Code.TABLE_INACTIVE: ErrorRule(409, retry=False),
    Code.SESSION_CLOSED: ErrorRule(409, retry=False),
    Code.UNSETTLED: ErrorRule(409, retry=False),
    Code.OVERPAYMENT: ErrorRule(409, retry=False),
    Code.RATE_LIMITED: ErrorRule(429, retry=True),
    Code.ITEM_UNAVAILABLE: ErrorRule(409, retry=False),
    Code.TOO_LARGE: ErrorRule(413, retry=False),
    Code.UNAVAILABLE: ErrorRule(503, retry=True),
}


class CloseCode(IntEnum):
    """Why a connection was ended."""

    RESTART = 1012
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    TOO_MANY = 4429


WHAT_NEXT: dict[CloseCode, str] = {
    CloseCode.RESTART: "reconnect and resume",
    CloseCode.MALFORMED: "mend the path or the query",
    CloseCode.UNAUTHENTICATED: "get a new token, then resume",
    CloseCode.FORBIDDEN: "give up",
    CloseCode.NOT_FOUND: "give up",
    CloseCode.TOO_SLOW: "reconnect and resume with `since`",
    CloseCode.TOO_MANY: "wait, then reconnect",
}
"""What the client of a closed connection does."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: one sentence for a person, one code for a program, and what explains it."""

    code: Code
    error: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """The error as it stands on the wire."""
        body: dict[str, Any] = {"error": self.error, "code": self.code.value}
        if request_id is not None:
            body["request_id"] = request_id
        if self.details:
            body["details"] = dict(self.details)
        return body


UNAVAILABLE = Rejected(
    Code.UNAVAILABLE,
    "The service cannot store this right now. Send it again with the same request_id.",
)
