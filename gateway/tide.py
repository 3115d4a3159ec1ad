"""What is written to sockets in one turn of the event loop leaves in one system call each."""

import asyncio
import logging
from typing import Protocol
from weakref import WeakKeyDictionary

log = logging.getLogger(__name__)


class Flushed(Protocol):
    """What was written to."""

    def flush(self) -> None: ...


class Tide:
    """All of one event loop. An ack comes a turn of the loop after its events, and leaves along."""

    def __init__(self) -> None:
        self._waiting: list[Flushed] = []

    def soon(self, written: Flushed) -> None:
        """Flush it, after this turn and the next."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._run)
        self._waiting.append(written)

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        for written in waiting:
            try:
                written.flush()
            except Exception:
                log.exception("a socket could not be written to; the others were")


_tides: "WeakKeyDictionary[asyncio.AbstractEventLoop, Tide]" = WeakKeyDictionary()


def tide_of(loop: asyncio.AbstractEventLoop) -> Tide:
    tide = _tides.get(loop)
    if tide is None:
        tide = _tides[loop] = Tide()
    return tide
