"""What a message may be, whatever it says: its size, how deep it is nested, its longest text.

Each kind of message has bounds of its own in `values.py` and `commands.py`; these hold for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from protocol.errors import Code, Rejected

MAX_FRAME_BYTES = 64 * 1024
"""What a message may have at most; clients know it, too."""
DEEPEST = 8
"""No message of the protocol is nested as deep."""
LONGEST_PLACE = 120


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of a frame, objects and lists inside one another, characters of a text."""

    max_bytes: int = MAX_FRAME_BYTES
    max_depth: int = 16
    max_text: int = 1000

    def refusal(self, message: Any) -> Rejected | None:
        """Why a message of plain JSON values is beyond them, or None."""
        nested = _nested([("", message)])
        for _ in range(self.max_depth):
            parts = [part for place, value in nested for part in _parts(place, value)]
            for place, value in parts:
                if isinstance(value, str) and len(value) > self.max_text:
                    return _beyond(place, f"at most {self.max_text} characters")
            nested = _nested(parts)
        if nested:
            return _beyond(nested[0][0], f"at most {self.max_depth} objects and lists in another")
        return None


BOUNDS = Bounds()


def _nested(parts: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [part for part in parts if isinstance(part[1], dict | list)]


def _parts(place: str, value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    """What a value consists of, each part with its place in the message."""
    if isinstance(value, dict):
        return ((f"{place}.{name}" if place else name, part) for name, part in value.items())
    return ((f"{place}.{at}" if place else str(at), part) for at, part in enumerate(value))


def too_large(limit: int) -> Rejected:
    return Rejected(
        Code.TOO_LARGE, f"The message is larger than {limit} bytes.", {"max_bytes": limit}
    )


def _beyond(place: str, what: str) -> Rejected:
    place = place[:LONGEST_PLACE]
    return Rejected(Code.INVALID_MESSAGE, f"{place}: {what}.", {"field": place})
