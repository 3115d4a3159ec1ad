"""Two ends of a stream in one process, joined by transports in memory."""

import asyncio
from collections.abc import Callable
from typing import Any

Passes = Callable[[bytes], bool]
"""Whether data reaches the other end; if not, the connection is lost."""


class Pipe:
    """A connection between two protocols, whose data arrives in the next iteration of the loop."""

    def __init__(
        self, near: asyncio.Protocol, far: asyncio.Protocol, forth: Passes, back: Passes
    ) -> None:
        self._ends = (_End(self, near, forth), _End(self, far, back))
        self._ends[0].other, self._ends[1].other = self._ends[1], self._ends[0]
        for end in self._ends:
            end.protocol.connection_made(end)
        self.is_open = True

    def cut(self) -> None:
        """Lose the connection, and what is on its way."""
        if self.is_open:
            self.is_open = False
            for end in self._ends:
                asyncio.get_running_loop().call_soon(end.protocol.connection_lost, None)


class _End(asyncio.Transport):
    other: "_End"

    def __init__(self, pipe: Pipe, protocol: asyncio.Protocol, passes: Passes) -> None:
        super().__init__()
        self.protocol = protocol
        self._pipe, self._passes = pipe, passes

    def write(self, data: Any) -> None:
        if not self._pipe.is_open:
            return
        if self._passes(bytes(data)):
            asyncio.get_running_loop().call_soon(self._arrive, bytes(data))
        else:
            self._pipe.cut()

    def _arrive(self, data: bytes) -> None:
        if self._pipe.is_open:
            self.other.protocol.data_received(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return not self._pipe.is_open

    def close(self) -> None:
        asyncio.get_running_loop().call_soon(self._pipe.cut)

    def abort(self) -> None:
        self._pipe.cut()
