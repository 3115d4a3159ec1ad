"""One shard's host in this process, on its own append-only Valkey.

The host runs without Ray and sockets, so that memory and CPU time of the process are its own.
Messages and replies are encoded and decoded as on a stream.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis

from actors import gc_tuning
from actors.host_actor import WallClock
from domain.entity import NO_INPUTS, Inputs, RequestRef
from engine.codec import Body, decode, encode
from engine.host import Host
from engine.messages import Done, Message, Submit
from engine.peers import Peers
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import HostUnavailable, Stream
from load_tests.bench.usage import cpu_of
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.ids import Address, Channel, Kind, Topic
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from storage.store import Store

ADMIN = Caller(Role.ADMIN, "admin:bench")
BATCH = 32
TIMEOUT_S = 900
ORDERS_PER_SESSION = 4
MENU = c.ReplaceMenu(
    categories=(
        MenuCategoryInput(
            name="All",
            items=(
                MenuItemInput(name="Soup", price=1450),
                MenuItemInput(name="Fish", price=900),
            ),
        ),
    )
)
ITEMS = (c.MenuLine(menu_item_id=1), c.MenuLine(menu_item_id=2))
LIFECYCLE = (OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)


class NoPeers:
    """A network without other hosts."""

    async def connect(self, host: str, stream: Stream) -> str:
        raise HostUnavailable(host)

    async def incarnation(self, host: str) -> str:
        raise HostUnavailable(host)


class Mailbox:
    """A stream in memory: delivers messages to a host and collects its replies."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._replies: dict[int, Body] = {}
        self._answered = asyncio.Event()
        self._awaited = 0

    async def deliver(self, batch: Sequence[Message]) -> list[Body]:
        """One reply a message, in order."""
        self._replies.clear()
        self._answered.clear()
        self._awaited = len(batch)
        frames = [encode(number, message) for number, message in enumerate(batch)]
        self._host.post(self, [decode(frame) for frame in frames])
        await self._answered.wait()
        return [self._replies[number] for number in range(len(batch))]

    def send(self, number: int, body: Body) -> None:
        """Receive a reply of the host."""
        _, self._replies[number] = decode(encode(number, body))
        if len(self._replies) == self._awaited:
            self._answered.set()


class StoreUsage(NamedTuple):
    """Bytes in the store's memory, and bytes sent to it."""

    memory: int
    received: int


class BenchHost:
    """A host and its restaurants, with one table each."""

    def __init__(self, host: Host, store: Store, server: EmbeddedStore) -> None:
        self.host = host
        self.mailbox = Mailbox(host)
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
        """Create restaurants; returns their tables."""
        homes = [self._new(Kind.RESTAURANT, 0) for _ in range(restaurants)]
        opening = c.CreateRestaurant(name="No. 1", currency="EUR", timezone="Europe/Rome")
        await self._all([self._submit(home, opening) for home in homes])
        menus = [Address(Kind.MENU, home.id, home.id) for home in homes]
        await self._all([self._submit(menu, MENU) for menu in menus])
        tables = [self._new(Kind.TABLE, home.restaurant) for home in homes]
        adding = c.AddTable(number="1", zone="A", seats=4)
        await self._all(
            [
                self._submit(home, adding, Inputs(id=table.id))
                for home, table in zip(homes, tables, strict=True)
            ]
        )
        return tables

    async def add_waiter(self, home: Address) -> Address:
        """Add a waiter to a restaurant."""
        waiter = self._new(Kind.WAITER, home.restaurant)
        await self._all([self._submit(home, c.AddWaiter(name="Ada"), Inputs(id=waiter.id))])
        return waiter

    async def occupy(self, table: Address) -> Address:
        """Open a session at a table."""
        session = self._new(Kind.SESSION, table.restaurant)
        inputs = Inputs(session.id, f"c{session.id}")
        await self._all([self._submit(table, c.Occupy(), inputs)])
        return session

    async def do(self, commands: Sequence[tuple[Address, c.Command]]) -> None:
        await self._all([self._submit(to, command) for to, command in commands])

    async def run_sessions(self, tables: Sequence[Address], *, served: bool = True) -> None:
        """At each table, open a session, place and perhaps serve its orders, and close it."""
        sessions = [self._new(Kind.SESSION, table.restaurant) for table in tables]
        await self._all(
            [
                self._submit(table, c.Occupy(), Inputs(session.id, f"c{session.id}"))
                for table, session in zip(tables, sessions, strict=True)
            ]
        )
        for _ in range(ORDERS_PER_SESSION):
            await self.order_lifecycles(sessions, LIFECYCLE if served else ())
        closing = c.CloseSession(force=True, reason="the bench is closing")
        await self._all([self._submit(session, closing) for session in sessions])
        self.sessions += sessions

    async def order_lifecycles(
        self, sessions: Sequence[Address], statuses: Sequence[OrderStatus]
    ) -> None:
        """Place one order a session, and take all through these statuses."""
        orders = [self._new(Kind.ORDER, session.restaurant) for session in sessions]
        placing = c.PlaceOrder(items=ITEMS)
        await self._all(
            [
                self._submit(session, placing, Inputs(id=order.id, is_priced_by_host=True))
                for session, order in zip(sessions, orders, strict=True)
            ]
        )
        for status in statuses:
            await self._all([self._submit(o, c.UpdateStatus(status=status)) for o in orders])
        self.orders += orders

    def _new(self, kind: Kind, restaurant: int) -> Address:
        id_ = next(self._ids[kind])
        return Address(kind, id_, restaurant or id_)

    def _submit(self, to: Address, command: Any, inputs: Inputs = NO_INPUTS) -> Submit:
        request_ref = RequestRef(to, ADMIN.subject, f"r{next(self._requests)}", "digest")
        return Submit(to, command, ADMIN, request_ref, inputs)

    async def store_usage(self) -> StoreUsage:
        """Memory of the store and bytes sent to it so far."""
        async with Redis.from_url(self.url) as redis:
            memory, stats = await redis.info("memory"), await redis.info("stats")
        return StoreUsage(memory["used_memory"], stats["total_net_input_bytes"])

    async def frames(self, entities: Sequence[Address], channel: Channel) -> list[bytes]:
        """All events of a channel of entities in memory."""
        loaded = [self.host._cache.get(each) for each in entities]
        seqs = [entity.seqs.get(channel, 0) if entity else 0 for entity in loaded]
        reads = [
            (Topic(each, channel), 0, seq) for each, seq in zip(entities, seqs, strict=True) if seq
        ]
        async with asyncio.timeout(TIMEOUT_S):
            journals = await self._store.journal(reads)
        return [frame for frames in journals for frame in frames or ()]

    async def _all(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), BATCH):
            replies = await self.mailbox.deliver(messages[start : start + BATCH])
            assert all(isinstance(reply, Done) for reply in replies), replies[0]


@asynccontextmanager
async def bench_host() -> AsyncIterator[BenchHost]:
    """A host that carries all entities, with its store."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        server = EmbeddedStore(Path(directory))
        server.start()
        gc_tuning.tune()
        store = open_store(server.url, retention_s=86_400, timeout_s=30)
        watcher = PlacementWatcher(Placement(Mode.SHARD, 1))
        host = Host("shard:0", store, Peers(NoPeers()), watcher, WallClock())
        try:
            yield BenchHost(host, store, server)
        finally:
            host.close()
            await store.close()
            server.stop()
