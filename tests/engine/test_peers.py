"""Batches between hosts: order of replies, and lost or silent hosts."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from engine import peers
from engine.codec import Body
from engine.messages import ACCEPTED, Activate, Moved
from engine.peers import Peers
from engine.streams import HostUnavailable, IncomingStream, Stream
from protocol.ids import Address, Kind
from tests.eventually import eventually
from tests.pipes import Pipe

SECRET = bytes(32)
WAKE = Activate(Address(Kind.ORDER, 7, 1))


class Network:
    """One host that answers with `replies`, or not at all; `error` is raised by the next
    connections."""

    def __init__(self) -> None:
        self.replies: list[Body] | None = None
        self.error: Exception | None = None
        self.connections = 0
        self.received = 0
        self.pipe: Pipe

    async def connect(self, host: str, stream: Stream) -> str:
        self.connections += 1
        if self.error is not None:
            raise self.error
        incoming = IncomingStream(SECRET, self._accept)
        self.pipe = Pipe(stream, incoming, lambda data: True, lambda data: True)
        stream.send_preface(SECRET, "shard:1")
        return "a"

    async def incarnation(self, host: str) -> str:
        return "a"

    def _accept(self, stream: IncomingStream) -> None:
        stream.receive = self._receive

    def _receive(self, stream: Stream, items: Sequence[tuple[int, Body]]) -> None:
        self.received += len(items)
        if self.replies is not None:
            for (number, _), reply in zip(items, self.replies, strict=True):
                stream.send(number, reply)


async def test_a_batch_gets_its_replies_in_order_on_one_stream() -> None:
    network = Network()
    network.replies = [ACCEPTED, Moved(3)]
    hosts = Peers(network)
    assert await hosts.deliver("shard:0", [WAKE, WAKE]) == [ACCEPTED, Moved(3)]
    assert await hosts.deliver("shard:0", [WAKE, WAKE]) == [ACCEPTED, Moved(3)]
    assert network.connections == 1


async def test_a_batch_on_a_lost_stream_raises_host_unavailable() -> None:
    network = Network()
    hosts = Peers(network)
    delivering = asyncio.create_task(hosts.deliver("shard:0", [WAKE]))
    await eventually(lambda: network.received)
    network.pipe.cut()
    with pytest.raises(HostUnavailable, match="stream was lost"):
        await delivering
    network.replies = [ACCEPTED]
    assert await hosts.deliver("shard:0", [WAKE]) == [ACCEPTED]


async def test_a_host_that_never_replies_is_unavailable_after_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "TIMEOUT_S", 0.05)
    network = Network()
    hosts = Peers(network)
    with pytest.raises(HostUnavailable, match="no reply"):
        await hosts.deliver("shard:0", [WAKE])
    network.replies = [ACCEPTED]
    assert await hosts.deliver("shard:0", [WAKE]) == [ACCEPTED]


@pytest.mark.parametrize("error", [HostUnavailable("away"), TypeError("by the test")], ids=repr)
async def test_the_next_batch_connects_again_after_a_failed_connection(error: Exception) -> None:
    network = Network()
    network.error = error
    network.replies = [ACCEPTED]
    hosts = Peers(network)
    with pytest.raises(HostUnavailable):
        await hosts.deliver("shard:0", [WAKE])
    network.error = None
    assert await hosts.deliver("shard:0", [WAKE]) == [ACCEPTED]


async def test_an_old_stream_is_replaced_once_it_awaits_no_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "MAX_AGE_S", 0.0)
    network = Network()
    network.replies = [ACCEPTED]
    hosts = Peers(network)
    await hosts.deliver("shard:0", [WAKE])
    network.replies = None
    unanswered = asyncio.create_task(hosts.deliver("shard:0", [WAKE]))
    await asyncio.sleep(0)
    hosts.close_old()
    assert network.connections == 1
    unanswered.cancel()
    with suppress(asyncio.CancelledError):
        await unanswered
    hosts.close_old()
    network.replies = [ACCEPTED]
    assert await hosts.deliver("shard:0", [WAKE]) == [ACCEPTED]
    assert network.connections == 2
