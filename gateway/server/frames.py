"""Frames, which are encoded once and written to many sockets, and the interface of their writers.

A server's frame has no mask (RFC 6455, 5.1), so its bytes are the same for every client.
"""

from typing import NamedTuple, Protocol

NO_STATUS_RECEIVED, ABNORMAL_CLOSURE = 1005, 1006
"""Codes of connections that the gateway did not close: the client left, or was lost."""


CLOSE_TIMEOUT_S = 10.0
"""How long a client has to read its close frame and to close, too."""
REJECT_TIMEOUT_S = 1.0
"""How long a rejected client has to do so."""


class TextFrame(NamedTuple):
    """A message in UTF-8, and its encoded frame."""

    payload: bytes
    encoded: bytes


def encode_text_frame(payload: bytes) -> TextFrame:
    return TextFrame(payload, encode_header(_TEXT, len(payload)) + payload)


def encode_close_frame(code: int, reason: str) -> bytes:
    """An encoded close frame. The reason has at most 123 bytes of UTF-8."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return encode_header(_CLOSE, len(payload)) + payload


_FIN, _TEXT, _CLOSE = 0x80, 0x1, 0x8


def encode_header(opcode: int, length: int) -> bytes:
    """The header of an unmasked, unfragmented frame (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((_FIN | opcode, length))
    if length < 65536:
        return bytes((_FIN | opcode, 126)) + length.to_bytes(2, "big")
    return bytes((_FIN | opcode, 127)) + length.to_bytes(8, "big")


class WriterOwner(Protocol):
    """Callbacks of a writer."""

    def on_writable(self) -> None:
        """Frames can be written again after `write` returned False."""

    def on_lost(self, code: int = ABNORMAL_CLOSURE) -> None:
        """The connection has ended: the client is gone, or the server has closed it with this code
        because of what it sent."""


class FrameWriter(Protocol):
    """The outbound half of one socket. Implemented in `gateway/server/websocket.py` and
    `gateway/websocket/asgi.py`."""

    @property
    def is_blocked(self) -> bool:
        """Whether the client has yet to read what was written."""

    def bind(self, owner: WriterOwner) -> None:
        """Set the owner, before the first frame."""

    def write(self, frame: TextFrame) -> bool:
        """Send a frame after the previous ones. Returns False, and does not send it, while the
        client's buffer is full. Frames for a closed socket are dropped."""

    def close(
        self, code: int, reason: str, *, wait: bool = True, timeout_s: float = CLOSE_TIMEOUT_S
    ) -> None:
        """Send a close frame after the written frames, and end the connection when the client has
        closed it too, at the latest after `timeout_s`. Without `wait`, frames that the client does
        not read may be dropped."""
