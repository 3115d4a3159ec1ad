"""Refusals. Error codes and close codes are in `restaurant_qr_wire/errors.py`.

A refusal is a value (`Rejected`), never an exception: it crosses processes unchanged and loses
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic requires this one on Python 3.11

from restaurant_qr_wire.errors import CLIENT_ACTIONS, ERRORS, CloseCode, Code

__all__ = ["CLIENT_ACTIONS", "ERRORS", "UNAVAILABLE", "CloseCode", "Code", "Error", "Rejected"]


class Error(TypedDict):
    """The error message, sent only to the caller. `error` is a sentence for people, `code` is for
    programs."""

    error: str
    code: Code
    request_id: NotRequired[str]
    details: NotRequired[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal of a command: a code for programs, a sentence for people, and details."""

    code: Code
    error: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """The error message for the wire."""
        body: dict[str, Any] = {"error": self.error, "code": self.code.value}
        if request_id is not None:
            body["request_id"] = request_id
        if self.details:
            body["details"] = dict(self.details)
        return body

    @property
    def close_code(self) -> CloseCode:
        """The code of sockets that are closed for this reason."""
        return _CLOSE_CODES.get(self.code, CloseCode.BAD_REQUEST)


_CLOSE_CODES = {
    Code.UNAUTHENTICATED: CloseCode.UNAUTHENTICATED,
    Code.FORBIDDEN: CloseCode.FORBIDDEN,
    Code.NOT_FOUND: CloseCode.NOT_FOUND,
    Code.RATE_LIMITED: CloseCode.RATE_LIMITED,
    Code.UNAVAILABLE: CloseCode.RESTART,
}
UNAVAILABLE = Rejected(
    Code.UNAVAILABLE,
    "Cannot do this now because the store or a host is unavailable. "
    "Send it again with the same request_id.",
)
