"""A service that says what a test tells it to: what a real one says on its worst day."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve


class Visit:
    """One connection: `query` is what it asked for."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        assert socket.request is not None
        self.query = socket.request.path.partition("?")[2]

    async def say(self, **frame: Any) -> None:
        await self.send(json.dumps(frame))

    async def send(self, text: str | bytes) -> None:
        """Whether it is a frame or not."""
        await self._socket.send(text)

    async def snapshot(self, seq: int, epoch: str = "e", **data: Any) -> None:
        await self.say(type="table_status", data=data, seq=seq, epoch=epoch)

    async def event(self, seq: int) -> None:
        await self.say(type="table_update", data={"number": seq}, seq=seq)

    async def next(self) -> dict[str, Any]:
        """The next action."""
        frame: dict[str, Any] = json.loads(await self._socket.recv())
        return frame

    async def answer(self, seq: int, epoch: str = "e") -> None:
        """The next action, which is a look: nothing was missed up to `seq`."""
        asked = await self.next()
        assert asked["action"] == "get_status"
        await self.snapshot(seq, epoch)
        await self.ack(asked)

    async def ack(self, asked: dict[str, Any]) -> None:
        data = {"changed": False, "version": 1}
        await self.say(type="ack", request_id=asked["request_id"], data=data)

    async def refuse(self, asked: dict[str, Any], code: str) -> None:
        await self.say(error="No.", code=code, request_id=asked["request_id"])

    async def close(self, code: int) -> None:
        await self._socket.close(code)


class Script:
    """The connections, in the order in which they came; each stays until the client leaves it."""

    def __init__(self) -> None:
        self._visits: asyncio.Queue[Visit] = asyncio.Queue()
        self.url = ""

    async def visit(self) -> Visit:
        return await self._visits.get()

    async def serve(self, socket: ServerConnection) -> None:
        await self._visits.put(Visit(socket))
        await socket.wait_closed()


@asynccontextmanager
async def scripted() -> AsyncIterator[Script]:
    script = Script()
    async with serve(script.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        script.url = f"http://127.0.0.1:{port}"
        yield script
