"""Asynchronous iterators over a channel's messages or statuses."""

import asyncio
from collections import deque
from typing import Generic, TypeVar
from weakref import WeakSet

from restaurant_qr_client.errors import SlowConsumerError

T = TypeVar("T")


class Stream(Generic[T]):
    """An iterator over the items put since its creation; at most `limit` items wait in it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._changed = asyncio.Event()
        self._error: Exception | None = None

    def put(self, item: T) -> None:
        if self._error is not None:
            return
        if len(self._items) < self._limit:
            self._items.append(item)
            self._changed.set()
        else:
            self.end(SlowConsumerError(self._limit))

    def end(self, error: Exception) -> None:
        """Raise `error` from the iterator after the waiting items."""
        self._error = self._error or error
        self._changed.set()

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()


class Broadcast(Generic[T]):
    """Puts each item into every open stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._streams: WeakSet[Stream[T]] = WeakSet()
        self._error: Exception | None = None

    def open(self, *items: T) -> Stream[T]:
        """A stream that begins with `items`."""
        stream: Stream[T] = Stream(self._limit)
        for item in items:
            stream.put(item)
        if self._error is not None:
            stream.end(self._error)
        self._streams.add(stream)
        return stream

    def put(self, item: T) -> None:
        for stream in list(self._streams):
            stream.put(item)

    def end(self, error: Exception) -> None:
        """End all streams, including those that are opened later."""
        self._error = error
        for stream in list(self._streams):
            stream.end(error)
