"""A WebSocket client for tests, which parses frames and waits for those that a test needs."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 30
"""Longer than an actor takes to start on a busy machine."""


class Socket:
    """A client's socket."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw

    async def next(self) -> Any:
        return orjson.loads(await asyncio.wait_for(self.raw.recv(), TIMEOUT_S))

    async def until(self, type_: str) -> Any:
        """The next frame of a type (`error` for an error), skipping others."""
        while True:
            frame = await self.next()
            if frame.get("type", "error") == type_:
                return frame

    async def send(self, action: str, **fields: Any) -> None:
        await self.raw.send(orjson.dumps({"action": action, **fields}).decode())

    async def request(self, action: str, **fields: Any) -> Any:
        """Send an action; returns its ack or error."""
        await self.send(action, request_id=(id_ := f"r-{time.monotonic_ns()}"), **fields)
        while True:
            frame = await self.next()
            if frame.get("request_id") == id_:
                return frame

    async def remaining(self) -> list[Any]:
        """All frames until the server closes."""
        frames: list[Any] = []
        with suppress(ConnectionClosed):
            while True:
                frames.append(await self.next())
        return frames

    async def closed(self) -> int | None:
        """The server's close code, after skipping its frames."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    await self.raw.recv()
        return self.raw.close_code
