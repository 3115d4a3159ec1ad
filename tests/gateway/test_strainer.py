"""What reaches the reader of frames, and how little is kept of what does not."""

import asyncio
from random import Random
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.inbox import Inbox
from gateway.metrics import LIMITED
from gateway.strainer import (
    AT_ONCE,
    LIMIT,
    MOST_HEADS,
    PATIENCE,
    PINGS_AT_ONCE,
    PINGS_PER_S,
    Strainer,
)

TEXT, BINARY, CONT, PING, CLOSE = (
    Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.CLOSE,
)  # fmt: skip


class Reader:
    """A reader of frames as uvicorn has one, with what it was given."""

    def __init__(self, max_size: int = LIMIT + 1) -> None:
        self.conn = ServerProtocol(max_size=max_size, state=State.OPEN)
        self.frames: list[Frame] = []
        self.bytes_read = 0
        self.read_paused = self.close_sent = False
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport = self

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """It is given what it is given."""

    resume_reading = pause_reading

    def read(self, data: bytes) -> None:
        self.bytes_read += len(data)
        self.conn.receive_data(data)
        self.frames += [each for each in self.conn.events_received() if isinstance(each, Frame)]

    def take(self, opcode: int, message: bytes) -> None:
        if self.conn.state is State.OPEN:
            self.frames.append(Frame(Opcode(opcode), message))

    def messages(self) -> list[tuple[Opcode, bytes]]:
        """What it has read: whole messages, and control frames where they came."""
        told: list[tuple[Opcode, bytes]] = []
        parts: list[Frame] = []
        for frame in self.frames:
            if frame.opcode not in (TEXT, BINARY, CONT):
                told.append((frame.opcode, bytes(frame.data)))
                continue
            parts.append(frame)
            if frame.fin:
                told.append((parts[0].opcode, b"".join(bytes(part.data) for part in parts)))
                parts = []
        return told


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


class Stepped(Strainer):
    """Goes on when it is told to."""

    def go_on_soon(self) -> None:
        """No event loop here."""


def strained(data: bytes, random: Random | None = None, longest: int = 4096) -> tuple[Reader, int]:
    """The reader after all of it, in pieces, and the most that was kept before one."""
    reader, inbox = Reader(), Inbox()
    strainer = Stepped(reader, inbox)
    at = most = 0
    while at < len(data):
        size = longest if random is None else random.randint(1, longest)
        strainer.data_received(data[at : at + size])
        while inbox.held:
            strainer._go_on()
        at += size
        most = max(most, len(strainer._unread) + len(strainer._fragments))
    return reader, most


def test_what_is_within_bounds_passes_untouched() -> None:
    whole = [b"", b"x", b"y" * 125, b"z" * 126, b"u" * 65_535, b"v" * LIMIT]
    data = b"".join(frame(TEXT, each) + frame(PING, b"p") for each in whole)
    for seed in range(20):
        reader, _ = strained(data, Random(seed), longest=70_000 if seed % 2 else 200)
        assert [each for each in reader.messages() if each[0] is TEXT] == [(TEXT, w) for w in whole]
        assert reader.conn.parser_exc is None


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [LIMIT + 1, 10_000_000, PATIENCE])
@pytest.mark.attack("oversized")
def test_a_larger_message_is_replaced_and_not_kept(opcode: Opcode, size: int) -> None:
    data = frame(opcode, b"x" * size) + frame(TEXT, b"next")
    reader, most = strained(data, longest=65_536)
    assert [(kind, len(text)) for kind, text in reader.messages()] == [
        (opcode, LIMIT + 1),
        (TEXT, 4),
    ]
    assert most < 65_536


@pytest.mark.attack("oversized")
def test_so_is_one_in_fragments_with_others_between() -> None:
    part = frame(CONT, b"\xc3" * 20_000, fin=False)
    data = frame(TEXT, b"", fin=False) + (part + frame(PING, b"p")) * 100 + frame(CONT, b"end")
    reader, most = strained(data + frame(TEXT, b"next"))
    told = reader.messages()
    assert [text for kind, text in told if kind is TEXT] == [b" " * (LIMIT + 1), b"next"]
    assert [kind for kind, _ in told].count(PING) == 100
    assert most <= MOST_HEADS


def test_fragments_within_bounds_are_one_message() -> None:
    parts = ["grüß ".encode()[:4], b"", "grüß ".encode()[4:], b"x" * 60_000]
    data = frame(TEXT, parts[0], fin=False)
    data += b"".join(frame(CONT, part, fin=False) for part in parts[1:]) + frame(CONT)
    for seed in range(5):
        reader, _ = strained(data * 3, Random(seed))
        assert reader.messages() == [(TEXT, b"".join(parts))] * 3


@pytest.mark.attack("floods")
@pytest.mark.parametrize(
    "end", [frame(CONT, b"end"), frame(TEXT, b"a second beginning")], ids=["whole", "broken"]
)
def test_what_comes_in_many_fragments_is_not_read_twice(end: bytes) -> None:
    """The reader takes its time for each: thousands at once would hold up all other sockets."""
    data = frame(TEXT, b"", fin=False) + frame(CONT, b"x", fin=False) * 9000 + end
    reader, _ = strained(data + frame(PING, b"p"))
    is_whole = reader.conn.close_sent is None
    assert reader.bytes_read < 100
    assert reader.messages()[:1] == ([(TEXT, b"x" * 9000 + b"end")] if is_whole else [])


