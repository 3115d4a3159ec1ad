"""Messages to hosts, in batches: one batch is under way to each host, the rest waits for the next.

That keeps the order of what one gateway sends to one host, and makes a burst cheap. A batch whose
host was lost is sent again; requests carry ids, so nothing is done twice.
"""

import asyncio
import logging
from collections import deque
from typing import NamedTuple

from actors.messages import Join, Leave, Message, Rejoin, Reply
from actors.placement import Placement
from actors.transport import HostGone, Hosts
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address

log = logging.getLogger(__name__)

MAX_BATCH = 512
PATIENCE_S = 15.0
"""How long a message may wait for its host before its sender is told `unavailable`."""
CREATION_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.5)
"""An entity's actor takes about a second to start."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class _Waiting(NamedTuple):
    message: Message
    reply: asyncio.Future[Reply]
    deadline: float


def address_of(message: Message) -> Address:
    return message.topic.address if isinstance(message, Join | Rejoin | Leave) else message.to


class Links:
    """All hosts that this gateway talks to. A host without traffic costs nothing."""

    def __init__(self, hosts: Hosts, placement: Placement) -> None:
        self._hosts = hosts
        self._placement = placement
        self._queues: dict[str, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, message: Message) -> asyncio.Future[Reply]:
        """The reply, when it comes. It always comes: `unavailable` where the host does not."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, loop.create_future(), loop.time() + PATIENCE_S)
        host = self._placement.host_of(address_of(message))
        queue = self._queues.get(host)
        if queue is None:
            queue = self._queues[host] = deque()
            task = asyncio.create_task(self._drain(host, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue.append(waiting)
        return waiting.reply

    async def when_it_exists(self, message: Message) -> Reply:
        """The reply for an id that the directory names: its entity may only be on its way there."""
        for pause in CREATION_PAUSES_S:
            reply = await self.send(message)
            if not isinstance(reply, Rejected) or reply.code is not Code.NOT_FOUND:
                return reply
            await asyncio.sleep(pause)
        return await self.send(message)

    async def close(self) -> None:
        """Stop sending; what waits is told `unavailable`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drain(self, host: str, queue: deque[_Waiting]) -> None:
        """Send what waits for one host, a batch at a time, until nothing does."""
        batch: list[_Waiting] = []
        try:
            while queue:
                batch = [queue.popleft() for _ in range(min(len(queue), MAX_BATCH))]
                await self._send(host, batch)
                batch = []
        finally:
            del self._queues[host]
            for waiting in (*batch, *queue):
                _answer(waiting, UNAVAILABLE)

    async def _send(self, host: str, batch: list[_Waiting]) -> None:
        """Deliver one batch, again while its host is lost and its senders have patience."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while batch:
            try:
                replies = await asyncio.wait_for(
                    self._hosts.deliver(host, [waiting.message for waiting in batch]),
                    max(0.01, batch[-1].deadline - loop.time()),
                )
            except (HostGone, TimeoutError) as error:
                log.warning(
                    "a host does not answer; its messages are sent again",
                    extra={"host": host, "messages": len(batch), "why": str(error) or "time out"},
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                batch = [waiting for waiting in batch if not _expired(waiting, loop.time())]
            except Exception:
                log.exception("a batch could not be sent", extra={"host": host})
                for waiting in batch:
                    _answer(waiting, UNAVAILABLE)
                return
            else:
                for waiting, reply in zip(batch, replies, strict=True):
                    _answer(waiting, reply)
                return


def _expired(waiting: _Waiting, now: float) -> bool:
    if waiting.reply.cancelled():
        return True
    if now < waiting.deadline:
        return False
    _answer(waiting, UNAVAILABLE)
    return True


def _answer(waiting: _Waiting, reply: Reply) -> None:
    if not waiting.reply.done():
        waiting.reply.set_result(reply)
