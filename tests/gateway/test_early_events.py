"""What comes before the answer to a join: kept, in order, and nothing beyond a gap."""

import asyncio
from typing import Any

import orjson

from actors.messages import STORED, Feed, Join, Joined, Leave, Message, Published, Rejoin, Reply
from actors.placement import Placement
from actors.whereabouts import Whereabouts
from gateway.connection import Connection
from gateway.feeds import Feeds
from gateway.links import Links
from protocol.caller import Role
from protocol.ids import Address, Channel, Kind, Topic
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)
HOST = str(TOPIC.address)


def frame(seq: int) -> bytes:
    return orjson.dumps({"seq": seq})


class Listening:
    """A gateway's feeds before a host that stands at `seq`, and a socket that joins there."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.hosts = ScriptedHosts(self._reply)
        self.links = Links(self.hosts, Whereabouts(Placement()), "g1")
        self.feeds = Feeds(self.hosts, Whereabouts(Placement()), self.links, "g1")

    def _reply(self, message: Message) -> Reply:
        if isinstance(message, Join):
            return Joined("a", "e", self.seq, (frame(self.seq),), resumed=False)
        if isinstance(message, Rejoin):
            missed = tuple(frame(seq) for seq in range(message.since + 1, 6))
            return Joined("a", "e", 5, missed, resumed=True)
        assert isinstance(message, Leave)
        return STORED

    async def join(self, id_: int, *early: int) -> list[int]:
        """What a socket is shown, where these numbers come before the answer to its join."""
        frames: list[int] = []

        async def send(message: Any) -> None:
            frames.append(orjson.loads(message["text"])["seq"])

        self.hosts.gate.clear()
        connection = Connection(id_, send, 100, 10**6)
        joining = asyncio.create_task(self.feeds.join(connection, Role.WAITER, TOPIC, None, None))
        await asyncio.sleep(0.02)
        for cursor, seq in enumerate(early, 1):
            self.feeds.take(HOST, Feed("a", cursor, (Published(TOPIC, "e", seq, (frame(seq),)),)))
        self.hosts.gate.set()
        assert await joining is None
        await asyncio.sleep(0.1)
        return frames

    async def close(self) -> None:
        await self.feeds.close()
        await self.links.close()


async def test_what_came_early_follows_the_first_frames() -> None:
    listening = Listening(2)
    assert await listening.join(1, 3, 4) == [2, 3, 4]
    await listening.close()


async def test_a_gap_in_what_came_early_is_filled_by_joining_again() -> None:
    """The commit of 3 was in doubt: its host never told it, and told 4 before it was asked."""
    listening = Listening(2)
    assert await listening.join(1, 4) == [2, 3, 4, 5]
    await listening.close()


async def test_a_socket_that_joins_a_host_which_is_behind_catches_up_with_the_others() -> None:
    """Two hosts held the entity: the one that answered knew less than the one before."""
    listening = Listening(4)
    first = await listening.join(1)
    listening.seq = 2
    assert await listening.join(2) == [2, 3, 4, 5]
    assert first == [4, 5]
    await listening.close()


async def test_what_came_early_of_an_older_epoch_is_left_out() -> None:
    """It is lost; its number belongs to something else by now."""
    listening = Listening(2)
    listening.hosts.gate.clear()
    frames: list[int] = []

    async def send(message: Any) -> None:
        frames.append(orjson.loads(message["text"])["seq"])

    connection = Connection(1, send, 100, 10**6)
    joining = asyncio.create_task(listening.feeds.join(connection, Role.WAITER, TOPIC, None, None))
    await asyncio.sleep(0.02)
    listening.feeds.take(HOST, Feed("a", 1, (Published(TOPIC, "d", 3, (frame(33),)),)))
    listening.hosts.gate.set()
    assert await joining is None
    await asyncio.sleep(0.1)
    assert frames == [2]
    await listening.close()
