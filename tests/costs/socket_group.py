"""Sockets of one gateway subscribed to one topic, with fast clients."""

import asyncio
from typing import Self

from engine.messages import ACCEPTED, Message, Published, Reply, Subscribe, Subscribed
from engine.placement import Placement
from protocol.ids import Address, Channel, Kind, Topic
from tests.costs.gateways import Gateway, ReadyWriter
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.RESTAURANT, 1, 1), Channel.RESTAURANT)


class SocketGroup:
    """`size` subscribed sockets; `publish` delivers an event to their gateway."""

    def __init__(self) -> None:
        self._hosts = ScriptedHosts(_answer)
        self._gateway = Gateway(self._hosts, "g1", Placement())
        self._host = Placement().host_of(TOPIC.address)
        self._seq = 0
        self._writers: list[ReadyWriter] = []

    @classmethod
    async def open(cls, size: int) -> Self:
        self = cls()
        self._writers = await self._gateway.subscribe(TOPIC, size)
        return self

    async def publish(self, payload: bytes) -> None:
        """Publish the topic's next event; returns once the sockets have it."""
        self._seq += 1
        self._hosts.push(self._host, Published(TOPIC, "e", self._seq, (payload,)))
        async with asyncio.timeout(20):
            while self._writers[-1].frames == self._seq:
                await asyncio.sleep(0)  # `eventually` would add its own calls to the counts

    def close(self) -> None:
        """Check that every socket got the snapshot and each event, and close."""
        assert {writer.frames for writer in self._writers} == {1 + self._seq}
        self._gateway.close()


def _answer(message: Message) -> Reply:
    return (
        Subscribed("e", 0, (b"{}",), resumed=False) if isinstance(message, Subscribe) else ACCEPTED
    )
