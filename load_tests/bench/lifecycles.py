"""Whole lives of orders: what a restaurant does all evening, as fast as it goes.

Each client has a restaurant of its own, whose channel it listens to, and guests at its tables.
Again and again one of them orders, two more sockets join the order, and the staff confirms it,
makes it ready and delivers it: four commands with an ack each, two handshakes, twenty frames. A
command is over when its last frame has come.
"""

import asyncio
import itertools
import random
import secrets
import time
from dataclasses import dataclass, field

import orjson

from load_tests.bench.chain import Place
from load_tests.bench.servers import Server, token
from load_tests.bench.wire import Expected, Socket, open_socket

STATUSES = ("confirmed", "ready", "delivered")
FRAMES = 20
TABLES = 16
"""They order in turn, so that no party has more orders than an evening brings."""
TIMEOUT_S = 30.0


@dataclass(slots=True)
class Lives:
    """How many lives were finished, and how long commands and joins took (seconds)."""

    done: int = 0
    frames: int = 0
    commands: list[float] = field(default_factory=list)
    joins: list[float] = field(default_factory=list)


class Client:
    """One restaurant's evening."""

    def __init__(self, server: Server, place: Place, lives: Lives) -> None:
        self._server = server
        self._place = place
        self._lives = lives
        self._expected = Expected()
        self._sockets: list[Socket] = []
        self._token = token()
        self._name = secrets.token_hex(6)
        self._sent = 0

    async def start(self) -> None:
        place = self._place
        opened = self._expected.expect(len(place.sessions) + 1)
        sessions = [await self._open(f"tables/sessions/{id_}/") for id_ in place.sessions]
        self._parties = itertools.cycle(sessions)
        await self._open(f"restaurants/{place.restaurant}/")
        await asyncio.wait_for(opened, TIMEOUT_S)

    async def live(self, until: float, every_s: float) -> None:
        """Lives of orders, one begun `every_s` (seconds), the first at any moment of that."""
        next_at = time.monotonic() + random.random() * every_s
        while next_at < until:
            await asyncio.sleep(next_at - time.monotonic())
            await self._one()
            next_at = max(next_at + every_s, time.monotonic())

    async def stop(self) -> None:
        for socket in self._sockets:
            socket.cut()

    async def _open(self, path: str) -> Socket:
        socket = await open_socket(self._server.ws(path), self._expected.take, self._token)
        self._sockets.append(socket)
        return socket

    async def _one(self) -> None:
        before = self._expected.count
        items = [{"menu_item_id": id_, "quantity": 1} for id_ in self._place.items[:2]]
        # the ack, the session's update, the restaurant's new order
        await self._command(next(self._parties), 3, action="place_order", items=items)
        order = orjson.loads(self._expected.ack)["data"]["order_id"]
        began = time.perf_counter()
        joined = self._expected.expect(2)
        staff, guest = await asyncio.gather(
            self._open(f"orders/{order}/"), self._open(f"orders/{order}/")
        )
        await asyncio.wait_for(joined, TIMEOUT_S)
        self._lives.joins.append(time.perf_counter() - began)
        for status in STATUSES:
            # the ack, the session's update, the order's two sockets; where it is ready these hear
            # of the items, too, and the restaurant of the order
            frames = 7 if status == "ready" else 4
            await self._command(staff, frames, action="update_status", status=status)
        for socket in (staff, guest):
            self._sockets.remove(socket)
            socket.cut()
        self._lives.done += 1
        self._lives.frames += self._expected.count - before

    async def _command(self, socket: Socket, frames: int, **body: object) -> None:
        self._sent += 1
        body["request_id"] = f"{self._name}-{self._sent}"
        began = time.perf_counter()
        done = self._expected.expect(frames)
        socket.send(orjson.dumps(body))
        await asyncio.wait_for(done, TIMEOUT_S)
        self._lives.commands.append(time.perf_counter() - began)


async def lives(server: Server, places: list[Place], seconds: float, every_s: float = 0.0) -> Lives:
    """One client a place, for so long; each begins a life `every_s`, or as soon as it can."""
    told = Lives()
    clients = [Client(server, place, told) for place in places]
    await asyncio.gather(*(client.start() for client in clients))
    until = time.monotonic() + seconds
    await asyncio.gather(*(client.live(until, every_s) for client in clients))
    await asyncio.gather(*(client.stop() for client in clients))
    assert told.frames == told.done * FRAMES, "frames were lost or came twice"
    return told
