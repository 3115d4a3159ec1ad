"""One host's messages: the queued ones, of which entities send in turn, and the window of those in
flight."""

import asyncio
import itertools
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence

from engine.messages import Message, Reply
from engine.streams import PUSHED
from gateway.metrics import HANDLER_ERRORS
from protocol.errors import UNAVAILABLE
from protocol.ids import Address

log = logging.getLogger(__name__)

WINDOW = 256
"""Maximum number of messages in flight to a host."""


class PendingMessage:
    """A message whose sender waits for the reply until `deadline`, a time of the loop."""

    __slots__ = ("deadline", "message", "observe", "queued_at", "reply")

    def __init__(
        self,
        message: Message,
        reply: asyncio.Future[Reply],
        timeout_s: float,
        observe: Callable[[Reply], None] | None,
    ) -> None:
        self.message, self.reply, self.observe = message, reply, observe
        self.queued_at = reply.get_loop().time()
        self.deadline = self.queued_at + timeout_s

    def complete(self, reply: Reply) -> None:
        """Pass the reply on; `observe` gets it before anything later is read from the stream."""
        if self.reply.done():
            return
        self.reply.set_result(reply)
        if self.observe is not None:
            try:
                self.observe(reply)
            except Exception:  # must not affect later replies and events of the stream
                HANDLER_ERRORS.add()
                log.exception("cannot handle a reply", extra={"reply": type(reply).__name__})

    def expire(self, now: float) -> None:
        if now > self.deadline:
            self.complete(UNAVAILABLE)


class MessageQueue:
    """Messages queued for a host. `in_flight` are those that it has not answered, by number."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Address, deque[PendingMessage]] = OrderedDict()
        self.in_flight: dict[int, tuple[Address, PendingMessage]] = {}
        self._counts: Counter[Address] = Counter()
        self._numbers = itertools.count(PUSHED + 1)

    def __bool__(self) -> bool:
        """Whether anything is queued."""
        return bool(self._queues)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def append(self, to: Address, pending: PendingMessage) -> None:
        """Queue a message after the entity's others."""
        self._queues.setdefault(to, deque()).append(pending)

    def requeue(self, to: Address, lost: Sequence[PendingMessage]) -> None:
        """Queue an entity's messages again, before its others."""
        self._queues.setdefault(to, deque()).extendleft(reversed(lost))

    def take(self, to: Address) -> list[PendingMessage]:
        """Remove and return the entity's messages that have not been sent."""
        return list(self._queues.pop(to, ()))

    def addresses(self) -> set[Address]:
        """The entities with messages queued or in flight."""
        return {*self._queues, *self._counts}

    def is_in_flight(self, to: Address) -> bool:
        return to in self._counts

    def next(self) -> tuple[int, Message] | None:
        """The number and message to send next, from now on in flight; None if nothing is queued or
        the window is full."""
        while self._queues and len(self.in_flight) < WINDOW:
            to, queue = self._queues.popitem(last=False)
            pending = queue.popleft()
            if queue:
                self._queues[to] = queue
            if pending.reply.done():
                continue
            number = next(self._numbers)
            self.in_flight[number] = to, pending
            self._counts[to] += 1
            return number, pending.message
        return None

    def pop_answered(self, number: int) -> tuple[Address, PendingMessage] | None:
        """Remove and return a message that was in flight."""
        entry = self.in_flight.pop(number, None)
        if entry is not None:
            to, _ = entry
            self._counts[to] -= 1
            if not self._counts[to]:
                del self._counts[to]
        return entry

    def take_in_flight(self) -> dict[Address, list[PendingMessage]]:
        """Remove and return all messages in flight, in the order in which they were sent."""
        lost: dict[Address, list[PendingMessage]] = {}
        for number in sorted(self.in_flight):
            to, pending = self.in_flight[number]
            lost.setdefault(to, []).append(pending)
        self.in_flight.clear()
        self._counts.clear()
        return lost

    def expire(self, now: float) -> None:
        """Answer `unavailable` to queued messages past their deadline, and remove them."""
        for to, queue in list(self._queues.items()):
            for pending in queue:
                pending.expire(now)
            self._queues[to] = deque(each for each in queue if not each.reply.done())
            if not self._queues[to]:
                del self._queues[to]

    def end(self) -> None:
        """Answer `unavailable` to all messages."""
        pending = [each for _, each in self.in_flight.values()]
        for each in (*pending, *itertools.chain.from_iterable(self._queues.values())):
            each.complete(UNAVAILABLE)
        self.in_flight.clear()
        self._queues.clear()
