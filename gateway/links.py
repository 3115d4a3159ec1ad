"""Messages to hosts, in batches: one batch is under way to each host, the rest waits for the next.

That keeps the order of what one gateway sends to one host, and makes a burst cheap. The busier a
host, the longer the next batch gathers: a call costs as much as a dozen of its messages. A batch
whose host was lost is sent again; requests carry ids, so nothing is done twice. Replies bring along
what was published for this gateway. What turns out to live elsewhere goes there, in its order.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from typing import NamedTuple, Protocol

from actors.messages import Exchanged, Feed, Message, Moved, Reply, address_of
from actors.transport import HostGone, Hosts
from actors.whereabouts import Whereabouts
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


class Listener(Protocol):
    """Who takes what hosts publish."""

    def cursor(self, host: str) -> int:
        """That of the last feed taken from a host."""

    def take(self, host: str, feed: Feed) -> None: ...


class _Link:
    """What waits for one host, each entity's messages in order, the entities in turn: a burst on
    one of them does not keep the others waiting."""

    __slots__ = ("arrival", "queues", "task", "under_way")

    def __init__(self) -> None:
        self.queues: OrderedDict[Address, deque[_Waiting]] = OrderedDict()
        self.under_way: list[_Waiting] = []
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
        self.under_way = batch
        return batch

    def take_all(self) -> list[_Waiting]:
        """All that waits, each entity's messages in order."""
        queues, self.queues = self.queues, OrderedDict()
        return [waiting for queue in queues.values() for waiting in queue]

    def waits_for(self) -> set[Address]:
        """Whom something waits for, or is under way to."""
        return {*self.queues, *(address_of(waiting.message) for waiting in self.under_way)}

    def has(self, to: Address) -> bool:
        return to in self.queues or any(address_of(each.message) == to for each in self.under_way)

    def count(self) -> int:
        """The number of queued messages."""
        return sum(map(len, self.queues.values()))

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

    def __init__(self, hosts: Hosts, whereabouts: Whereabouts, gateway: str) -> None:
        self._hosts = hosts
        self._whereabouts = whereabouts
        whereabouts.follow(self._placement_changed)
        self._gateway = gateway
        self._listener: Listener | None = None
        self._links: dict[str, _Link] = {}
        self._outdated: dict[str, _Link] = {}

    def listen(self, listener: Listener) -> None:
        """Hand what hosts publish to a listener."""
        self._listener = listener

    def send(self, message: Message) -> asyncio.Future[Reply]:
        """The reply, when it comes. It always comes: `unavailable` where the host does not."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, loop.create_future(), loop.time() + PATIENCE_S)
        self._append(waiting)
        return waiting.reply

    def _append(self, waiting: _Waiting) -> None:
        """Behind what waits for the same entity, if that be at the host that it has left."""
        to = address_of(waiting.message)
        link = None
        if self._outdated:
            link = next((each for each in self._outdated.values() if each.has(to)), None)
        if link is None:
            host = self._whereabouts.host_of(to)
            link = self._links.get(host)
            if link is None:
                link = self._links[host] = _Link()
                link.task = asyncio.create_task(self._drain(host, link))
        link.append(to, waiting)

    def _placement_changed(self) -> None:
        """What waits goes where it belongs once its link's batch under way is answered."""
        for host, link in self._links.items():
            if any(self._whereabouts.host_of(to) != host for to in link.waits_for()):
                self._outdated[host] = link

    async def quiet(self, host: str, patience_s: float) -> None:
        """Until nothing is under way to a host, or for so long."""
        link = self._links.get(host)
        if link is not None:
            await asyncio.wait({link.task}, timeout=patience_s)

    def waiting(self) -> dict[str, int]:
        """The queue length of each host, without the batch in flight."""
        counts = {host: link.count() for host, link in self._links.items()}
        return {host: count for host, count in counts.items() if count}

    def is_quiet(self, host: str) -> bool:
        return host not in self._links

    async def when_it_exists(self, message: Message) -> Reply:
        """The reply for an id that the directory names: its entity may only be on its way there,
        where a creation takes another host's turn."""
        if self._whereabouts.together:
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
        try:
            while batch := self._next(host, link):
                began = loop.time()
                next_at = began + min(GATHER_S * (len(batch) - 1), LONGEST_GATHER_S)
                BATCH_MESSAGES.observe(len(batch))
                elsewhere = await self._send(host, batch)
                BATCH_SECONDS.observe(loop.time() - began)
                if elsewhere or host in self._outdated:
                    self._send_on(host, link, elsewhere)
                link.under_way = []
                if loop.time() < next_at:
                    await asyncio.sleep(next_at - loop.time())
                if not link.queues:
                    await link.linger()
        finally:
            del self._links[host]
            self._outdated.pop(host, None)
            for waiting in (*link.under_way, *link.take_all()):
                _answer(waiting, UNAVAILABLE)

    def _next(self, host: str, link: _Link) -> list[_Waiting]:
        if host in self._outdated:
            self._send_on(host, link, [])
        return link.take(MAX_BATCH)

    def _send_on(self, host: str, link: _Link, elsewhere: list[_Waiting]) -> None:
        """Let each go where it belongs by now, in its order."""
        self._outdated.pop(host, None)
        link.under_way = []
        for waiting in (*elsewhere, *link.take_all()):
            self._append(waiting)

    async def _send(self, host: str, batch: list[_Waiting]) -> list[_Waiting]:
        """Deliver one batch, again while its host is lost and its senders have patience. Answers
        with what another host carries."""
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
                if host in self._outdated:
                    return batch
            except Exception:
                log.exception("a batch could not be sent", extra={"host": host})
                for waiting in batch:
                    _answer(waiting, UNAVAILABLE)
                return []
            else:
                self._pass_on(host, exchanged.feed)
                return await self._answer_all(host, batch, exchanged.replies)
        return []

    async def _answer_all(
        self, host: str, batch: list[_Waiting], replies: list[Reply]
    ) -> list[_Waiting]:
        """Hand out the replies. What lives elsewhere is answered with, once it is known where."""
        elsewhere = []
        generation = 0
        for waiting, reply in zip(batch, replies, strict=True):
            if isinstance(reply, Moved):
                elsewhere.append(waiting)
                generation = max(generation, reply.generation)
            else:
                _answer(waiting, reply)
        if not elsewhere:
            return []
        await self._whereabouts.refresh(generation)
        if any(self._whereabouts.host_of(address_of(each.message)) == host for each in elsewhere):
            await asyncio.sleep(FIRST_PAUSE_S)  # the host does not know yet that it is its own
        now = asyncio.get_running_loop().time()
        return [waiting for waiting in elsewhere if not _expired(waiting, now)]

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
