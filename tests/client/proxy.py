"""A TCP proxy between a client and a gateway, with the faults of a network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """`target` is the gateway's port; None refuses whoever connects.

    `deaf` keeps from the client what the gateway says, `silent` lets nothing through either way:
    connections stay open, as with a network that is gone.
    """

    def __init__(self, target: int) -> None:
        self.target: int | None = target
        self.port = 0
        self.silent = False
        self.deaf = False
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Lose every connection at once, without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.target is None:
            writer.transport.abort()
            return
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, back}
        ways = [self._pass(reader, back, False), self._pass(there, writer, True)]
        try:
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        finally:
            self._writers -= {writer, back}
            writer.transport.abort()
            back.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_client: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not (self.silent or (self.deaf and to_client)):
                    writer.write(data)


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
