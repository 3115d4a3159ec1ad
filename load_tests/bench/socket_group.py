"""Many sockets on one channel, and changes delivered to all of them."""

import asyncio
import itertools
import time
from collections.abc import Callable

from load_tests.bench.restaurants import BenchRestaurant
from load_tests.bench.servers import Server, token
from load_tests.bench.wire import Socket, open_socket

CONCURRENT_OPENS = 64
TIMEOUT_S = 60.0


class SocketGroup:
    """`size` sockets on one channel. `send_change` makes one change that each receives once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sockets: list[Socket] = []
        self.received = 0
        self._turn = itertools.count()
        self._reached: asyncio.Future[None] | None = None
        self._target = 0

    def on_frame(self, text: bytes) -> None:
        assert not text.startswith(b'{"error"'), text
        self.received += 1
        waiting = self._reached
        if waiting is not None and self.received >= self._target and not waiting.done():
            waiting.set_result(None)

    async def wait_received(self, received: int) -> None:
        """Wait until that many frames have arrived in total."""
        if self.received >= received:
            return
        self._target, self._reached = received, asyncio.get_running_loop().create_future()
        await asyncio.wait_for(self._reached, TIMEOUT_S)

    async def open(self, url: str, has_snapshot: bool) -> float:
        """Open all sockets; returns the seconds until the last one had its snapshot."""
        began = time.perf_counter()
        slots = asyncio.Semaphore(CONCURRENT_OPENS)
        bearer = token()

        async def one() -> None:
            async with slots:
                self.sockets.append(await open_socket(url, self.on_frame, bearer))

        await asyncio.gather(*(one() for _ in range(self.size)))
        if has_snapshot:
            await self.wait_received(self.size)
        self.received = 0
        return time.perf_counter() - began

    def send_change(self) -> None:
        """Send one change, from another socket each time to stay below the rate limits. The value
        differs from the current one: a session begins with two guests."""
        turn = next(self._turn)
        body = b'{"action":"update_guests_count","guests_count":%d}' % (turn % 40 + 3)
        self.sockets[turn % self.size].send(body)

    def close(self) -> None:
        for socket in self.sockets:
            socket.cut()


async def open_group(server: Server, restaurant: BenchRestaurant | None, size: int) -> SocketGroup:
    """A group on a session's channel, or on the bare server's broadcast."""
    group = SocketGroup(size)
    path = "broadcast" if restaurant is None else f"tables/sessions/{restaurant.sessions[0]}/"
    await group.open(server.ws(path), has_snapshot=restaurant is not None)
    return group


async def measure_sequential(
    group: SocketGroup, more: Callable[[], bool], pause_s: float = 0.0
) -> list[float]:
    """Seconds from sending each change to its last receipt, one change at a time."""
    took = []
    while more():
        began = time.perf_counter()
        target = group.received + group.size
        group.send_change()
        await group.wait_received(target)
        took.append(time.perf_counter() - began)
        if pause_s:
            await asyncio.sleep(pause_s)
    return took


async def measure_pipelined(
    group: SocketGroup, more: Callable[[], bool], window: int
) -> list[float]:
    """Seconds of each change's delivery, with up to `window` changes in flight."""
    took: list[float] = []
    begun: list[float] = []
    expected = group.received
    while begun or more():
        while len(begun) < window and more():
            begun.append(time.perf_counter())
            group.send_change()
        expected += group.size
        await group.wait_received(expected)
        took.append(time.perf_counter() - begun.pop(0))
    return took
