"""Every error and close code, in one table each: what it means and who may retry."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


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
    ORDERING_PAUSED = "ordering_paused"
    INVALID_OPTIONS = "invalid_options"
    PRICE_CHANGED = "price_changed"
    TOO_LARGE = "too_large"
    INTERNAL_ERROR = "internal_error"
    UNAVAILABLE = "unavailable"


class ErrorRule(NamedTuple):
    """The HTTP status of a code, and whether sending the same request again can help."""

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
    Code.ORDERING_PAUSED: ErrorRule(409, retry=False),
    Code.INVALID_OPTIONS: ErrorRule(422, retry=False),
    Code.PRICE_CHANGED: ErrorRule(409, retry=False),
    Code.TOO_LARGE: ErrorRule(413, retry=False),
    Code.INTERNAL_ERROR: ErrorRule(500, retry=False),
    Code.UNAVAILABLE: ErrorRule(503, retry=True),
}

RETRYABLE_CODES = frozenset(code for code, rule in ERRORS.items() if rule.retry)
ANSWER_FIELDS = ("changed", "data", "token", "url", "openapi")
"""Each JSON answer of the HTTP API that is no error has one of them. An answer without any comes
from an intermediary."""


class CloseCode(IntEnum):
    """Why a connection was ended."""

    TOO_LARGE = 1009
    RESTART = 1012
    BAD_REQUEST = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408
    RATE_LIMITED = 4429


CLIENT_ACTIONS: dict[CloseCode, str] = {
    CloseCode.TOO_LARGE: "send smaller messages",
    CloseCode.RESTART: "reconnect and resume",
    CloseCode.BAD_REQUEST: "mend the path or the query",
    CloseCode.UNAUTHENTICATED: "get a new token, then resume",
    CloseCode.FORBIDDEN: "give up",
    CloseCode.NOT_FOUND: "give up",
    CloseCode.TOO_SLOW: "reconnect and resume with `since`",
    CloseCode.RATE_LIMITED: "wait, then reconnect",
}
"""The action of a client, by the code that closed its connection."""
