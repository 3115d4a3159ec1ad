"""WebSocket frames, made once an event, and the straight way to the socket.

A server's frame carries no mask (RFC 6455, 5.1), so its bytes are the same for every client. Who
made a frame once can hand it to a thousand sockets.
"""

from typing import NamedTuple, Protocol

from websockets.frames import Frame, Opcode

EXTENSION = "restaurant_qr.wire"
"""Under this name a scope's `extensions` hold the socket's `Wire`, where the server has one."""


class TextFrame(NamedTuple):
    """A message of UTF-8, and the frame that carries it."""

    payload: bytes
    encoded: bytes


class Wire(Protocol):
    """A socket's outbound buffer, without a task or a coroutine a frame."""

    def write(self, frame: bytes) -> bool:
        """Take one whole frame; False, and nothing taken, where it must go through `send`: the
        client reads slowly, or the connection is not open."""

    def flush(self) -> None:
        """Send what was taken now, before anything else goes through `send`."""

    def keep_alive(self, ping_s: float) -> None:
        """Ping the client so many seconds apart, and close one that takes as long to answer. To be
        said before the handshake is answered."""


def framed(payload: bytes) -> TextFrame:
    return TextFrame(payload, Frame(Opcode.TEXT, payload).serialize(mask=False))
