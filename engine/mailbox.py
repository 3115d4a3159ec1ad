"""The queue of messages that wait for a turn of their host."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple, Protocol

from engine.messages import AnyMessage, Moved, Reply, address_of
from engine.placement_watcher import PlacementWatcher
from protocol.ids import Address


class ReplyTo(Protocol):
    """The stream that receives the replies to numbered messages."""

    def send(self, number: int, body: Reply) -> None: ...


class Envelope(NamedTuple):
    """A message with its number and the stream that receives the reply, None for a host's message
    to itself. `received_at` is a time of the event loop."""

    message: AnyMessage
    stream: ReplyTo | None
    number: int
    received_at: float

    def reply(self, reply: Reply) -> None:
        if self.stream is not None:
            self.stream.send(self.number, reply)


class Mailbox:
    """The waiting messages, those of the running turn, and the misplaced ones.

    A message is misplaced if, according to this host's placement, another host holds its entity. It
    and later messages to the same entity wait until the newest placement is fetched.
    `is_ours(address)` returns whether this host holds an entity. `on_message` is called when
    misplaced messages are queued."""

    def __init__(
        self,
        watcher: PlacementWatcher,
        is_ours: Callable[[Address], bool],
        on_message: Callable[[], None],
    ) -> None:
        self._watcher = watcher
        self._is_ours = is_ours
        self._on_message = on_message
        self._waiting: deque[Envelope] = deque()
        self._in_turn: list[Envelope] = []
        self._misplaced: dict[Address, list[Envelope]] = {}
        self._resolving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def misplaced(self) -> int:
        """The number of misplaced messages."""
        return sum(map(len, self._misplaced.values()))

    def put(self, envelope: Envelope) -> None:
        address = address_of(envelope.message)
        if address not in self._misplaced and self._is_ours(address):
            self._waiting.append(envelope)
            return
        self._misplaced.setdefault(address, []).append(envelope)
        if self._resolving is None:
            self._resolving = asyncio.create_task(self._resolve())

    def take(self, count: int) -> list[Envelope]:
        """Remove and return the messages of the next turn. Until `end_turn`, `oldest_at` includes
        them."""
        count = min(len(self._waiting), count)
        self._in_turn = [self._waiting.popleft() for _ in range(count)]
        return self._in_turn

    def end_turn(self) -> None:
        self._in_turn = []

    def return_foreign(self) -> None:
        """Reply Moved to the waiting messages whose entities another host holds now."""
        waiting, self._waiting = self._waiting, deque()
        generation = self._watcher.placement.generation
        for envelope in waiting:
            if self._is_ours(address_of(envelope.message)):
                self._waiting.append(envelope)
            else:
                envelope.reply(Moved(generation))

    def oldest_at(self) -> float | None:
        """The time of the event loop at which the oldest undecided message was received; None if
        there is none."""
        undecided: Iterable[Envelope] = chain(
            self._in_turn[:1], self._waiting, *self._misplaced.values()
        )
        return min((each.received_at for each in undecided), default=None)

    def close(self) -> None:
        if self._resolving is not None:
            self._resolving.cancel()

    async def _resolve(self) -> None:
        """Fetch the newest placement. Queue the misplaced messages whose entities this host holds
        in it, and reply Moved to the others."""
        await self._watcher.refresh(self._watcher.placement.generation + 1)
        self._resolving = None
        misplaced, self._misplaced = self._misplaced, {}
        generation = self._watcher.placement.generation
        for address, envelopes in misplaced.items():
            if self._is_ours(address):
                self._waiting.extend(envelopes)
                continue
            for envelope in envelopes:
                envelope.reply(Moved(generation))
        self._on_message()
