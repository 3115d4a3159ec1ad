"""One shard's host in this process, on an append-only Valkey of its own: what an entity costs.

The class that the Ray actor carries, driven without Ray and without sockets, so that its memory and
its CPU time are its own.
"""

import asyncio
import gc
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
from redis.asyncio import Redis

from actors import interpreter
from actors.host import Host
from actors.messages import Done, Exchanged, Feed, Message, Read, Reply, Submit, View
from actors.placement import Mode, Placement
from actors.ray_hosts import WallClock
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from domain.entity import NOTHING, Origin, Supplies
from load_tests.bench.measure import latencies
from load_tests.bench.usage import cpu_of
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store

ADMIN = Caller(Role.ADMIN, "admin:bench")
BATCH = 32
LIVE = 50_000
TIMEOUT_S = 900
ORDERS_A_PARTY = 4
MENU = c.ReplaceMenu(
    categories=(
        c.MenuCategoryInput(
            name="All",
            items=(
                c.MenuItemInput(name="Soup", price=1450),
                c.MenuItemInput(name="Fish", price=900),
            ),
        ),
    )
)
ITEMS = (c.MenuLine(menu_item_id=1), c.MenuLine(menu_item_id=2))
LIFE = (OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)


class Alone:
    """The other hosts, of which there are none."""

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        raise HostGone(host)

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        raise HostGone(host)

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        raise HostGone(host)


class InStore(NamedTuple):
    """Bytes."""

    memory: int
    received: int


class Chain:
    """Restaurants with a table each, where party follows party."""

    def __init__(self, host: Host, store: Store, server: EmbeddedStore) -> None:
        self.host = host
        self._store, self.url = store, server.url
        self.orders: list[Address] = []
        self.sessions: list[Address] = []
        self._valkey_pid = server.pid
        self._ids = {kind: itertools.count(1) for kind in Kind}
        self._requests = itertools.count(1)

    @property
    def cpu_s(self) -> float:
        """CPU-seconds of this process and of the store."""
        return time.process_time() + cpu_of(self._valkey_pid)

    async def open(self, restaurants: int) -> list[Address]:
        """New restaurants; their tables."""
        homes = [self._new(Kind.RESTAURANT, 0) for _ in range(restaurants)]
        opening = c.CreateRestaurant(name="No. 1", currency="EUR", timezone="Europe/Rome")
        await self._all([self._submit(home, opening) for home in homes])
        await self._all([self._submit(home, MENU) for home in homes])
        tables = [self._new(Kind.TABLE, home.restaurant) for home in homes]
        adding = c.AddTable(number="1", zone="A", seats=4)
        await self._all(
            [
                self._submit(home, adding, Supplies(id=table.id))
                for home, table in zip(homes, tables, strict=True)
            ]
        )
        return tables

    async def hire(self, home: Address) -> Address:
        """A new waiter."""
        waiter = self._new(Kind.WAITER, home.restaurant)
        await self._all([self._submit(home, c.AddWaiter(name="Ada"), Supplies(id=waiter.id))])
        return waiter

    async def seat(self, table: Address) -> Address:
        """The session of a new party."""
        session = self._new(Kind.SESSION, table.restaurant)
        supplies = Supplies(session.id, f"c{session.id}")
        await self._all([self._submit(table, c.Occupy(), supplies)])
        return session

    async def do(self, commands: Sequence[tuple[Address, c.Command]]) -> None:
        await self._all([self._submit(to, command) for to, command in commands])

    async def parties(self, tables: Sequence[Address], *, served: bool = True) -> None:
        """At each table a party sits down, orders four times, is served or not, and leaves."""
        sessions = [self._new(Kind.SESSION, table.restaurant) for table in tables]
        await self._all(
            [
                self._submit(table, c.Occupy(), Supplies(session.id, f"c{session.id}"))
                for table, session in zip(tables, sessions, strict=True)
            ]
        )
        for _ in range(ORDERS_A_PARTY):
            await self.lives(sessions, LIFE if served else ())
        closing = c.CloseSession(force=True, reason="the bench is closing")
        await self._all([self._submit(session, closing) for session in sessions])
        self.sessions += sessions

    async def lives(self, sessions: Sequence[Address], life: Sequence[OrderStatus]) -> None:
        """One order a session, and what becomes of it."""
        orders = [self._new(Kind.ORDER, session.restaurant) for session in sessions]
        placing = c.PlaceOrder(items=ITEMS)
        await self._all(
            [
                self._submit(session, placing, Supplies(id=order.id, to_price=(1, 2)))
                for session, order in zip(sessions, orders, strict=True)
            ]
        )
        for status in life:
            await self._all([self._submit(o, c.UpdateStatus(status=status)) for o in orders])
        self.orders += orders

    def _new(self, kind: Kind, restaurant: int) -> Address:
        id_ = next(self._ids[kind])
        return Address(kind, id_, restaurant or id_)

    def _submit(self, to: Address, command: Any, supplies: Supplies = NOTHING) -> Submit:
        origin = Origin(to, ADMIN.subject, f"r{next(self._requests)}", "digest")
        return Submit(to, command, ADMIN, origin, supplies)

    async def in_store(self) -> InStore:
        """What the store holds, and has been sent by now."""
        async with Redis.from_url(self.url) as redis:
            memory, stats = await redis.info("memory"), await redis.info("stats")
        return InStore(memory["used_memory"], stats["total_net_input_bytes"])

    async def frames(self, entities: Sequence[Address], channel: Channel) -> list[bytes]:
        """All events that a channel of theirs has told; they are in memory."""
        seqs = [self.host._held[each].seqs.get(channel, 0) for each in entities]
        reads = [
            (Topic(each, channel), 0, seq) for each, seq in zip(entities, seqs, strict=True) if seq
        ]
        async with asyncio.timeout(TIMEOUT_S):
            told = await self._store.journal(reads)
        return [frame for frames in told for frame in frames or ()]

    async def _all(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), BATCH):
            replies: list[Reply] = await self.host.deliver(messages[start : start + BATCH])
            assert all(isinstance(reply, Done) for reply in replies), replies[0]


