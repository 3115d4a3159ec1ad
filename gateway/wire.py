"""WebSocket frames as bytes, made once an event, and the straight way to the socket.

A server's frame carries no mask (RFC 6455, 5.1), so its bytes are the same for every client. Who
wrote a frame once can hand it to a thousand sockets.
"""

from typing import Protocol

EXTENSION = "restaurant_qr.wire"
"""Under this name a scope's `extensions` hold the socket's `Wire`, where the server has one."""

_FINAL_TEXT = 0x81
_SHORT = 126
_MEDIUM = 1 << 16


class Wire(Protocol):
    """A socket's outbound buffer, without a task or a coroutine a frame."""

    def write(self, frame: bytes) -> bool:
        """Take one whole frame; False, and nothing taken, where it must go through `send`: the
        client reads slowly, or the connection is not open."""

    def flush(self) -> None:
        """Send what was taken now, before anything else goes through `send`."""


def framed(payload: bytes) -> bytes:
    """One text frame of UTF-8."""
    length = len(payload)
    if length < _SHORT:
        return bytes((_FINAL_TEXT, length)) + payload
    if length < _MEDIUM:
        return bytes((_FINAL_TEXT, _SHORT, length >> 8, length & 255)) + payload
    return bytes((_FINAL_TEXT, 127)) + length.to_bytes(8, "big") + payload


def text_of(frame: bytes) -> str:
    """The text in a frame of `framed`, for a server that makes frames itself."""
    start = {_SHORT: 4, 127: 10}.get(frame[1], 2)
    return frame[start:].decode()
