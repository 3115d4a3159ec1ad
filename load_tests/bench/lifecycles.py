"""Order lifecycles: the workload of a restaurant at full speed.

Each client has its own restaurant, subscribes to its channel, and has guests at its tables. In turn
they order, two more sockets subscribe to the order, and the staff confirms it, makes it ready and
delivers it: four commands with an ack each, two handshakes, twenty frames. A command ends when its
last frame has arrived.
"""

import asyncio
import itertools
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from load_tests.bench.measure import cost_of, latencies
from load_tests.bench.restaurants import BenchRestaurant
from load_tests.bench.servers import Server, token
from load_tests.bench.wire import Expected, Socket, open_socket

STATUSES = ("confirmed", "ready", "delivered")
FRAMES = 20
TABLES = 16
"""Tables of a restaurant, used in turn: no session exceeds a realistic number of orders."""
TIMEOUT_S = 30.0


@dataclass(slots=True)
class LifecycleStats:
    """Counts of completed lifecycles and frames, and seconds of commands and subscriptions."""

    done: int = 0
    frames: int = 0
    commands: list[float] = field(default_factory=list)
    joins: list[float] = field(default_factory=list)


class LifecycleClient:
    """The client of one restaurant."""

    def __init__(self, server: Server, restaurant: BenchRestaurant, stats: LifecycleStats) -> None:
        self._server = server
        self._restaurant = restaurant
        self._stats = stats
        self._expected = Expected()
        self._sockets: list[Socket] = []
        self._token = token()
        self._name = secrets.token_hex(6)
        self._sent = 0

    async def start(self) -> None:
        restaurant = self._restaurant
        opened = self._expected.expect(len(restaurant.sessions) + 1)
        sessions = [await self._open(f"tables/sessions/{id_}/") for id_ in restaurant.sessions]
        self._guests = itertools.cycle(sessions)
        await self._open(f"restaurants/{restaurant.id}/")
        await asyncio.wait_for(opened, TIMEOUT_S)

    async def run(self, until: float, every_s: float) -> None:
        """Run lifecycles, one started every `every_s` seconds, the first at a random moment of
        that."""
        next_at = time.monotonic() + random.random() * every_s
        while next_at < until:
            await asyncio.sleep(next_at - time.monotonic())
            await self._run_one()
            next_at = max(next_at + every_s, time.monotonic())

    async def stop(self) -> None:
        for socket in self._sockets:
            socket.cut()

    async def _open(self, path: str) -> Socket:
        socket = await open_socket(self._server.ws(path), self._expected.on_frame, self._token)
        self._sockets.append(socket)
        return socket

    async def _run_one(self) -> None:
        before = self._expected.count
        items = [{"menu_item_id": id_, "quantity": 1} for id_ in self._restaurant.items[:2]]
        # the ack, the session's update, the restaurant's new order
        await self._command(next(self._guests), 3, action="place_order", items=items)
        order = orjson.loads(self._expected.ack)["data"]["order_id"]
        began = time.perf_counter()
        subscribed = self._expected.expect(2)
        staff, guest = await asyncio.gather(
            self._open(f"orders/{order}/"), self._open(f"orders/{order}/")
        )
        await asyncio.wait_for(subscribed, TIMEOUT_S)
        self._stats.joins.append(time.perf_counter() - began)
        for status in STATUSES:
            # the ack, the session's update, the order's two sockets; if it is ready, these also get
            # the items, and the restaurant gets the order
            frames = 7 if status == "ready" else 4
            await self._command(staff, frames, action="update_status", status=status)
        for socket in (staff, guest):
            self._sockets.remove(socket)
            socket.cut()
        self._stats.done += 1
        self._stats.frames += self._expected.count - before

    async def _command(self, socket: Socket, frames: int, **body: object) -> None:
        self._sent += 1
        body["request_id"] = f"{self._name}-{self._sent}"
        began = time.perf_counter()
        done = self._expected.expect(frames)
        socket.send(orjson.dumps(body))
        await asyncio.wait_for(done, TIMEOUT_S)
        self._stats.commands.append(time.perf_counter() - began)


async def run_lifecycles(
    server: Server, restaurants: list[BenchRestaurant], seconds: float, every_s: float = 0.0
) -> LifecycleStats:
    """Run one client per restaurant for that long; each starts a lifecycle `every_s`, or as soon as
    it can."""
    stats = LifecycleStats()
    clients = [LifecycleClient(server, restaurant, stats) for restaurant in restaurants]
    await asyncio.gather(*(client.start() for client in clients))
    until = time.monotonic() + seconds
    await asyncio.gather(*(client.run(until, every_s) for client in clients))
    await asyncio.gather(*(client.stop() for client in clients))
    assert stats.frames == stats.done * FRAMES, "frames were lost or repeated"
    return stats


class LifecycleClients:
    """Clients that stay connected between slices, one per restaurant."""

    def __init__(self, server: Server, restaurants: list[BenchRestaurant]) -> None:
        self._server = server
        self._stats = LifecycleStats()
        self._clients = [
            LifecycleClient(server, restaurant, self._stats) for restaurant in restaurants
        ]

    async def start(self) -> None:
        await asyncio.gather(*(client.start() for client in self._clients))
        await self.run(1.0)

    async def run(self, seconds: float) -> dict[str, Any]:
        """The result row of that many seconds of lifecycles."""
        stats = self._stats
        stats.done, stats.frames = 0, 0
        stats.commands.clear()
        stats.joins.clear()
        with cost_of(self._server) as cost:
            until = time.monotonic() + seconds
            await asyncio.gather(*(client.run(until, 0.0) for client in self._clients))
        assert stats.frames == stats.done * FRAMES, "frames were lost or repeated"
        return cost.each(stats.done) | latencies(stats.commands) | {"joins": latencies(stats.joins)}