@asynccontextmanager
async def chain() -> AsyncIterator[Chain]:
    """A host that carries everything, for as long as this lasts."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        server = EmbeddedStore(Path(directory))
        server.start()
        interpreter.tune()
        store = open_store(server.url, retention_s=86_400, timeout_s=30)
        host = Host("shard:0", store, Alone(), Whereabouts(Placement(Mode.SHARD, 1)), WallClock())
        try:
            yield Chain(host, store, server)
        finally:
            host.close()
            await store.close()
            server.stop()


async def entities(wanted: int) -> dict[str, Any]:
    """Memory of so many entities that are live at once, and how soon a cold one answers."""
    async with chain() as made:
        tables = await made.open(500)
        await made.parties(tables)
        start, before = len(made.host._held), _resident()
        while len(made.host._held) < start + wanted:
            await made.parties(tables)
        live = len(made.host._held) - start
        each = (_resident() - before) / live
        took = []
        for order in made.orders[:: max(1, len(made.orders) // 1000)]:
            made.host.forget(order)
            began = time.perf_counter()
            [reply] = await made.host.deliver([Read(order, Channel.ORDER)])
            took.append(time.perf_counter() - began)
            assert isinstance(reply, View)
        return {"live": live, "bytes_each": each, **latencies(took)}


async def growth() -> list[dict[str, Any]]:
    """CPU of a command, host and store, as the chain and its past grow."""
    rows = []
    async with chain() as made:
        tables: list[Address] = []
        for restaurants in (32, 100, 1000):
            tables += await made.open(restaurants - len(tables))
            rows.append(await _row(made, tables, restaurants=restaurants))
        for stored in (10_000, 30_000, 100_000):
            while len(made.orders) < stored:
                await made.parties(tables, served=False)
                for address in made.orders[-ORDERS_A_PARTY * len(tables) :]:
                    made.host.forget(address)  # as when they have been idle
            rows.append(await _row(made, tables, restaurants=len(tables)))
    return rows


async def kept(rounds: int) -> dict[str, Any]:
    """Bytes in the store's memory, sent to it, and of an event, each on average."""
    async with chain() as made:
        empty = await made.in_store()
        tables = await made.open(200)
        opened = await made.in_store()
        for _ in range(rounds):
            await made.parties(tables)
        full = await made.in_store()
        parties, orders = len(made.sessions), len(made.orders)
        frames = await made.frames(made.orders[-200:], Channel.ORDER)
        frames += await made.frames(made.sessions[-200:], Channel.SESSION)
        return {
            "parties": parties,
            "orders": orders,
            "restaurant_bytes": (opened.memory - empty.memory) / len(tables),
            "party_bytes": (full.memory - opened.memory) / parties,
            "party_sent_bytes": (full.received - opened.received) / parties,
            "frame_bytes": sum(map(len, frames)) / len(frames),
        }


async def _row(made: Chain, tables: list[Address], restaurants: int) -> dict[str, Any]:
    """Thirty-two tables at a time, drawn from all."""
    rounds = 20
    chosen = [
        [tables[(32 * turn + place) % len(tables)] for place in range(32)] for turn in range(rounds)
    ]
    await made.parties(chosen[0])
    stored = len(made.orders)
    before = made.cpu_s
    for some in chosen:
        await made.parties(some)
    commands = rounds * 32 * (2 + ORDERS_A_PARTY * (1 + len(LIFE)))
    return {
        "restaurants": restaurants,
        "stored_orders": stored,
        "command_us": (made.cpu_s - before) / commands * 1e6,
    }


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    jobs: dict[str, Callable[[], Awaitable[Any]]]
    jobs = {"entities": lambda: entities(LIVE), "growth": growth, "kept": lambda: kept(20)}
    job = jobs[sys.argv[1]]()
    print(json.dumps(uvloop.run(asyncio.wait_for(job, TIMEOUT_S))))


if __name__ == "__main__":
    main()
