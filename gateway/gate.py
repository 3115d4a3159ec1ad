"""A wait of one task for a change that others make, without weight while it does not wait."""

import asyncio


class Gate:
    """What `asyncio.Event` is to many tasks, to one: a gateway has tens of thousands, and an event
    has a queue of waiters from the start. Who has waited looks again whether it may go on."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def open(self) -> None:
        """Let who waits go on."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Until somebody opens it from now on."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class Latch:
    """What `asyncio.Event` is, set from the start, and without weight until it is first cleared."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._event is None

    def clear(self) -> None:
        if self._event is None:
            self._event = asyncio.Event()

    def set(self) -> None:
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def wait(self) -> None:
        """Until it is set."""
        if self._event is not None:
            await self._event.wait()
