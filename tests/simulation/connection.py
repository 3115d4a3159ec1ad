"""A connection between two processes: bytes arrive in order, late, in pieces, or only partly.

Each end's protocol runs in that end's process. If one end is lost, the other is notified after a
delay, or never: then only silence reveals it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from engine.streams import MAX_BUFFER_BYTES
from tests.simulation.faults import Faults
from tests.simulation.loop import Process

MAX_PIECES = 4
SLOW_GAP_S = 2.5
"""Seconds between two arrivals on a slow connection; shorter than the stream's timeout."""
VERY_LATE_S = 18.0
"""Seconds; longer than a gateway waits for a reply."""


class Connection:
    """Two ends. `far` creates the far end's protocol when the connection reaches it."""

    def __init__(
        self,
        near: tuple[Process, asyncio.Protocol],
        far: tuple[Process, Callable[[], asyncio.Protocol]],
        rng: Random,
        faults: Faults,
    ) -> None:
        self._rng, self._faults = rng, faults
        self._is_cut = False
        self._near, self._far = _End(self, near[0]), _End(self, far[0])
        self._near.other, self._far.other = self._far, self._near
        self._near.open(lambda: near[1])
        self._far.schedule(partial(self._far.open, far[1]), self._delay())

    def connects(self, process: Process) -> bool:
        """Whether one of the ends belongs to the process."""
        return process in (self._near.process, self._far.process)

    def cut(self) -> None:
        """Break both directions; the last bytes in transit may be lost."""
        if self._is_cut:
            return
        self._is_cut = True
        for end in (self._near, self._far):
            end.drop_tail(self._rng)
            if not self._faults.happens("stream_end_unnoticed"):
                end.schedule(end.end, self._rng.random() * self._rng.choice((0.01, 0.5, 3.0)))

    def transmit(self, to: "_End", data: bytes) -> None:
        """Send data to an end."""
        if self._is_cut:
            return
        rng, happens = self._rng, self._faults.happens
        if happens("stream_cut"):
            self._transmit_piece(to, data[: rng.randrange(len(data) + 1)])
            self.cut()
            return
        if happens("stream_late"):
            late_s = rng.random() * rng.choice((0.5, 2.0, 8.0, VERY_LATE_S + 2.0))
            self._near.pause(late_s)
            self._far.pause(late_s)
        if happens("stream_slow"):
            to.slow_down(rng.random() * 2 * VERY_LATE_S)
        pieces = 1 + rng.randrange(MAX_PIECES) if happens("frame_split") else 1
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(pieces - 1))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            self._transmit_piece(to, data[start:end])

    def close_end(self, end: "_End", *, at_once: bool) -> None:
        """Close one end. With `at_once`, the last bytes it sent may be lost."""
        if not self._is_cut:
            if at_once:
                end.other.drop_tail(self._rng)
            end.other.schedule(end.other.end, self._delay())

    def is_full(self, end: "_End") -> bool:
        """Whether the send buffer towards an end counts as full."""
        return end.is_late() and self._faults.happens("stream_full")

    def _transmit_piece(self, to: "_End", data: bytes) -> None:
        if data:
            to.schedule(partial(to.receive, data), self._delay())

    def _delay(self) -> float:
        return 0.0001 + self._rng.random() * 0.001


class _End(asyncio.Transport):
    """One end and the data in transit to it."""

    other: "_End"

    def __init__(self, connection: Connection, process: Process) -> None:
        super().__init__()
        self.process = process
        self._connection = connection
        self._protocol: asyncio.Protocol | None = None
        self._is_closed = False
        self._loop = asyncio.get_running_loop()
        self._arriving: deque[Callable[[], None]] = deque()
        self._last_at = self._paused_until = self._slow_until = 0.0

    # --- for its process -------------------------------------------------------------------------

    def write(self, data: Any) -> None:
        if not self._is_closed:
            self._connection.transmit(self.other, bytes(data))

    def get_write_buffer_size(self) -> int:
        return MAX_BUFFER_BYTES + 1 if self._connection.is_full(self.other) else 0

    def is_closing(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._close(at_once=False)

    def abort(self) -> None:
        self._close(at_once=True)

    def _close(self, *, at_once: bool) -> None:
        if not self._is_closed:
            self._connection.close_end(self, at_once=at_once)
            self._is_closed = True
            self.process.later(0.0, self._closed)

    def _closed(self) -> None:
        if self._protocol is not None:
            self._protocol.connection_lost(None)

    # --- for the network -------------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        """Delay everything sent from now on by that many seconds."""
        self._paused_until = max(self._paused_until, self._loop.time() + seconds)

    def slow_down(self, seconds: float) -> None:
        """Deliver data sent within that time ever later, without a gap that counts as silence."""
        self._slow_until = self._loop.time() + seconds

    def is_late(self) -> bool:
        return self._last_at > self._loop.time() + 1.0

    def schedule(self, call: Callable[[], None], delay: float) -> None:
        """Schedule a call in this end's process, after all earlier ones."""
        now = self._loop.time()
        at = max(now + delay, self._paused_until, self._last_at)
        if now < self._slow_until:
            at = max(at, min(self._last_at + SLOW_GAP_S, now + VERY_LATE_S))
        self._last_at = at
        self._arriving.append(call)
        self.process.later(at - now, self._arrive)

    def drop_tail(self, rng: Random) -> None:
        """Drop a random number of the last items in transit."""
        for _ in range(rng.randrange(len(self._arriving) + 1)):
            self._arriving.pop()

    def _arrive(self) -> None:
        if self._arriving:
            self._arriving.popleft()()

    def open(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = make()
        self._protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        if not self._is_closed and self._protocol is not None:
            self._protocol.data_received(data)

    def end(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._closed()
