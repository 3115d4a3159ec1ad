"""A server whose replies a test controls, and a pipelined connection to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import hiredis

from storage.connect import connect
from storage.endpoint import endpoint_of
from storage.pipelined import PipelinedConnection

TIMEOUT_S = 0.3


class SlowServer:
    """Replies to each command with the number of earlier commands, once `open` is set. It replies
    to the greeting at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.commands: list[bytes] = []
        self.reads = 0
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        parser = hiredis.Reader()
        with suppress(OSError):
            while data := await reader.read(2**16):
                self.reads += 1
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    await self._reply(command, writer)
        writer.close()

    async def _reply(self, command: Any, writer: asyncio.StreamWriter) -> None:
        if command[0] == b"HELLO":
            writer.write(b"%1\r\n$5\r\nproto\r\n:3\r\n")
            return
        number = len(self.commands)
        self.commands.append(command[-1])
        await self.open.wait()
        writer.write(b":%d\r\n" % number)

    def cut(self) -> None:
        for writer in self._writers:
            writer.close()

    def push(self, data: bytes) -> None:
        self._writers[-1].write(data)


@asynccontextmanager
async def slow_server(path: Path) -> AsyncIterator[tuple[SlowServer, PipelinedConnection]]:
    server = SlowServer()
    listener = await asyncio.start_unix_server(server.serve, path / "s")
    connection = connection_to(f"unix://{path / 's'}")
    try:
        yield server, connection
    finally:
        server.open.set()
        await connection.close()
        listener.close()


def connection_to(url: str, timeout_s: float = TIMEOUT_S) -> PipelinedConnection:
    endpoint = endpoint_of(connect(url, timeout_s))
    assert endpoint is not None
    return PipelinedConnection(endpoint, timeout_s)
