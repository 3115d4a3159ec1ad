"""A scripted service: sends what no healthy service sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve


class ServerSide:
    """The service's side of one connection; `query` is that of its handshake."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        assert socket.request is not None
        self.query = socket.request.path.partition("?")[2]

    async def send_frame(self, **frame: Any) -> None:
        await self.send(json.dumps(frame))

    async def send(self, text: str | bytes) -> None:
        """Send any text, which need not be a frame."""
        await self._socket.send(text)

    async def snapshot(self, seq: int, epoch: str = "e", **data: Any) -> None:
        await self.send_frame(type="table_status", data=data, seq=seq, epoch=epoch)

    async def event(self, seq: int) -> None:
        await self.send_frame(type="table_update", data={"number": seq}, seq=seq)

    async def receive(self) -> dict[str, Any]:
        """The next action."""
        frame: dict[str, Any] = json.loads(await self._socket.recv())
        return frame

    async def answer_probe(self, seq: int, epoch: str = "e") -> None:
        """Answer the next action, a probe, with a snapshot as of `seq`."""
        action = await self.receive()
        assert action["action"] == "get_status"
        await self.snapshot(seq, epoch)
        await self.ack(action)

    async def ack(self, action: dict[str, Any]) -> None:
        data = {"changed": False, "version": 1}
        await self.send_frame(type="ack", request_id=action["request_id"], data=data)

    async def refuse(self, action: dict[str, Any], code: str) -> None:
        await self.send_frame(error="No.", code=code, request_id=action["request_id"])

    async def close(self, code: int) -> None:
        await self._socket.close(code)


class ScriptedService:
    """Its connections in order; each stays open until the client or the test closes it."""

    def __init__(self) -> None:
        self._connections: asyncio.Queue[ServerSide] = asyncio.Queue()
        self.url = ""

    async def connection(self) -> ServerSide:
        """The next connection."""
        return await self._connections.get()

    async def serve(self, socket: ServerConnection) -> None:
        await self._connections.put(ServerSide(socket))
        await socket.wait_closed()


@asynccontextmanager
async def scripted_service() -> AsyncIterator[ScriptedService]:
    service = ScriptedService()
    async with serve(service.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        service.url = f"http://127.0.0.1:{port}"
        yield service
