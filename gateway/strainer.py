"""A message that is too large is thrown away as it comes, not kept until it is whole.

What reads WebSocket frames under uvicorn collects a whole message before anybody can look at its
size: sixteen megabytes for each socket of somebody who never sends the last byte, and empty
fragments without end. A strainer stands between the socket and that reader and counts by the heads
of the frames (RFC 6455, 5.2). It puts messages together itself, so that it costs no more how many
fragments they come in. In place of a larger one the reader gets one that is a byte too large, so
that it is refused as ever. Of pings, which the reader answers whether its client reads or not, it
gets none while answers would pile up.

Many small ones pass a few at a time, as those before are taken: a quarter of a megabyte, which one
look at a socket may bring, would be forty thousand of the smallest, and all others would wait.
"""

import asyncio
from typing import Any, Protocol

from gateway.framing import (
    CONTINUED,
    DATA,
    FIN,
    MASK_BYTES,
    MASKED,
    PING,
    TEXT,
    Head,
    head_of,
    payload_of,
)
from gateway.inbox import Inbox
from gateway.limits import TokenBucket
from gateway.metrics import LIMITED

LIMIT = 64 * 1024
"""What a message may have; `protocol.frames` refuses more."""
MOST_HEADS = 64 * 1024
"""What the heads of a message's fragments may come to."""
AT_ONCE = 8
"""Frames that the reader is given before what it makes of them is taken."""
PATIENCE = 16 * 1024 * 1024
"""A message of more is not even thrown away to its end: its sender is closed with 1009."""

PINGS_PER_S, PINGS_AT_ONCE = 10, 100
"""Of a client, that are answered."""

_TOO_LARGE = b" " * (LIMIT + 1)
_ENDLESS = bytes([FIN | TEXT, MASKED | 127]) + (PATIENCE + 1).to_bytes(8, "big")


class Reader(Protocol):
    """What reads frames, and the transport that they come from: whether that is paused, whether its
    client reads, too, and has been told to go."""

    transport: Any
    read_paused: bool
    writable: Any
    close_sent: bool

    def read(self, data: bytes) -> None:
        """Frames that are no message's, and what breaks the rules."""

    def take(self, opcode: int, message: bytes) -> None:
        """A whole message, text or binary, unmasked."""


class Strainer:
    """Between a socket and what reads it.

    What breaks the rules of framing, and all that follows it, is for the reader to refuse.
    """

    __slots__ = (
        "_begun",
        "_fragments",
        "_heads",
        "_inbox",
        "_is_due",
        "_is_over",
        "_last",
        "_pings",
        "_reader",
        "_size",
        "_skip",
        "_unread",
    )

    def __init__(self, reader: Reader, inbox: Inbox) -> None:
        self._reader = reader
        self._inbox = inbox  # where its messages are
        self._unread = bytearray()  # frames that wait, the last may not be whole
        self._fragments = bytearray()  # what there is of a message that is not whole
        self._heads = 0  # bytes of its heads
        self._begun: int | None = None  # that message's opcode
        self._size = 0  # and its payload so far; heads count where it is thrown away
        self._skip = 0  # bytes still to come of a frame that is thrown away
        self._last = False  # whether that frame ends its message
        self._pings: TokenBucket | None = None  # made for the first
        self._is_over = False  # the reader sees everything
        self._is_due = False  # it goes on in the next turn of the loop

    @property
    def is_clear(self) -> bool:
        """Whether it keeps nothing, and may be passed by."""
        return self._begun is None and not (self._unread or self._is_over or self._is_due)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            self._reader.read(data)
            return
        self._unread += data
        if not self._inbox.held or self._reader.close_sent:
            self._go_on()

    def go_on_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Pass on a few frames. While there are more, the socket is not read."""
        self._is_due = False
        reader, inbox = self._reader, self._inbox
        inbox.held = self._pass_a_few()
        is_alone = reader.close_sent  # nobody takes messages any more: they are thrown away
        if inbox.held and (is_alone or not inbox):  # nobody will ask for more
            self.go_on_soon()
        if reader.transport.is_closing():
            return
        if inbox.held and not reader.read_paused:
            reader.read_paused = True
            reader.transport.pause_reading()
        elif reader.read_paused and not inbox.held and (is_alone or not inbox):
            reader.read_paused = False
            reader.transport.resume_reading()

    def _pass_a_few(self) -> bool:
        """Whether there may be more."""
        steps = 0
        while steps < AT_ONCE and self._unread and self._step():
            steps += 1
        return steps == AT_ONCE and bool(self._unread)

    def _step(self) -> bool:
        """Take one frame, or what there is of one to be thrown away; False to wait for more."""
        unread = self._unread
        if self._skip:
            gone = min(self._skip, len(unread))
            del unread[:gone]
            self._skip -= gone
            if self._skip == 0 and self._last:
                self._hand_over(_TOO_LARGE)
            return True
        head = head_of(unread)
        if head is None:
            return False
        end = head.size + MASK_BYTES + head.length
        if not head.is_sound or (head.opcode in DATA and not self._is_in_turn(head)):
            begun = b"" if self._begun is None else bytes([self._begun, MASKED]) + bytes(MASK_BYTES)
            return self._leave_it_all(begun + bytes(unread))
        if head.opcode in DATA:
            return self._part(head, end)
        if len(unread) < end:
            return False
        frame = bytes(unread[:end])
        del unread[:end]
        if head.opcode != PING or self._may_ping():
            self._reader.read(frame)
        return True

    def _leave_it_all(self, data: bytes) -> bool:
        """To the reader, who refuses it, and all that follows."""
        self._is_over = True
        self._unread.clear()
        self._fragments.clear()
        self._reader.read(data)
        return False

    def _may_ping(self) -> bool:
        """Not while the client does not read, and not without end."""
        if not self._reader.writable.is_set():
            return False
        if self._pings is None:
            self._pings = TokenBucket(PINGS_PER_S, PINGS_AT_ONCE)
        if self._pings.take():
            return True
        LIMITED.add(of="pings")
        return False

    def _is_in_turn(self, head: Head) -> bool:
        return (head.opcode == CONTINUED) == (self._begun is not None)

    def _part(self, head: Head, end: int) -> bool:
        """A frame of a message, maybe all of it."""
        size = self._size + head.length
        if self._heads > MOST_HEADS:
            size = max(size, LIMIT + 1)
        if size > LIMIT >= self._size:
            LIMITED.add(of="message")
        if size > PATIENCE:
            return self._leave_it_all(_ENDLESS)
        unread = self._unread
        if size <= LIMIT and len(unread) < end:
            return False
        if self._begun is None:
            self._begun = head.opcode
        if size > LIMIT:
            self._fragments.clear()
            self._size = size + head.size
            self._skip, self._last = end, head.is_last
            return True
        self._fragments += payload_of(unread, head)
        del unread[:end]
        self._size = size
        self._heads += head.size + MASK_BYTES
        if head.is_last:
            self._hand_over(bytes(self._fragments))
        return True

    def _hand_over(self, message: bytes) -> None:
        opcode, self._begun = self._begun, None
        self._fragments.clear()
        self._size = self._heads = 0
        assert opcode is not None
        self._reader.take(opcode, message)
