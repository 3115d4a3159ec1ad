"""What comes, for one who iterates over it."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from restaurant_qr_client.errors import BehindError

T = TypeVar("T")


class Stream(Generic[T]):
    """An async iterator that keeps what has come since it was made, `limit` at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[T] = deque()
        self._some = asyncio.Event()
        self._over: Exception | None = None

    def put(self, each: T) -> None:
        if self._over is not None:
            return
        if len(self._waiting) < self._limit:
            self._waiting.append(each)
            self._some.set()
        else:
            self.end(BehindError(self._limit))

    def end(self, error: Exception) -> None:
        """Nothing will come any more; `error` is raised after what has come."""
        self._over = self._over or error
        self._some.set()

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        while not self._waiting:
            if self._over is not None:
                raise self._over
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()
