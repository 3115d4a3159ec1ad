"""How frames begin (RFC 6455, 5.2), and the reading of those that are no trouble."""

from typing import NamedTuple

from websockets.frames import apply_mask as unmask  # type: ignore[attr-defined]  # of C, if it is there

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
DATA = frozenset({CONTINUED, TEXT, BINARY})
CONTROL = frozenset(range(CLOSE, PONG + 1))
FIN, MASKED = 0x80, 0x80
MASK_BYTES = 4
_SHORT, _LONGER = 125, 126
_SIZES = {126: 4, 127: 10}


class Head(NamedTuple):
    """How a frame begins: `size` bytes, then its mask, then `length` bytes."""

    opcode: int
    is_last: bool
    is_sound: bool
    size: int
    length: int


def head_of(data: bytearray) -> Head | None:
    """The head of the frame that data begins with; None where it is not all there."""
    if len(data) < 2:
        return None
    first, length = data[0], data[1] & ~MASKED
    opcode, is_last = first & 0x0F, first & FIN != 0
    is_sound = first & 0x70 == 0 and data[1] & MASKED != 0 and opcode in DATA | CONTROL
    size = _SIZES.get(length, 2)
    if is_sound and size > 2:
        if len(data) < size:
            return None
        length = int.from_bytes(data[2:size], "big")
    if opcode in CONTROL:  # in a longer form than it needs, too: the reader takes it
        is_sound = is_sound and is_last and length <= _SHORT
    return Head(opcode, is_last, is_sound, size, length)


def payload_of(data: bytearray, head: Head) -> bytes:
    """That of the frame that data begins with, which is all there."""
    at = head.size + MASK_BYTES
    return unmask(data[at : at + head.length], data[head.size : at])


def whole(data: bytes) -> tuple[int, bytes] | None:
    """Opcode and payload of the one whole text of less than 64 kB, or pong, that data is."""
    if len(data) < 2 + MASK_BYTES or data[0] not in (FIN | TEXT, FIN | PONG):
        return None
    opcode, length, at = data[0] ^ FIN, data[1] ^ MASKED, 2
    if length == _LONGER and opcode == TEXT:
        length, at = int.from_bytes(data[2:4], "big"), 4
    elif length > _SHORT:
        return None
    mask, at = data[at : at + MASK_BYTES], at + MASK_BYTES
    return (opcode, unmask(data[at:], mask)) if len(data) == at + length else None
