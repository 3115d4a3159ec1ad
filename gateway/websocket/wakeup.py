"""An event with at most one waiting task."""

import asyncio


class Wakeup:
    """An `asyncio.Event` for a single waiter, smaller because it has no queue of waiters: a gateway
    has tens of thousands. The waiter must check its condition again."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def notify(self) -> None:
        """Wake the waiter, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Return at the next `notify`."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
