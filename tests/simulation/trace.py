"""Records what happened, in order; formatted only on request."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from tests.simulation.loop import SimLoop


class Trace:
    """Everything that a replay must repeat: messages, commits, frames, faults, responses."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._entries: list[tuple[float, str, tuple[Any, ...]]] = []

    def add(self, what: str, *details: Any) -> None:
        self._entries.append((self._loop.time(), what, details))

    def lines(self, format_detail: Callable[[Any], str] = repr) -> Iterator[str]:
        for at, what, details in self._entries:
            yield f"{at:10.4f}  {what:<9} " + " ".join(map(format_detail, details))

    def digest(self) -> str:
        """The same for the same seed in every process."""
        digest = blake2b(digest_size=16)
        for line in self.lines():
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()
