"""Reassembles fragmented messages (RFC 6455, 5.4) within limits."""

MAX_FRAGMENTS = 64


class FrameError(Exception):
    """A client's frames violate a rule. Its socket is closed with `code`."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class MessageAssembler:
    """Assembles one message of one socket."""

    __slots__ = ("_count", "_is_text", "_max_bytes", "_message")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._message = bytearray()
        self._is_text: bool | None = None  # None before it begins
        self._count = 0

    def begin(self, *, is_text: bool) -> None:
        """Begin a message. Raises FrameError if the last one has not ended."""
        if self._is_text is not None:
            raise FrameError(1002, "a message began before the last one ended")
        self._is_text = is_text

    def add(self, payload: bytes, *, is_last: bool) -> str | bytes | None:
        """Add a fragment. Returns the message once it is complete. Raises FrameError, and
        UnicodeDecodeError for a text that is not UTF-8."""
        if self._is_text is None:
            raise FrameError(1002, "a fragment continues no message")
        self._count += 1
        if self._count > MAX_FRAGMENTS:
            raise FrameError(1009, f"a message has at most {MAX_FRAGMENTS} fragments")
        if len(self._message) + len(payload) > self._max_bytes:
            raise FrameError(1009, f"a message has at most {self._max_bytes} bytes")
        self._message += payload
        if not is_last:
            return None
        return self._message.decode() if self._is_text else bytes(self._message)
