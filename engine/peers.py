"""A host's streams to other hosts, for batches of messages whose replies are awaited together."""

import asyncio
import itertools
from collections.abc import Sequence

from engine.codec import Body
from engine.messages import Message, Reply
from engine.streams import HostUnavailable, Network, Stream

TIMEOUT_S = 15.0
"""Maximum time for the replies to a batch. After it, the stream is aborted."""
MAX_AGE_S = 60.0
"""Age at which an idle stream is closed, because Ray may have replaced the host's process while the
previous process is still running."""


class Peers:
    """The streams of one host to other hosts, each connected on first use."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._peers: dict[str, _Peer] = {}

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        """Send a batch. Returns one reply per message, in order. Raises HostUnavailable."""
        peer = self._peers.get(host)
        if peer is None or peer.is_lost:
            peer = self._peers[host] = _Peer(self._network, host)
        return await peer.deliver(batch)

    def close_old(self) -> None:
        """Close old streams that are idle. The next batch opens a new one."""
        for host, peer in list(self._peers.items()):
            if peer.close_if_old():
                del self._peers[host]


class _Peer:
    """One stream to a host."""

    def __init__(self, network: Network, host: str) -> None:
        self.is_lost = False
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._stream = Stream(self._receive, self._on_lost)
        self._opened_at = self._loop.time()
        self._deliveries = 0
        self._connected = asyncio.ensure_future(network.connect(host, self._stream))

    async def deliver(self, batch: Sequence[Message]) -> list[Reply]:
        self._deliveries += 1
        try:
            return await self._deliver(batch)
        finally:
            self._deliveries -= 1

    async def _deliver(self, batch: Sequence[Message]) -> list[Reply]:
        try:
            await asyncio.shield(self._connected)
        except Exception as error:
            self.is_lost = True
            raise HostUnavailable(f"{self._host}: {error or type(error).__name__}") from error
        if not self._stream.is_open:
            raise HostUnavailable(f"{self._host}: the stream was lost")
        replies: list[asyncio.Future[Reply]] = []
        for number, message in zip(self._numbers, batch, strict=False):
            replies.append(self._loop.create_future())
            self._waiting[number] = replies[-1]
            self._stream.send(number, message)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.gather(*replies)
        except TimeoutError:
            self.is_lost = True
            self._stream.abort()
            raise HostUnavailable(f"{self._host}: no reply within {TIMEOUT_S:g} s") from None

    def close_if_old(self) -> bool:
        """Close the stream if it is old and idle. Returns whether it is closed now."""
        if self._deliveries or self._loop.time() - self._opened_at < MAX_AGE_S:
            return self.is_lost
        self._stream.close()
        return True

    def _receive(self, stream: Stream, items: Sequence[tuple[int, Body]]) -> None:
        for number, reply in items:
            waiting = self._waiting.pop(number, None)
            if waiting is not None and not waiting.done() and isinstance(reply, Reply):
                waiting.set_result(reply)

    def _on_lost(self, stream: Stream) -> None:
        self.is_lost = True
        waiting, self._waiting = self._waiting, {}
        for reply in waiting.values():
            if not reply.done():
                reply.set_exception(HostUnavailable(f"{self._host}: the stream was lost"))
