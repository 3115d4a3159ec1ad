"""Streams over real sockets: the preface, frames, batches, heartbeats and slow readers."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence

import pytest

from engine import streams
from engine.codec import Body
from engine.messages import ACCEPTED, Published, Read, View
from engine.stream_sockets import StreamListener, connect
from engine.streams import PUSHED, Endpoint, HostUnavailable, IncomingStream, Stream
from protocol.errors import UNAVAILABLE
from protocol.ids import Address, Channel, Kind, Topic
from tests.eventually import eventually

NODE = "node-1"
ORDER = Address(Kind.ORDER, 7, 1)
READ = Read(ORDER, Channel.ORDER)


class Host:
    """Keeps what arrives, and who has connected."""

    def __init__(self) -> None:
        self.listener = StreamListener(NODE, "127.0.0.1", self._accept)
        self.streams: list[IncomingStream] = []
        self.reads: list[list[tuple[int, Body]]] = []

    def _accept(self, stream: IncomingStream) -> None:
        stream.receive = lambda _, items: self.reads.append(list(items))
        self.streams.append(stream)

    @property
    def items(self) -> list[tuple[int, Body]]:
        return [item for read in self.reads for item in read]


class Caller:
    """One end of a stream, and what it has received."""

    def __init__(self) -> None:
        self.items: list[tuple[int, Body]] = []
        self.lost = False
        self.stream = Stream(self._receive, self._on_lost)

    def _receive(self, stream: Stream, items: Sequence[tuple[int, Body]]) -> None:
        self.items += items

    def _on_lost(self, stream: Stream) -> None:
        self.lost = True


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    yield host
    for stream in host.streams:
        stream.abort()


async def connected(host: Host, node: str = NODE) -> Caller:
    caller = Caller()
    await connect(await host.listener.endpoint(node), "gateway-1", caller.stream)
    await eventually(lambda: bool(host.streams))
    return caller


async def tcp_of(host: Host) -> tuple[str, int]:
    """Address for peers on other nodes."""
    address = (await host.listener.endpoint("another")).address
    assert isinstance(address, tuple)
    return address


@pytest.mark.parametrize("node", [NODE, "another"], ids=["unix", "tcp"])
async def test_messages_and_replies_arrive_in_order(host: Host, node: str) -> None:
    caller = await connected(host, node)
    assert host.streams[0].peer == "gateway-1"
    for number in range(1, 501):
        caller.stream.send(number, READ)
    await eventually(lambda: len(host.items) == 500)
    assert host.items == [(number, READ) for number in range(1, 501)]
    host.streams[0].send(1, View(b"{}"))
    host.streams[0].send(PUSHED, Published(Topic(ORDER, Channel.ORDER), "e", 3, (b"{}",)))
    host.streams[0].send(2, ACCEPTED)
    await eventually(lambda: len(caller.items) == 3)
    assert [number for number, _ in caller.items] == [1, PUSHED, 2]
    caller.stream.close()


async def test_messages_of_one_loop_iteration_arrive_in_one_read(host: Host) -> None:
    caller = await connected(host)
    for number in range(1, 11):
        caller.stream.send(number, READ)
    await eventually(lambda: bool(host.reads))
    assert [len(read) for read in host.reads] == [10]
    caller.stream.close()


async def test_endpoints_on_the_same_node_are_unix_sockets_and_others_tcp(host: Host) -> None:
    assert isinstance((await host.listener.endpoint(NODE)).address, str)
    address, port = await tcp_of(host)
    assert (address, await host.listener.endpoint("a third")) == (
        "127.0.0.1",
        (await host.listener.endpoint("another")),
    )
    assert isinstance(port, int)


async def test_a_listener_uses_a_port_of_its_range_and_raises_if_none_is_free() -> None:
    accept = lambda stream: None  # noqa: E731
    first = StreamListener(NODE, "127.0.0.1", accept, range(21_500, 21_501))
    assert (await first.endpoint("another")).address == ("127.0.0.1", 21_500)
    second = StreamListener(NODE, "127.0.0.1", accept, range(21_500, 21_501))
    with pytest.raises(OSError, match="no port from 21500 to 21500 is free"):
        await second.endpoint("another")


@pytest.mark.parametrize(
    "preface",
    [
        b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n" + bytes(40),
        struct.pack("!4sH32sB", b"RQST", streams.PROTOCOL, bytes(32), 1) + b"g",
        struct.pack("!4sH32sB", b"RQST", streams.PROTOCOL + 1, b"secret", 1) + b"g",
    ],
    ids=["http", "wrong secret", "another protocol"],
)
async def test_a_connection_without_a_valid_preface_is_closed_unread(
    host: Host, preface: bytes
) -> None:
    address, port = await tcp_of(host)
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(preface + struct.pack("!I", 3) + b"\x93\x01\x04")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 10)
    assert not host.streams
    assert not host.items
    writer.close()


async def test_a_connection_that_sends_no_preface_is_closed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(streams, "PEER_TIMEOUT_S", 0.1)
    address, port = await tcp_of(host)
    reader, writer = await asyncio.open_connection(address, port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(10_000), 10)
    writer.close()


async def test_a_peer_of_an_incompatible_release_is_not_connected_to(host: Host) -> None:
    endpoint = await host.listener.endpoint(NODE)
    with pytest.raises(HostUnavailable, match="finish the upgrade"):
        await connect(endpoint._replace(protocol=99), "gateway-1", Caller().stream)


async def test_connecting_to_a_missing_host_raises_host_unavailable() -> None:
    gone = Endpoint("\0restaurant-qr-missing", bytes(32), "a")
    with pytest.raises(HostUnavailable, match="cannot connect"):
        await connect(gone, "gateway-1", Caller().stream)


async def test_a_stream_of_a_silent_peer_is_closed_and_one_with_heartbeats_is_not(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(streams, "PEER_TIMEOUT_S", 0.2)
    caller = await connected(host)
    later = asyncio.get_running_loop().time() + 2 * streams.PEER_TIMEOUT_S
    await eventually(lambda: caller.stream._received_at > later)
    assert not caller.lost, "heartbeats keep an idle stream open"
    monkeypatch.setattr(IncomingStream, "_beat", lambda stream: None)
    await eventually(lambda: caller.lost)


@pytest.mark.parametrize("limit", ["SLOW_CONSUMER_BYTES", "MAX_BUFFER_BYTES"])
async def test_a_stream_of_a_peer_that_does_not_read_is_closed(
    host: Host, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(streams, limit, 1_000_000)
    caller = await connected(host)
    transport = caller.stream._transport
    assert transport is not None
    transport.pause_reading()
    for _ in range(100):
        host.streams[0].send(PUSHED, View(bytes(100_000)))
    await eventually(lambda: not host.streams[0].is_open)


async def test_a_burst_beyond_the_slow_limit_reaches_a_peer_that_reads(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SLOW_CONSUMER_BYTES", 100_000)
    caller = await connected(host)
    for number in range(1, 201):
        host.streams[0].send(number, View(bytes(100_000)))
    await eventually(lambda: len(caller.items) == 200)
    assert host.streams[0].is_open
    caller.stream.close()


async def test_a_unix_listener_that_failed_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = StreamListener(NODE, "127.0.0.1", lambda stream: None)

    async def fails() -> str:
        raise OSError("too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(listener, "_listen_unix", fails)
        with pytest.raises(OSError, match="too many"):
            await listener.endpoint(NODE)
    assert isinstance((await listener.endpoint(NODE)).address, str)


async def test_a_frame_beyond_the_limit_ends_the_stream(host: Host) -> None:
    caller = await connected(host)
    caller.stream._write(struct.pack("!I", streams.MAX_FRAME_BYTES + 1))
    await eventually(lambda: not host.streams[0].is_open)
    await eventually(lambda: caller.lost)


async def test_an_undecodable_message_fails_alone(host: Host) -> None:
    caller = await connected(host)
    caller.stream.send(1, READ)
    caller.stream.send_frame(b"\x93\x02\xcd\x03\xe7\x90")  # (2, type 999, [])
    caller.stream.send(3, READ)
    await eventually(lambda: len(host.items) == 3)
    assert host.items == [(1, READ), (2, UNAVAILABLE), (3, READ)]
    caller.stream.close()


async def test_a_message_that_cannot_be_encoded_is_answered_as_unavailable(host: Host) -> None:
    caller = await connected(host)
    caller.stream.send(1, View(object()))  # type: ignore[arg-type]
    caller.stream.send(2, READ)
    await eventually(lambda: len(host.items) == 2)
    assert host.items == [(1, UNAVAILABLE), (2, READ)]
    caller.stream.close()


async def test_frames_are_reassembled_however_they_are_split(host: Host) -> None:
    caller = await connected(host)
    end = host.streams[0]
    frames: list[bytes] = []
    caller.stream._write = lambda *parts: frames.extend(parts)  # type: ignore[method-assign]
    for number in range(1, 6):
        caller.stream.send(number, READ)
    for byte in b"".join(frames):
        end.data_received(bytes([byte]))
    assert [number for number, _ in host.items] == [1, 2, 3, 4, 5]
    caller.stream.abort()
