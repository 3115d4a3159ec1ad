"""Frames made once and written straight to the transport."""

import pytest
from websockets.frames import Frame, Opcode

from gateway.wire import framed, text_of


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_what_a_server_would_send(length: int) -> None:
    payload = b"x" * length
    assert framed(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_the_text_in_a_frame_is_found_again(length: int) -> None:
    text = "é" * (length // 2) + "x" * (length % 2)
    assert text_of(framed(text.encode())) == text
