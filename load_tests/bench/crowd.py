"""Many sockets on one channel, and one change after the other told to all of them."""

import asyncio
import itertools
import time
from collections.abc import Callable

from load_tests.bench.chain import Place
from load_tests.bench.servers import Server, token
from load_tests.bench.wire import Socket, open_socket

OPENED_AT_ONCE = 64
TIMEOUT_S = 60.0


class Crowd:
    """`size` sockets on one channel. `tell` makes one change, of which each hears once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sockets: list[Socket] = []
        self.received = 0
        self._turn = itertools.count()
        self._enough: asyncio.Future[None] | None = None
        self._wanted = 0

    def take(self, text: bytes) -> None:
        assert not text.startswith(b'{"error"'), text
        self.received += 1
        waiting = self._enough
        if waiting is not None and self.received >= self._wanted and not waiting.done():
            waiting.set_result(None)

    async def until(self, received: int) -> None:
        """Until so many frames have come, counted from the beginning."""
        if self.received >= received:
            return
        self._wanted, self._enough = received, asyncio.get_running_loop().create_future()
        await asyncio.wait_for(self._enough, TIMEOUT_S)

    async def open(self, url: str, greeted: bool) -> float:
        """Open all sockets; the seconds until the last of them had its snapshot."""
        began = time.perf_counter()
        room = asyncio.Semaphore(OPENED_AT_ONCE)
        allowed = token()

        async def one() -> None:
            async with room:
                self.sockets.append(await open_socket(url, self.take, allowed))

        await asyncio.gather(*(one() for _ in range(self.size)))
        if greeted:
            await self.until(self.size)
        self.received = 0
        return time.perf_counter() - began

    def tell(self) -> None:
        """One change, from another socket each time: none of them sends too fast. Never to what is
        so already, in whatever order they arrive: a session begins with two guests."""
        turn = next(self._turn)
        body = b'{"action":"update_guests_count","guests_count":%d}' % (turn % 40 + 3)
        self.sockets[turn % self.size].send(body)

    def close(self) -> None:
        for socket in self.sockets:
            socket.cut()


async def gathered(server: Server, place: Place | None, size: int) -> Crowd:
    """A crowd at a session's channel, or on the bare server's broadcast."""
    crowd = Crowd(size)
    path = "broadcast" if place is None else f"tables/sessions/{place.sessions[0]}/"
    await crowd.open(server.ws(path), greeted=place is not None)
    return crowd


async def one_at_a_time(
    crowd: Crowd, more: Callable[[], bool], pause_s: float = 0.0
) -> list[float]:
    """Seconds from sending each change to the last socket's receipt of it."""
    took = []
    while more():
        began = time.perf_counter()
        wanted = crowd.received + crowd.size
        crowd.tell()
        await crowd.until(wanted)
        took.append(time.perf_counter() - began)
        if pause_s:
            await asyncio.sleep(pause_s)
    return took


async def in_flight(crowd: Crowd, more: Callable[[], bool], window: int) -> list[float]:
    """The same with several changes under way."""
    took: list[float] = []
    begun: list[float] = []
    heard = crowd.received
    while begun or more():
        while len(begun) < window and more():
            begun.append(time.perf_counter())
            crowd.tell()
        heard += crowd.size
        await crowd.until(heard)
        took.append(time.perf_counter() - begun.pop(0))
    return took