@pytest.mark.attack("oversized")
def test_empty_fragments_without_end_are_not_kept_either() -> None:
    data = frame(TEXT, b"", fin=False) + frame(CONT, b"", fin=False) * 100_000
    reader, most = strained(data)
    assert reader.frames == []
    assert most <= MOST_HEADS + 4096


@pytest.mark.attack("oversized")
@pytest.mark.parametrize("head", [b"\x89\xfe\x00\x01", b"\x89\xff" + bytes(7) + b"\x01"])
def test_a_ping_in_a_long_form_opens_no_way_around(head: bytes) -> None:
    """The rules forbid it, the reader takes it: from then on it saw all, whatever it was."""
    ping = head + bytes(4) + b"p"
    for longest in (1, 5, 4096):
        reader, most = strained(ping + frame(TEXT, b"x" * (LIMIT + 2)) + ping, longest=longest)
        assert [(kind, len(text)) for kind, text in reader.messages()] == [
            (PING, 1),
            (TEXT, LIMIT + 1),
            (PING, 1),
        ]
        assert most < LIMIT


@pytest.mark.attack("floods")
def test_pings_have_a_limit_of_their_own() -> None:
    LIMITED.take()
    reader, _ = strained((frame(PING, b"p") * 10 + frame(TEXT, b"t")) * 50)
    told = [kind for kind, _ in reader.messages()]
    assert told.count(TEXT) == 50
    assert PINGS_AT_ONCE <= told.count(PING) <= PINGS_AT_ONCE + PINGS_PER_S
    assert LIMITED.take() == {"pings": 500 - told.count(PING)}


@pytest.mark.attack("floods")
def test_who_does_not_read_gets_no_answers_to_pings() -> None:
    reader = Reader()
    strainer = Stepped(reader, Inbox())
    reader.writable.clear()
    strainer.data_received(frame(PING, b"p") * (AT_ONCE - 1) + frame(TEXT, b"t"))
    assert reader.messages() == [(TEXT, b"t")]
    reader.writable.set()
    strainer.data_received(frame(PING, b"p"))
    assert reader.messages() == [(TEXT, b"t"), (PING, b"p")]


@pytest.mark.parametrize(
    "data",
    [
        bytes([0x81, 0xFF]) + (2**40).to_bytes(8, "big"),
        frame(TEXT, b"a", fin=False) + bytes([0x80, 0xFF]) + (2**24).to_bytes(8, "big"),
        frame(TEXT, b"x" * 65_000, fin=False) + frame(CONT, b"x" * 65_000, fin=False) * 260,
    ],
    ids=["a frame", "a fragment", "fragments"],
)
@pytest.mark.attack("oversized")
def test_one_without_end_is_refused_at_once(data: bytes) -> None:
    reader, _ = strained(data)
    assert reader.conn.close_sent is not None
    assert reader.conn.close_sent.code == 1009


def broken() -> list[bytes]:
    return [
        b"\xff" * 20, b"\x81\x05hello", frame(CONT, b"nothing goes on"),
        b"\x89\xfe\x00\x80" + bytes(132), b"\x09\x80aaaa", b"\x83\x80aaaa",
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), frame(CLOSE, b"\x00"),
        frame(TEXT, b"a", fin=False) + b"\x8f\x80aaaa",
    ]  # fmt: skip


@pytest.mark.attack("frames")
@pytest.mark.parametrize("data", broken(), ids=lambda data: str(len(data)))
def test_what_breaks_the_rules_is_refused_by_the_reader(data: bytes) -> None:
    for longest in (1, 7, 4096):
        reader, _ = strained(frame(TEXT, b"good") + data + frame(TEXT, b"more"), longest=longest)
        assert reader.messages()[0] == (TEXT, b"good")
        assert (TEXT, b"more") not in reader.messages()
        assert reader.conn.close_sent is not None
        assert reader.conn.close_sent.code == 1002


def test_it_reads_as_the_reader_alone_would() -> None:
    """Any frames and any bytes after one another, in any pieces, as long as none is too large."""
    for seed in range(300):
        random = Random(seed)
        alone = Reader(2**24)
        data = b"".join(_something(random) for _ in range(random.randint(1, 12)))
        alone.read(data)
        reader, _ = strained(data, random, longest=random.choice([3, 50, 5000]))
        assert _finished(reader) == _finished(alone), seed
        assert reader.conn.close_sent == alone.conn.close_sent, seed


def _something(random: Random) -> bytes:
    if random.random() < 0.08:
        return random.randbytes(random.randint(1, 6))
    opcode = random.choice([TEXT, TEXT, BINARY, CONT, CONT, PING])
    if random.random() < 0.04:
        return bytes([0x89, 0xFE, 0, 3]) + random.randbytes(7)
    size = random.choice([0, 1, 125]) if opcode is PING else random.choice([0, 5, 126, 3000])
    return frame(opcode, random.randbytes(size), fin=opcode is PING or random.random() < 0.5)


def _finished(reader: Any) -> list[tuple[Opcode, bytes]]:
    """Whole messages; where control frames come between fragments their order may be another."""
    return sorted(reader.messages())
