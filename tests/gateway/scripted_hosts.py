"""Hosts that answer as a test has written down, for faults that real hosts show too rarely."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from actors.messages import STORED, Exchanged, Feed, Message, Reply
from actors.transport import HostGone


class ScriptedHosts:
    """Answers each message with `reply(message)`; the next `failures` deliveries are lost.

    Polls answer with what stands in `feeds`, an exception among them is raised; when it is empty
    they stay parked.
    """

    def __init__(self, reply: Callable[[Message], Reply] = lambda message: STORED) -> None:
        self.reply = reply
        self.failures = 0
        self.batches: list[list[Message]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.feeds: deque[Feed | HostGone] = deque()
        self.cursors: list[int] = []
        self._more = asyncio.Event()

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        self.batches.append(list(batch))
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise HostGone(f"{host} is gone")
        return [self.reply(message) for message in batch]

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        return Exchanged(await self.deliver(host, batch), None)

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        self.cursors.append(cursor)
        while not self.feeds:
            self._more.clear()
            await self._more.wait()
        answer = self.feeds.popleft()
        if isinstance(answer, HostGone):
            raise answer
        return answer

    def tell(self, *feeds: Feed | HostGone) -> None:
        """What the next polls answer."""
        self.feeds.extend(feeds)
        self._more.set()
