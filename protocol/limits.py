"""Limits of any message: its size, its depth, its longest string.

Each kind of message has bounds of its own in `values.py` and `commands.py`; these hold for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from protocol.errors import Code, Rejected
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

MAX_DEPTH = 8
"""No message of the protocol is nested as deep."""
MAX_FIELDS = 50
"""No object of the protocol has as many."""
MAX_PATH_CHARS = 120


@dataclass(frozen=True, slots=True)
class LimitExceeded(Rejected):
    """A refusal of what is over a limit; `limit` is what that is called where they are counted."""

    limit: str = ""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """Bytes of a frame, objects and lists inside one another, characters of a text, and values in
    all, of which the largest order has five hundred."""

    max_bytes: int = MAX_FRAME_BYTES
    max_depth: int = 16
    max_text: int = 1000
    max_values: int = 5000

    def refusal(self, message: Any) -> LimitExceeded | None:
        """Why a message of plain JSON values is beyond them, or None. Looks no further than that,
        and takes no more memory than the message does."""
        nested = [_Nested(None, "", message)] if isinstance(message, dict | list) else []
        seen = 0
        for _ in range(self.max_depth):
            inner: list[_Nested] = []
            for outer in nested:
                seen += len(outer.value)
                if seen > self.max_values:
                    return limit_exceeded("values", "", f"at most {self.max_values} values in all")
                if isinstance(outer.value, dict) and len(outer.value) > MAX_FIELDS:
                    return limit_exceeded("values", outer.path(), f"at most {MAX_FIELDS} fields")
                for name, value in outer.parts():
                    if isinstance(value, dict | list):
                        inner.append(_Nested(outer, name, value))
                    elif isinstance(value, str) and len(value) > self.max_text:
                        path = _Nested(outer, name, value).path()
                        return limit_exceeded("text", path, f"at most {self.max_text} characters")
            nested = inner
        if nested:
            what = f"at most {self.max_depth} objects and lists in another"
            return limit_exceeded("depth", nested[0].path(), what)
        return None


DEFAULT_LIMITS = MessageLimits()


class _Nested(NamedTuple):
    """A nested value with its position, of which `path` makes a text only when it is needed."""

    outer: Optional["_Nested"]
    name: str | int
    value: Any

    def parts(self) -> Iterable[tuple[str | int, Any]]:
        value = self.value
        return value.items() if isinstance(value, dict) else enumerate(value)

    def path(self) -> str:
        names: list[str] = []
        at = self
        while at.outer is not None:
            names.append(str(at.name)[:MAX_PATH_CHARS])
            at = at.outer
        return ".".join(reversed(names))


def too_large(limit: int, what: str = "message") -> LimitExceeded:
    """`what` is what was sent."""
    said = f"The {what} is larger than {limit} bytes."
    return LimitExceeded(Code.TOO_LARGE, said, {"max_bytes": limit}, what)


def invalid_field(path: str, what: str) -> Rejected:
    """A refusal of what is wrong at one path in a message; clients choose names as long as they
    like."""
    path = path[:MAX_PATH_CHARS] or "message"
    return Rejected(Code.INVALID_MESSAGE, f"{path}: {what}.", {"field": path})


def limit_exceeded(limit: str, path: str, what: str) -> LimitExceeded:
    """The same of what is over a limit."""
    refused = invalid_field(path, what)
    return LimitExceeded(refused.code, refused.error, refused.details, limit)
