"""One socket, outbound: straight to its wire; a bounded queue and a task while that is full."""

import asyncio
from collections import deque

from starlette.types import Send

from gateway.gate import Gate
from gateway.metrics import CLOSED, LIMITED, REFUSED
from gateway.wire import TextFrame, Wire, framed
from protocol.errors import CloseCode, Rejected
from protocol.frames import encode

GONE, LOST = 1005, 1006
"""How a connection has ended that was not closed here: its client left, or was lost."""
GRACE_S = 10.0
"""How long a client has to take its close frame and to go."""


class Connection:
    """Sends frames in order; made by the task that serves the socket.

    Who reads too slowly is closed with 4408 and may resume.
    """

    __slots__ = (
        "_allowed_bytes",
        "_allowed_frames",
        "_blocked",
        "_bytes",
        "_closing",
        "_max_bytes",
        "_max_frames",
        "_queue",
        "_room",
        "_send",
        "_task",
        "_timer",
        "_wire",
        "_writer",
        "id",
    )

    def __init__(
        self, id_: int, send: Send, max_frames: int, max_bytes: int, wire: Wire | None = None
    ) -> None:
        self.id = id_
        self._send = send
        self._wire = wire
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._allowed_frames = max_frames
        self._allowed_bytes = max_bytes
        self._queue: deque[TextFrame] | None = None  # made for the first that has to wait
        self._room = Gate()
        self._bytes = 0
        self._blocked = False
        self._writer: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def gave_up(self) -> bool:
        """Whether its client has been told to go, and had no more time than that."""
        return self._timer is not None

    @property
    def closed(self) -> bool:
        return self._closing is not None

    def push(self, frame: TextFrame, *, asked_for: bool = False) -> None:
        """Send a frame, or queue it; never waits. What was `asked_for` is not held against a slow
        reader."""
        if self._closing is not None:
            return
        if self._writer is None and self._wire is not None and self._wire.write(frame.encoded):
            return
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        queue.append(frame)
        self._bytes += len(frame.payload)
        if asked_for:
            self._allowed_frames = max(self._allowed_frames, len(queue) + self._max_frames)
            self._allowed_bytes = max(self._allowed_bytes, self._bytes + self._max_bytes)
        too_much = len(queue) > self._allowed_frames or self._bytes > self._allowed_bytes
        if too_much and self._blocked:
            self._give_up()
        elif self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def refuse(self, rejected: Rejected, request_id: str | None = None) -> None:
        """Send an error frame."""
        REFUSED.add(of=rejected.code.value)
        self.push(framed(encode(rejected.body(request_id))))

    def close(self, code: CloseCode, reason: str) -> None:
        """Close once everything queued is sent."""
        if self._closing is None:
            self._end(code, reason)
            if self._writer is None:
                self._writer = asyncio.create_task(self._write())
            self._end_in_time()

    def abandon(self) -> None:
        """The client is gone: nothing is sent any more."""
        if self._closing is None:
            self._end(GONE, "")
        self._room.open()
        self._queue = None
        if self._writer is not None:
            self._writer.cancel()
        if self._timer is not None:
            self._timer.cancel()

    async def room(self) -> None:
        """Until less than half of what may wait does: who does not read is not read either."""
        while self._closing is None and (
            self._bytes > self._max_bytes // 2 or len(self._queue or ()) > self._max_frames // 2
        ):
            await self._room.wait()

    async def drained(self) -> None:
        """Until everything queued is sent, the close included."""
        if self._writer is not None:
            await asyncio.wait({self._writer})

    def _give_up(self) -> None:
        self._room.open()
        LIMITED.add(of="unsent")
        self._end(CloseCode.TOO_SLOW, "too slow to read: resume with since")
        self._queue = None
        if self._writer is not None:
            self._writer.cancel()  # it waits for a client that does not read
        self._writer = asyncio.create_task(self._write())
        self._end_in_time()

    def _end(self, code: int, reason: str) -> None:
        CLOSED.add(of=str(int(code)))
        self._closing = (code, reason)

    def _end_in_time(self) -> None:
        if self._task is not None:  # which still waits for the client
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(GRACE_S, self._task.cancel)

    async def _write(self) -> None:
        try:
            if self._wire is not None:
                self._wire.flush()
            while self._queue:
                frame = self._queue.popleft()
                self._bytes -= len(frame.payload)
                self._room.open()
                self._blocked = True  # until the socket has taken it
                await self._send({"type": "websocket.send", "text": frame.payload.decode()})
                self._blocked = False
            self._queue = None
            self._allowed_frames, self._allowed_bytes = self._max_frames, self._max_bytes
            if self._closing is not None:
                code, reason = self._closing
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (RuntimeError, OSError):
            if self._closing is None:
                self._end(LOST, "")
            self._room.open()
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None
