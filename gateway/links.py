"""Messages to hosts, in batches: one batch is under way to each host, the rest waits for the next.

That keeps the order of what one gateway sends to one host, and makes a burst cheap. The busier a
host, the longer the next batch gathers: a call costs as much as a dozen of its messages. A batch
whose host was lost is sent again; requests carry ids, so nothing is done twice. Replies bring along
what was published for this gateway.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from typing import NamedTuple, Protocol

from actors.messages import Exchanged, Feed, Join, Leave, Message, Rejoin, Reply
from actors.placement import Placement
from actors.transport import HostGone, Hosts
from gateway.metrics import BATCH_MESSAGES, BATCH_SECONDS, HOSTS_LOST
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address

log = logging.getLogger(__name__)

MAX_BATCH = 128
GATHER_S = 0.001
LONGEST_GATHER_S = 0.008
"""From one batch to the next at least: so long for each of its messages, and at most so long."""
LINGER_S = 0.005
"""How long a link without messages waits for the next ones before it is quiet."""
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


class Listener(Protocol):
    """Who takes what hosts publish."""

    def cursor(self, host: str) -> int:
        """That of the last feed taken from a host."""

    def take(self, host: str, feed: Feed) -> None: ...


class _Link:
    """What waits for one host, each entity's messages in order, the entities in turn: a burst on
    one of them does not keep the others waiting."""

    __slots__ = ("arrival", "queues", "task")

    def __init__(self) -> None:
        self.queues: OrderedDict[Address, deque[_Waiting]] = OrderedDict()
        self.arrival: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None]

    def append(self, to: Address, waiting: _Waiting) -> None:
        queue = self.queues.get(to)
        if queue is None:
            queue = self.queues[to] = deque()
        queue.append(waiting)
        self.wake()

    def take(self, most: int) -> list[_Waiting]:
        """The next batch."""
        batch: list[_Waiting] = []
        while self.queues and len(batch) < most:
            to, queue = self.queues.popitem(last=False)
            batch.append(queue.popleft())
            if queue:
                self.queues[to] = queue
        return batch

    def wake(self) -> None:
        if self.arrival is not None and not self.arrival.done():
            self.arrival.set_result(None)

    async def linger(self) -> None:
        """Until something waits, or nothing has come for a while."""
        loop = asyncio.get_running_loop()
        self.arrival = loop.create_future()
        timer = loop.call_later(LINGER_S, self.wake)
        try:
            await self.arrival
        finally:
            timer.cancel()
            self.arrival = None


class Links:
    """All hosts that this gateway talks to. A host without traffic costs nothing."""

    def __init__(self, hosts: Hosts, placement: Placement, gateway: str) -> None:
        self._hosts = hosts
        self._placement = placement
        self._gateway = gateway
        self._listener: Listener | None = None
        self._links: dict[str, _Link] = {}

    def listen(self, listener: Listener) -> None:
        """Hand what hosts publish to a listener."""
        self._listener = listener

    def send(self, message: Message) -> asyncio.Future[Reply]:
        """The reply, when it comes. It always comes: `unavailable` where the host does not."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, loop.create_future(), loop.time() + PATIENCE_S)
        to = address_of(message)
        host = self._placement.host_of(to)
        link = self._links.get(host)
        if link is None:
            link = self._links[host] = _Link()
            link.task = asyncio.create_task(self._drain(host, link))
        link.append(to, waiting)
        return waiting.reply

    async def quiet(self, host: str, patience_s: float) -> None:
        """Until nothing is under way to a host, or for so long."""
        link = self._links.get(host)
        if link is not None:
            await asyncio.wait({link.task}, timeout=patience_s)

    def is_quiet(self, host: str) -> bool:
        return host not in self._links

    async def when_it_exists(self, message: Message) -> Reply:
        """The reply for an id that the directory names: its entity may only be on its way there,
        where a creation takes another host's turn."""
        if self._placement.together:
            return await self.send(message)
        for pause in CREATION_PAUSES_S:
            reply = await self.send(message)
            if not isinstance(reply, Rejected) or reply.code is not Code.NOT_FOUND:
                return reply
            await asyncio.sleep(pause)
        return await self.send(message)

    async def close(self) -> None:
        """Stop sending; what waits is told `unavailable`."""
        tasks = [link.task for link in self._links.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self, host: str, link: _Link) -> None:
        """Send what waits for one host, a batch at a time, until nothing does."""
        loop = asyncio.get_running_loop()
        batch: list[_Waiting] = []
        try:
            while batch := link.take(MAX_BATCH):
                began = loop.time()
                next_at = began + min(GATHER_S * (len(batch) - 1), LONGEST_GATHER_S)
                BATCH_MESSAGES.observe(len(batch))
                await self._send(host, batch)
                BATCH_SECONDS.observe(loop.time() - began)
                batch = []
                if loop.time() < next_at:
                    await asyncio.sleep(next_at - loop.time())
                if not link.queues:
                    await link.linger()
        finally:
            del self._links[host]
            for waiting in (*batch, *(each for queue in link.queues.values() for each in queue)):
                _answer(waiting, UNAVAILABLE)

    async def _send(self, host: str, batch: list[_Waiting]) -> None:
        """Deliver one batch, again while its host is lost and its senders have patience."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while batch:
            try:
                exchanged = await asyncio.wait_for(
                    self._exchange(host, [waiting.message for waiting in batch]),
                    max(0.01, max(waiting.deadline for waiting in batch) - loop.time()),
                )
            except (HostGone, TimeoutError) as error:
                HOSTS_LOST.add()
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
                self._pass_on(host, exchanged.feed)
                for waiting, reply in zip(batch, exchanged.replies, strict=True):
                    _answer(waiting, reply)
                return

    def _pass_on(self, host: str, feed: Feed | None) -> None:
        """What was published; no mistake in that may cost the replies, which are stored."""
        if feed is None or self._listener is None:
            return
        try:
            self._listener.take(host, feed)
        except Exception:
            log.exception("what a host published was not passed on", extra={"host": host})

    async def _exchange(self, host: str, batch: list[Message]) -> Exchanged:
        cursor = self._listener.cursor(host) if self._listener is not None else 0
        return await self._hosts.exchange(host, self._gateway, cursor, batch)


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
