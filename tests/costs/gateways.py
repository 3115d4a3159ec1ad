"""Gateways on streams in memory, with sockets that are never blocked."""

import asyncio
import itertools
from collections.abc import Sequence

from engine.host import Host
from engine.messages import Done, Message
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import IncomingStream, Network, Stream
from gateway.backend.host_client import HostClient
from gateway.backend.subscriptions import SubscriptionHub
from gateway.server.frames import TextFrame, WriterOwner
from gateway.websocket.connection import Connection
from protocol.caller import Role
from protocol.ids import Topic
from tests.local_hosts import SECRET
from tests.pipes import Pipe


class ReadyWriter:
    """Accepts every frame, as the socket of a fast client does."""

    is_blocked = False

    def __init__(self) -> None:
        self.frames = 0

    def bind(self, owner: WriterOwner) -> None:
        """Ignores its owner: it is never blocked."""

    def write(self, frame: TextFrame) -> bool:
        self.frames += 1
        return True

    def close(self, code: int, reason: str, *, wait: bool = True, timeout_s: float = 0.0) -> None:
        raise AssertionError("no connection is closed")


class DirectNetwork:
    """The connection of a gateway to the host; counts the writes of both."""

    def __init__(self, host: Host, gateway: str) -> None:
        self._host, self._gateway = host, gateway
        self.reset()

    def reset(self) -> None:
        self.sends = self.replies = 0

    async def connect(self, host: str, stream: Stream) -> str:
        incoming = IncomingStream(SECRET, self._host.attach)
        Pipe(stream, incoming, self._sent, self._replied)
        stream.send_preface(SECRET, self._gateway)
        return host

    async def incarnation(self, host: str) -> str:
        return host

    def _sent(self, data: bytes) -> bool:
        self.sends += 1
        return True

    def _replied(self, data: bytes) -> bool:
        self.replies += 1
        return True


class Gateway:
    """A gateway's host client and subscription hub."""

    def __init__(self, network: Network, name: str, placement: Placement) -> None:
        watcher = PlacementWatcher(placement)
        self.client = HostClient(network, watcher)
        self._hub = SubscriptionHub(self.client, watcher, name)
        self._ids = itertools.count(1)

    async def do(self, batch: Sequence[Message]) -> None:
        """Send messages at once; all of them must succeed."""
        replies = await asyncio.gather(*map(self.client.send, batch))
        refused = [reply for reply in replies if not isinstance(reply, Done)]
        assert not refused, refused[0]

    async def subscribe(self, topic: Topic, sockets: int) -> list[ReadyWriter]:
        """Open sockets that are subscribed to a topic. Returns their writers."""
        writers = [ReadyWriter() for _ in range(sockets)]
        joins = [
            self._hub.subscribe(
                Connection(next(self._ids), writer, 1000, 10**6),
                Role.MANAGER, topic, None, None,
            )
            for writer in writers
        ]  # fmt: skip
        refused = [each for each in await asyncio.gather(*joins) if each is not None]
        assert not refused, refused[0]
        return writers

    def close(self) -> None:
        """Close its streams."""
        self._hub.close()
        self.client.close()
