"""Sockets behind any ASGI server, such as Ray Serve's own proxy: the second `FrameWriter`."""

import asyncio

from starlette.types import Receive, Scope, Send

from gateway.server.endpoint import Rejection
from gateway.server.frames import CLOSE_TIMEOUT_S, REJECT_TIMEOUT_S, TextFrame, WriterOwner
from gateway.websocket.endpoint import WebSocketEndpoint
from gateway.websocket.handshake import accepted_subprotocol


class AsgiSockets:
    """The endpoint as an ASGI application."""

    def __init__(self, endpoint: WebSocketEndpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        context = await self._endpoint.authorize(scope)
        subprotocol = accepted_subprotocol(scope.get("subprotocols", []))
        if isinstance(context, Rejection):
            await _reject(send, subprotocol, context)
            return
        writer = AsgiWriter(send)
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            handler = await self._endpoint.open(context, writer)
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return
                if handler is not None:
                    text = message.get("text")
                    await handler(text if text is not None else message.get("bytes") or b"")
        except asyncio.CancelledError:
            if not writer.has_timed_out:
                raise
        finally:
            writer.stop()
            self._endpoint.release(context)


async def _reject(send: Send, subprotocol: str | None, rejection: Rejection) -> None:
    try:
        async with asyncio.timeout(REJECT_TIMEOUT_S):
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            await send({"type": "websocket.send", "text": rejection.frame.payload.decode()})
            closing = {"code": rejection.code, "reason": rejection.reason}
            await send({"type": "websocket.close", **closing})
    except (TimeoutError, RuntimeError, OSError):
        return


class AsgiWriter:
    """Writes with ASGI's `send`, one frame at a time. Create it in the task that serves the socket:
    that task is cancelled if the client does not close in time."""

    __slots__ = ("_closing", "_frame", "_owner", "_send", "_serving", "_task", "_timer",
                 "has_timed_out", "is_blocked")  # fmt: skip

    def __init__(self, send: Send) -> None:
        self._send = send
        self._owner: WriterOwner
        self._frame: TextFrame | None = None
        self._closing: tuple[int, str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._serving = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self.is_blocked = self.has_timed_out = False

    def bind(self, owner: WriterOwner) -> None:
        self._owner = owner

    def write(self, frame: TextFrame) -> bool:
        if self._closing is not None:
            return True
        if self._frame is not None:
            return False
        self._frame = frame
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return True

    def close(
        self, code: int, reason: str, *, wait: bool = True, timeout_s: float = CLOSE_TIMEOUT_S
    ) -> None:
        self._closing = (code, reason)
        if self._task is not None and not wait:
            self._task.cancel()  # `send` waits for a client that does not read
            self._task = self._frame = None
            self.is_blocked = False
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        if self._serving is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(timeout_s, self._time_out, self._serving)

    def stop(self) -> None:
        """The socket has ended."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _time_out(self, serving: "asyncio.Task[None]") -> None:
        self.has_timed_out = True
        serving.cancel()

    async def _run(self) -> None:
        try:
            while self._frame is not None:
                self.is_blocked = True  # until the server has taken it
                await self._send({"type": "websocket.send", "text": self._frame.payload.decode()})
                self.is_blocked, self._frame = False, None
                self._owner.on_writable()
            if self._closing is not None:
                code, reason = self._closing
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (RuntimeError, OSError):
            self._owner.on_lost()
        finally:
            if self._task is asyncio.current_task():
                self._task = None
