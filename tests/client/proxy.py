"""A TCP proxy between a client and a gateway that injects network faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """`target` is the gateway's port; None rejects connections.

    `drops_responses` drops data to the client, `silent` drops data in both directions. Connections
    stay open, as on a network that is gone.
    """

    def __init__(self, target: int) -> None:
        self.target: int | None = target
        self.port = 0
        self.silent = False
        self.drops_responses = False
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Abort every connection at once."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.target is None:
            writer.transport.abort()
            return
        self.connections += 1
        upstream, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, upstream_writer}
        directions = [
            self._forward(reader, upstream_writer, to_client=False),
            self._forward(upstream, writer, to_client=True),
        ]
        try:
            tasks = [asyncio.create_task(each) for each in directions]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
        finally:
            self._writers -= {writer, upstream_writer}
            writer.transport.abort()
            upstream_writer.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not (self.silent or (self.drops_responses and to_client)):
                    writer.write(data)


@asynccontextmanager
async def running_proxy(target: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
