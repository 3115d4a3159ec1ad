"""Hosts with replies and faults that a test chooses, for those that real hosts show too rarely."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from engine.codec import Body
from engine.messages import ACCEPTED, Dropped, Message, Published, Reply
from engine.streams import PUSHED, HostUnavailable, IncomingStream, Stream
from tests.local_hosts import SECRET
from tests.pipes import Pipe


class ScriptedHosts:
    """A network of hosts that answer each message with `reply(message)` while `gate` is set.

    At the next `failures` writes of a gateway, the messages are recorded and the stream is lost;
    the next `refusals` connections fail.
    """

    def __init__(self, reply: Callable[[Message], Reply] = lambda message: ACCEPTED) -> None:
        self.reply = reply
        self.failures = 0
        self.refusals = 0
        self.batches: list[list[Message]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.process = "a"
        self.streams: dict[str, IncomingStream] = {}
        self.connected: list[str] = []
        self._pipes: dict[str, Pipe] = {}
        self._waiting: deque[tuple[IncomingStream, int, Message]] = deque()
        self._answering: asyncio.Task[None] | None = None

    async def connect(self, host: str, stream: Stream) -> str:
        self.connected.append(host)
        await asyncio.sleep(0)
        if self.refusals:
            self.refusals -= 1
            raise HostUnavailable(f"{host} is unavailable")

        def accept(incoming: IncomingStream) -> None:
            incoming.receive = self._receive
            self.streams[host] = incoming

        incoming = IncomingStream(SECRET, accept)
        self._pipes[host] = Pipe(stream, incoming, lambda data: True, lambda data: True)
        stream.send_preface(SECRET, "gateway")
        return self.process

    async def incarnation(self, host: str) -> str:
        return self.process

    def push(self, host: str, *bodies: Published | Dropped) -> None:
        """Publish to the gateway."""
        for body in bodies:
            self.streams[host].send(PUSHED, body)

    def cut(self, host: str) -> None:
        """Lose the host's stream with the data in flight."""
        self._pipes[host].cut()

    def messages(self) -> list[Message]:
        """All received messages, in order."""
        return [message for batch in self.batches for message in batch]

    def _receive(self, stream: Stream, items: Sequence[tuple[int, Body]]) -> None:
        assert isinstance(stream, IncomingStream)
        self.batches.append([message for _, message in items])  # type: ignore[misc]
        if self.failures:
            self.failures -= 1
            stream.abort()
            return
        self._waiting.extend((stream, number, message) for number, message in items)  # type: ignore[misc]
        if self._answering is None or self._answering.done():
            self._answering = asyncio.create_task(self._answer())

    async def _answer(self) -> None:
        while self._waiting:
            await self.gate.wait()
            stream, number, message = self._waiting.popleft()
            stream.send(number, self.reply(message))
