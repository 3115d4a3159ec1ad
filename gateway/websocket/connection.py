"""The outbound half of one socket: frames go to its writer, or to a bounded queue while the client
reads slowly."""

from collections import deque

from gateway.metrics import CLOSED, LIMIT_VIOLATIONS, REFUSED
from gateway.server.frames import (
    ABNORMAL_CLOSURE,
    CLOSE_TIMEOUT_S,
    NO_STATUS_RECEIVED,
    REJECT_TIMEOUT_S,
    FrameWriter,
    TextFrame,
    encode_text_frame,
)
from gateway.websocket.wakeup import Wakeup
from protocol.codec import encode
from protocol.errors import CloseCode, Rejected


class Connection:
    """Sends frames in order, without waiting. A client that reads too slowly is closed with 4408
    and may resume."""

    __slots__ = ("_allowed_bytes", "_allowed_frames", "_bytes", "_close_timeout_s", "_closing",
                 "_max_bytes", "_max_frames", "_queue", "_writable", "_writer", "id")  # fmt: skip

    def __init__(self, id_: int, writer: FrameWriter, max_frames: int, max_bytes: int) -> None:
        self.id = id_
        self._writer = writer
        self._max_frames = self._allowed_frames = max_frames
        self._max_bytes = self._allowed_bytes = max_bytes
        self._queue: deque[TextFrame] | None = None  # made for the first frame that has to wait
        self._bytes = 0
        self._writable: Wakeup | None = None
        self._closing: tuple[int, str] | None = None
        self._close_timeout_s = CLOSE_TIMEOUT_S
        writer.bind(self)

    @property
    def is_closed(self) -> bool:
        return self._closing is not None

    def send(self, frame: TextFrame, *, solicited: bool = False) -> None:
        """Send a frame, or queue it. A frame that was `solicited` does not count against a slow
        client."""
        if self._closing is not None:
            return
        if self._queue is None and self._writer.write(frame):
            return
        queue = self._queue
        if queue is None:
            queue = self._queue = deque()
        queue.append(frame)
        self._bytes += len(frame.payload)
        if solicited:
            self._allowed_frames = max(self._allowed_frames, len(queue) + self._max_frames)
            self._allowed_bytes = max(self._allowed_bytes, self._bytes + self._max_bytes)
        is_over = len(queue) > self._allowed_frames or self._bytes > self._allowed_bytes
        if is_over and self._writer.is_blocked:
            self._close_slow_consumer()

    def send_error(self, rejected: Rejected, request_id: str | None = None) -> None:
        """Send an error frame."""
        REFUSED.add(label_value=rejected.code.value)
        self.send(encode_text_frame(encode(rejected.body(request_id))))

    def close(self, code: CloseCode, reason: str) -> None:
        """Close once everything queued is sent."""
        if self._closing is None:
            self._set_closing(code, reason)
            if self._queue is None:
                self._writer.close(code, reason, timeout_s=self._close_timeout_s)

    def reject(self, rejected: Rejected, code: CloseCode, reason: str) -> None:
        """Send an error to a client that may not connect, and close."""
        self.send_error(rejected)
        self._close_timeout_s = REJECT_TIMEOUT_S
        self.close(code, reason)

    def abort(self) -> None:
        """Drop queued frames and send nothing more, because the client is gone."""
        if self._closing is None:
            self._set_closing(NO_STATUS_RECEIVED, "")
        self._queue = None
        self._notify()

    async def wait_writable(self) -> None:
        """Wait until the queue is less than half full, so that the gateway does not read from a
        client that does not read either."""
        while self._closing is None and (
            self._bytes > self._max_bytes // 2 or len(self._queue or ()) > self._max_frames // 2
        ):
            if self._writable is None:
                self._writable = Wakeup()
            await self._writable.wait()

    def on_writable(self) -> None:
        """Send queued frames."""
        queue = self._queue
        while queue and self._writer.write(queue[0]):
            self._bytes -= len(queue.popleft().payload)
        self._notify()
        if queue is not None and not queue:
            self._queue = None
            self._allowed_frames, self._allowed_bytes = self._max_frames, self._max_bytes
            if self._closing is not None:
                self._writer.close(*self._closing, timeout_s=self._close_timeout_s)

    def on_lost(self, code: int = ABNORMAL_CLOSURE) -> None:
        """Drop queued frames, because the connection has ended."""
        if self._closing is None:
            self._set_closing(code, "")
        self._queue = None
        self._notify()

    def _close_slow_consumer(self) -> None:
        LIMIT_VIOLATIONS.add(label_value="unsent")
        code, reason = CloseCode.TOO_SLOW, "too slow to read: resume with since"
        self._set_closing(code, reason)
        self._queue = None
        self._notify()
        self._writer.close(code, reason, wait=False, timeout_s=self._close_timeout_s)

    def _set_closing(self, code: int, reason: str) -> None:
        CLOSED.add(label_value=str(int(code)))
        self._closing = (code, reason)

    def _notify(self) -> None:
        if self._writable is not None:
            self._writable.notify()
