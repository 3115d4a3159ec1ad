"""Limits of every message: its size, its nesting, its longest string, its number of values.

The limits of single fields and lists are in `values.py` and `commands.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from protocol.errors import Code, Rejected
from restaurant_qr_wire.channels import MAX_FRAME_BYTES

MAX_DEPTH = 8
"""Nesting that the protocol's own messages do not exceed: the lowest limit that can be set."""
MAX_FIELDS = 50
"""Maximum number of fields of an object. The protocol's own objects have fewer."""
MAX_PATH_CHARS = 120
"""Error messages contain this much of a path, because clients choose the names in it."""


@dataclass(frozen=True, slots=True)
class LimitExceeded(Rejected):
    """A refusal of a message that exceeds a limit. `limit` is the label value of the metric that
    counts violations."""

    limit: str = ""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """The maximum size of a frame in bytes, nesting of objects and lists, characters of a string,
    and number of values. The largest order has 500 values."""

    max_bytes: int = MAX_FRAME_BYTES
    max_depth: int = 16
    max_text: int = 1000
    max_values: int = 5000

    def refusal(self, message: Any) -> LimitExceeded | None:
        """A refusal of a decoded message that exceeds a limit, or None. Stops at the first
        violation, and uses no more memory than the message."""
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
                for name, value in outer.children():
                    if isinstance(value, dict | list):
                        inner.append(_Nested(outer, name, value))
                    elif isinstance(value, str) and len(value) > self.max_text:
                        path = _Nested(outer, name, value).path()
                        return limit_exceeded("text", path, f"at most {self.max_text} characters")
            nested = inner
        if nested:
            what = f"at most {self.max_depth} nested objects and lists"
            return limit_exceeded("depth", nested[0].path(), what)
        return None


DEFAULT_LIMITS = MessageLimits()


class _Nested(NamedTuple):
    """A nested value and its position, from which `path` makes a text when it is needed."""

    outer: Optional["_Nested"]
    name: str | int
    value: Any

    def children(self) -> Iterable[tuple[str | int, Any]]:
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
    """A refusal of a message or body that is larger than `limit` bytes. `what` is also the label
    value of the metric."""
    error = f"The {what} is larger than {limit} bytes."
    return LimitExceeded(Code.TOO_LARGE, error, {"max_bytes": limit}, what)


def invalid_field(path: str, what: str) -> Rejected:
    """A refusal of a message whose value at `path` is invalid. `what` follows the path in the
    sentence."""
    path = path[:MAX_PATH_CHARS] or "message"
    return Rejected(Code.INVALID_MESSAGE, f"{path}: {what}.", {"field": path})


def limit_exceeded(limit: str, path: str, what: str) -> LimitExceeded:
    """A refusal of a message whose value at `path` exceeds a limit."""
    refused = invalid_field(path, what)
    return LimitExceeded(refused.code, refused.error, refused.details, limit)
