"""What a message may be, whatever it says: its size, how deep it is nested, its longest text.

Each kind of message has bounds of its own in `values.py` and `commands.py`; these hold for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from protocol.errors import Code, Rejected

MAX_FRAME_BYTES = 64 * 1024
"""What a message may have at most; clients know it, too."""
DEEPEST = 8
"""No message of the protocol is nested as deep."""
MOST_FIELDS = 50
"""No object of the protocol has as many."""
LONGEST_PLACE = 120


@dataclass(frozen=True, slots=True)
class Beyond(Rejected):
    """A refusal of what is over a limit; `limit` is what that is called where they are counted."""

    limit: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of a frame, objects and lists inside one another, characters of a text, and values in
    all, of which the largest order has five hundred."""

    max_bytes: int = MAX_FRAME_BYTES
    max_depth: int = 16
    max_text: int = 1000
    max_values: int = 5000

    def refusal(self, message: Any) -> Beyond | None:
        """Why a message of plain JSON values is beyond them, or None. Looks no further than that,
        and takes no more memory than the message does."""
        nested = [_Nested(None, "", message)] if isinstance(message, dict | list) else []
        seen = 0
        for _ in range(self.max_depth):
            inner: list[_Nested] = []
            for outer in nested:
                seen += len(outer.value)
                if seen > self.max_values:
                    return beyond("values", "", f"at most {self.max_values} values in all")
                if isinstance(outer.value, dict) and len(outer.value) > MOST_FIELDS:
                    return beyond("values", outer.place(), f"at most {MOST_FIELDS} fields")
                for name, value in outer.parts():
                    if isinstance(value, dict | list):
                        inner.append(_Nested(outer, name, value))
                    elif isinstance(value, str) and len(value) > self.max_text:
                        place = _Nested(outer, name, value).place()
                        return beyond("text", place, f"at most {self.max_text} characters")
            nested = inner
        if nested:
            what = f"at most {self.max_depth} objects and lists in another"
            return beyond("depth", nested[0].place(), what)
        return None


BOUNDS = Bounds()


class _Nested(NamedTuple):
    """A value and where it is: many are looked at, and the place of one is told."""

    outer: Optional["_Nested"]
    name: str | int
    value: Any

    def parts(self) -> Iterable[tuple[str | int, Any]]:
        value = self.value
        return value.items() if isinstance(value, dict) else enumerate(value)

    def place(self) -> str:
        names: list[str] = []
        at = self
        while at.outer is not None:
            names.append(str(at.name)[:LONGEST_PLACE])
            at = at.outer
        return ".".join(reversed(names))


def too_large(limit: int, what: str = "message") -> Beyond:
    """`what` is what was sent."""
    said = f"The {what} is larger than {limit} bytes."
    return Beyond(Code.TOO_LARGE, said, {"max_bytes": limit}, what)


def misplaced(place: str, what: str) -> Rejected:
    """A refusal of what is wrong at one place of a message; clients choose names as long as they
    like."""
    place = place[:LONGEST_PLACE] or "message"
    return Rejected(Code.INVALID_MESSAGE, f"{place}: {what}.", {"field": place})


def beyond(limit: str, place: str, what: str) -> Beyond:
    """The same of what is over a limit."""
    refused = misplaced(place, what)
    return Beyond(refused.code, refused.error, refused.details, limit)
