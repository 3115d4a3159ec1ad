"""The benchmarks' WebSocket client, which counts frames without parsing them.

It uses `picows`, which costs a few microseconds a frame, so that the server is measured.
"""

import asyncio
from collections.abc import Callable

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

OPEN_TIMEOUT_S = 30.0
READ_BUFFER_BYTES = 2048


class Socket(WSListener):
    """One connection; `on_text` is called with each text frame's bytes."""

    def __init__(self, on_text: Callable[[bytes], None]) -> None:
        self.on_text = on_text
        self.transport: WSTransport
        self.closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.on_text(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            if not self.closed.done():
                self.closed.set_result(frame.get_close_code().value)
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, text: bytes) -> None:
        self.transport.send(WSMsgType.TEXT, text)

    def cut(self) -> None:
        """Drop the connection without a close frame, as a lost network does."""
        self.transport.disconnect()


async def open_socket(
    url: str, on_text: Callable[[bytes], None], token: str | None = None
) -> Socket:
    """Connect a socket."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else None
    _, socket = await ws_connect(
        lambda: Socket(on_text),
        url,
        websocket_handshake_timeout=OPEN_TIMEOUT_S,
        extra_headers=headers,
        read_buffer_init_size=READ_BUFFER_BYTES,
    )
    if not isinstance(socket, Socket):
        raise ConnectionError(f"the server ended the connection at once: {url}")
    return socket


class Expected:
    """Waits for a number of frames on any sockets."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._missing = 0
        self._done: asyncio.Future[float] | None = None
        self.last: bytes = b""
        self.ack: bytes = b""
        self.count = 0

    def on_frame(self, text: bytes) -> None:
        """Count a received frame."""
        self.count += 1
        if text.startswith(b'{"type":"ack"'):
            self.ack = text
        elif text.startswith(b'{"error"'):
            raise RuntimeError(f"the server refused: {text.decode()}")
        self._missing -= 1
        if self._missing <= 0 and self._done is not None and not self._done.done():
            self._done.set_result(self._loop.time())

    def expect(self, frames: int) -> asyncio.Future[float]:
        """Future of the loop's time after that many more frames. Call before sending."""
        self._missing += frames
        self._done = self._loop.create_future()
        if self._missing <= 0:
            self._done.set_result(self._loop.time())
        return self._done
