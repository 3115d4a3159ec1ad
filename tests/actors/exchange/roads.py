"""A gateway's links and feeds before hosts, and ways between them that lose or delay answers."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from actors.messages import (
    Exchanged,
    Feed,
    Message,
)
from actors.placement import Placement
from actors.subscribers import Subscribers
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.links import Links
from protocol import commands as c
from protocol.caller import Role
from protocol.ids import Address, Topic
from storage.store import Store
from tests.actors.chain import LocalChain
from tests.local_hosts import LocalHosts


class Roads(LocalHosts):
    """Hosts whose exchanges with a gateway can be lost or late, on the way back."""

    def __init__(self, store: Store, placement: Placement, **how: Any) -> None:
        super().__init__(store, placement, **how)
        self.lose_exchanges = 0
        self.on_the_way_back: Callable[[str], Awaitable[None]] | None = None
        self.exchanges: list[Sequence[Message]] = []

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        self.exchanges.append(batch)
        answer = await super().exchange(host, gateway, cursor, batch)
        if self.lose_exchanges:
            self.lose_exchanges -= 1
            raise HostGone("the answer was lost by the test")
        if self.on_the_way_back is not None:
            await self.on_the_way_back("exchange")
        return answer

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        answer = await super().poll(host, gateway, cursor)
        if self.on_the_way_back is not None:
            await self.on_the_way_back("poll")
        return answer

    def sent(self, kind: type) -> list[Any]:
        return [
            message for batch in self.exchanges for message in batch if isinstance(message, kind)
        ]


class Listener:
    """What one socket was sent."""

    def __init__(self) -> None:
        self.frames: list[Any] = []

    @property
    def seq(self) -> int:
        return int(self.frames[-1]["seq"]) if self.frames else -1

    async def reaches(self, seq: int, within_s: float = 3.0) -> None:
        async with asyncio.timeout(within_s):
            while self.seq < seq:
                await asyncio.sleep(0.005)

    def check(self) -> None:
        """Each `seq` once and in order, or a snapshot that stands for it."""
        assert "epoch" in self.frames[0]
        for before, after in itertools.pairwise(self.frames):
            if "epoch" in after:
                assert after["seq"] >= before["seq"]
            else:
                assert after["seq"] == before["seq"] + 1, [frame["seq"] for frame in self.frames]


class Gateway:
    """Links and feeds of a gateway, and sockets that only listen."""

    def __init__(self, hosts: LocalHosts, name: str = "g1") -> None:
        self.name = name
        self.links = Links(hosts, Whereabouts(hosts.placement), name)
        self.feeds = Feeds(hosts, Whereabouts(hosts.placement), self.links, name)
        self._ids = itertools.count(1)

    async def listen(self, topic: Topic) -> Listener:
        listener = Listener()

        async def send(message: Any) -> None:
            listener.frames.append(orjson.loads(message["text"]))

        connection = Connection(next(self._ids), send, 10**6, 10**9)
        assert await self.feeds.join(connection, Role.WAITER, topic, None, None) is None
        return listener

    async def close(self) -> None:
        await self.feeds.close()
        await self.links.close()


def guests(chain: LocalChain, session: Address, count: int) -> Any:
    return chain.submit(session, c.UpdateGuestsCount(guests_count=count))


def subscribers_at(chain: LocalChain, address: Address) -> Subscribers:
    return chain.hosts.hosts[chain.hosts.placement.host_of(address)]._subscribers


async def cursor_of(chain: LocalChain, host: str, gateway: str = "g") -> int:
    return (await chain.hosts.poll(host, gateway, 0)).cursor
