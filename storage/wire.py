"""A pipelined connection from its first byte to its last. It never reconnects.

Answers are matched to commands by their order alone. Therefore a command whose answer is late ends
the connection: no other command may get that answer.
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
"""The bytes of the batches that wait for their answers; one batch alone may be larger."""
IDLE_S = 0.1
"""A connection that was idle for so long is checked before it is used."""
GRACE_S = 0.01
"""When the time is up, the loop reads once more: answers may have arrived while it stood still."""
_PACK: Any = hiredis.pack_command  # its stub takes tuples of one element only


class _Batch(NamedTuple):
    """Commands that were sent together. `answers` are those that have arrived."""

    answered: asyncio.Future[list[Any]]
    commands: int
    size: int
    due: float
    answers: list[Any]


class Wire(asyncio.Protocol):
    """One connection from its first byte to its last. It never reconnects."""

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
        """Whether the server has ended an idle connection unnoticed: the loop notices only when it
        runs, which it has not if the process was stopped or busy."""
        if self._waiting or self._loop.time() - self._read_at < IDLE_S or not self._poll.poll(0):
            return False
        self.abort(ConnectionLost("the server ended the connection"))
        return True

    def send(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Their answers. Raises redis.ConnectionError if the connection ended or too many bytes
        wait; nothing was sent then."""
        if self.is_closed:
            raise ConnectionLost("the connection to the store was lost")
        packed = b"".join(map(_PACK, commands))
        size = len(packed)
        if self._waiting and self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise ConnectionLost(f"more than {MAX_WAITING_BYTES} bytes wait for the store")
        if not self._unwritten:
            self._loop.call_soon(self._write)
        self._unwritten.append(packed)
        answered: asyncio.Future[list[Any]] = self._loop.create_future()
        due = self._loop.time() + self._timeout_s
        self._waiting.append(_Batch(answered, len(commands), size, due, []))
        self._waiting_bytes += size
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._check_time)
        return answered

    def abort(self, error: Exception) -> None:
        """End the connection at once; all that wait get `error`."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._transport is not None:
            self._transport.abort()  # which may call connection_lost at once
        if self._timer is not None:
            self._timer.cancel()
        self._unwritten.clear()
        while self._waiting:
            answered = self._waiting.popleft().answered
            if not answered.done():
                answered.set_exception(type(error)(*error.args))  # a traceback of its own

    def _write(self) -> None:
        if self._transport is not None and self._unwritten:
            self._transport.write(b"".join(self._unwritten))
        self._unwritten.clear()

    def _check_time(self) -> None:
        """One timer watches the batch that waits longest; it runs on as long as some wait."""
        self._timer = None
        if self._waiting:
            oldest = self._waiting[0]
            if oldest.due > self._loop.time():
                self._timer = self._loop.call_at(oldest.due, self._check_time)
            else:
                self._timer = self._loop.call_later(GRACE_S, self._give_up, oldest)

    def _give_up(self, late: _Batch) -> None:
        if self._waiting and self._waiting[0] is late:
            self.abort(TimedOut(f"no answer from the store within {self._timeout_s:g} s"))
        else:
            self._check_time()

    # --- called by the loop ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of classes of its own
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        if self.is_closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._read_at = self._loop.time()
        try:
            self._reader.feed(data)
            self._take_answers()
        except ConnectionLost as error:  # this is no answer of a store
            self.abort(error)

    def _take_answers(self) -> None:
        while self._waiting:
            batch = self._waiting[0]
            answers = batch.answers
            while len(answers) < batch.commands:
                answer = self._reader.gets()
                if answer is False:
                    return
                if not isinstance(answer, hiredis.PushNotification):
                    answers.append(answer)
            self._waiting.popleft()
            self._waiting_bytes -= batch.size
            if not batch.answered.done():
                batch.answered.set_result(answers)

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(ConnectionLost("the connection to the store was lost"))
