"""One pipelined connection to a server that speaks RESP. It never reconnects.

Replies are matched to commands only by their order. If a reply is late, the connection is closed,
so that a later command cannot get that reply.
"""

import asyncio
import select
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import hiredis
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TimedOut

from storage.endpoint import Command
from storage.server_errors import error_of

MAX_WAITING_BYTES = 64 * 2**20
"""Maximum size of all batches that wait for their replies. A single batch may be larger."""
IDLE_S = 0.1
"""Idle time after which a connection is checked before it is used."""
GRACE_S = 0.01
"""Delay between the timeout of a batch and the abort. The event loop reads the socket in between,
because the reply may have arrived while the loop was blocked."""
_PACK: Any = hiredis.pack_command  # its type stub accepts only tuples of one element


class _Batch(NamedTuple):
    """Commands that were sent together: their number, their bytes, and the time of the event loop
    at which they time out. `replies` are those received so far; `result` gets all of them."""

    result: asyncio.Future[list[Any]]
    commands: int
    size: int
    due: float
    replies: list[Any]


class RespConnection(asyncio.Protocol):
    """One connection. A batch without a reply within `timeout_s` seconds closes it."""

    def __init__(self, timeout_s: float) -> None:
        self.is_closed = False
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader(protocolError=ConnectionLost, replyError=error_of)
        self._waiting: deque[_Batch] = deque()
        self._waiting_bytes = 0
        self._unwritten: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._read_at = self._loop.time()
        self._poll = select.poll()

    def has_ended(self) -> bool:
        """Whether the server has closed the connection while it was idle. If the process was
        stopped or busy, the event loop has not reported that yet."""
        if self._waiting or self._loop.time() - self._read_at < IDLE_S or not self._poll.poll(0):
            return False
        self.abort(ConnectionLost("the server closed the connection"))
        return True

    def send(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Send commands. The future gets their replies in order. Raises redis.ConnectionError,
        without sending anything, if the connection is closed or too many bytes wait."""
        if self.is_closed:
            raise ConnectionLost("the connection to the store was lost")
        packed = b"".join(map(_PACK, commands))
        size = len(packed)
        if self._waiting and self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise ConnectionLost(
                f"cannot send: more than {MAX_WAITING_BYTES} bytes would wait for the store"
            )
        if not self._unwritten:
            self._loop.call_soon(self._write)
        self._unwritten.append(packed)
        result: asyncio.Future[list[Any]] = self._loop.create_future()
        due = self._loop.time() + self._timeout_s
        self._waiting.append(_Batch(result, len(commands), size, due, []))
        self._waiting_bytes += size
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._check_timeout)
        return result

    def abort(self, error: Exception) -> None:
        """Close the connection immediately. Waiting batches raise `error`."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._transport is not None:
            self._transport.abort()  # may call connection_lost before it returns
        if self._timer is not None:
            self._timer.cancel()
        self._unwritten.clear()
        while self._waiting:
            result = self._waiting.popleft().result
            if not result.done():
                result.set_exception(type(error)(*error.args))  # each with its own traceback

    def _write(self) -> None:
        if self._transport is not None and self._unwritten:
            self._transport.write(b"".join(self._unwritten))
        self._unwritten.clear()

    def _check_timeout(self) -> None:
        """Check the batch that waits longest. There is one timer for all batches."""
        self._timer = None
        if self._waiting:
            oldest = self._waiting[0]
            if oldest.due > self._loop.time():
                self._timer = self._loop.call_at(oldest.due, self._check_timeout)
            else:
                self._timer = self._loop.call_later(GRACE_S, self._time_out, oldest)

    def _time_out(self, late: _Batch) -> None:
        if self._waiting and self._waiting[0] is late:
            self.abort(TimedOut(f"no reply from the store within {self._timeout_s:g} s"))
        else:
            self._check_timeout()

    # --- asyncio.Protocol ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has no common base class
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        if self.is_closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._read_at = self._loop.time()
        try:
            self._reader.feed(data)
            self._read_replies()
        except ConnectionLost as error:  # the peer does not speak RESP
            self.abort(error)

    def _read_replies(self) -> None:
        while self._waiting:
            batch = self._waiting[0]
            replies = batch.replies
            while len(replies) < batch.commands:
                reply = self._reader.gets()
                if reply is False:
                    return
                if not isinstance(reply, hiredis.PushNotification):
                    replies.append(reply)
            self._waiting.popleft()
            self._waiting_bytes -= batch.size
            if not batch.result.done():
                batch.result.set_result(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(ConnectionLost("the connection to the store was lost"))
