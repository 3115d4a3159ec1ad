"""Sockets of one gateway that all listen to one topic, and whose clients read at once."""

import asyncio
from typing import Any, Self

from actors.messages import STORED, Feed, Join, Joined, Message, Published, Reply
from actors.placement import Placement
from actors.whereabouts import Whereabouts
from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.links import Links
from protocol.caller import Role
from protocol.ids import Address, Channel, Kind, Topic
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.RESTAURANT, 1, 1), Channel.RESTAURANT)
LIFE = "a"
"""The incarnation of the host."""


class ReadyWire:
    """Takes every frame, as a socket does whose client keeps up."""

    def __init__(self) -> None:
        self.taken = 0

    def write(self, frame: bytes) -> bool:
        self.taken += 1
        return True

    def flush(self) -> None:
        """Nothing waits."""

    def keep_alive(self, ping_s: float) -> None:
        """It answers every ping."""

    def opened(self) -> None:
        """Nothing was held for it."""


class Crowd:
    """`size` sockets, joined; `take` gives their gateway what a host has published."""

    def __init__(self) -> None:
        self._hosts = ScriptedHosts(_answer)
        self._links = Links(self._hosts, Whereabouts(Placement()), "g1")
        self._feeds = Feeds(self._hosts, Whereabouts(Placement()), self._links, "g1")
        self._host = Placement().host_of(TOPIC.address)
        self._seq = 0
        self.wires: list[ReadyWire] = []

    @classmethod
    async def gather(cls, size: int) -> Self:
        self = cls()
        self.wires = [ReadyWire() for _ in range(size)]
        connections = [
            Connection(id_, _send, 1000, 10**6, wire) for id_, wire in enumerate(self.wires)
        ]
        await asyncio.gather(
            *(self._feeds.join(each, Role.MANAGER, TOPIC, None, None) for each in connections)
        )
        return self

    def take(self, payload: bytes) -> None:
        """The topic's next event, in a feed of its own."""
        self._seq += 1
        published = Published(TOPIC, "e", self._seq, (payload,))
        cursor = self._feeds.cursor(self._host) + 1
        self._feeds.take(self._host, Feed(LIFE, cursor, (published,)))

    async def leave(self) -> None:
        """Every socket has had the snapshot and each event, and the gateway ends."""
        assert {wire.taken for wire in self.wires} == {1 + self._seq}
        await self._feeds.close()
        await self._links.close()


def _answer(message: Message) -> Reply:
    return Joined(LIFE, "e", 0, (b"{}",), resumed=False) if isinstance(message, Join) else STORED


async def _send(message: Any) -> None:
    raise AssertionError("a socket that reads at once needs no queue")
