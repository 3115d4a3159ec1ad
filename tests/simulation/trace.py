"""What happened, in order: kept as it is, put into words only when somebody asks."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from tests.simulation.loop import SimLoop


class Trace:
    """Everything that a replay must repeat: messages, commits, frames, faults, answers."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._told: list[tuple[float, str, tuple[Any, ...]]] = []

    def tell(self, what: str, *details: Any) -> None:
        self._told.append((self._loop.time(), what, details))

    def lines(self, word: Callable[[Any], str] = repr) -> Iterator[str]:
        for at, what, details in self._told:
            yield f"{at:10.4f}  {what:<9} " + " ".join(map(word, details))

    def digest(self) -> str:
        """The same for the same seed, in every process."""
        digest = blake2b(digest_size=16)
        for line in self.lines():
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()
