"""Frames written through another ASGI server."""

import asyncio

from starlette.types import Message

from gateway.server.frames import encode_text_frame
from gateway.websocket.asgi import AsgiWriter


async def test_a_frame_for_a_closed_socket_is_dropped() -> None:
    sent: list[Message] = []
    is_closed = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message)
        is_closed.set()

    writer = AsgiWriter(send)
    writer.close(1000, "")
    assert writer.write(encode_text_frame(b"{}"))
    await asyncio.wait_for(is_closed.wait(), 5)
    writer.stop()
    assert [each["type"] for each in sent] == ["websocket.close"]
