"""A chain of open restaurants on one host: guests at every table, and their gateway listening."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from actors.host import Host
from actors.messages import Done, Exchanged, Feed, Join, Joined, Message, Reply, Submit
from actors.placement import Mode, Placement
from actors.whereabouts import Whereabouts
from domain.entity import NOTHING, Origin, Supplies
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.ids import CHANNELS, Address, Kind, Topic
from protocol.statuses import OrderStatus
from tests.costs.accepting_store import AcceptingStore

MANAGER = Caller(Role.MANAGER, "manager:1")
MENU = c.ReplaceMenu(
    categories=(
        c.MenuCategoryInput(
            name="Food",
            items=(
                c.MenuItemInput(name="Soup", price=650),
                c.MenuItemInput(name="Fish", price=1400),
            ),
        ),
    )
)
ORDERED = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1), c.MenuLine(menu_item_id=2)))
PLACEMENT = Placement(Mode.SHARD, 1)
HOST = "shard:0"
GATEWAY = "g1"


class Noon:
    """A wall clock that stands still."""

    def now(self) -> datetime:
        return datetime(2030, 1, 1, 12, tzinfo=UTC)


class DirectHosts:
    """The one host, without anything between; counts what it is asked."""

    host: Host

    def __init__(self) -> None:
        self.exchanges = 0

    async def deliver(self, host: str, batch: Sequence[Message]) -> list[Reply]:
        raise AssertionError("a host that carries everything sends nothing to others")

    async def exchange(
        self, host: str, gateway: str, cursor: int, batch: Sequence[Message]
    ) -> Exchanged:
        self.exchanges += 1
        return await self.host.exchange(gateway, cursor, batch)

    async def poll(self, host: str, gateway: str, cursor: int) -> Feed:
        return await self.host.poll(gateway, cursor)


class Chain:
    """`restaurants` of as many `tables` each, every table with a session that is empty so far."""

    def __init__(self) -> None:
        self.store = AcceptingStore()
        self.hosts = DirectHosts()
        self.host = self.hosts.host = Host(
            HOST, self.store, self.hosts, Whereabouts(PLACEMENT), Noon()
        )
        self.homes: list[Address] = []
        self.sessions: list[Address] = []
        self._cursor = 0
        self._ids = {kind: itertools.count(1) for kind in Kind}
        self._requests = itertools.count(1)

    @classmethod
    async def open(cls, restaurants: int, tables: int = 1) -> Self:
        self = cls()
        self.homes = [Address(Kind.RESTAURANT, id_, id_) for id_ in range(1, restaurants + 1)]
        opening = c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
        await self.do(self.submits(self.homes, opening))
        await self.do(self.submits(self.homes, MENU))
        waiters = self.submits(self.homes, c.AddWaiter(name="Ada"), Kind.WAITER)
        await self.do(waiters)
        for number in range(tables):
            adding = [
                self.submit(
                    each.to,
                    c.AddTable(number=str(number), zone="A", seats=4, waiter_id=each.supplies.id),
                    self._fresh(Kind.TABLE),
                )
                for each in waiters
            ]
            await self.do(adding)
            seats = _created(adding, Kind.TABLE)
            seating = self.submits(seats, c.Occupy(guests_count=2), Kind.SESSION)
            await self.do(seating)
            self.sessions += _created(seating, Kind.SESSION)
        await self.listen([*self.homes, *_created(waiters, Kind.WAITER), *self.sessions])
        return self

    async def listen(self, addresses: Iterable[Address], connections: int = 1) -> None:
        """Sockets of the gateway on the first channel of each entity."""
        await self.do(
            [
                Join(Topic(each, CHANNELS[each.kind][0]), GATEWAY, id_, Role.MANAGER)
                for each in addresses
                for id_ in range(connections)
            ]
        )
        if not self._cursor:
            self._cursor = (await self.host.poll(GATEWAY, 0)).cursor

    async def batch(self, action: str, size: int) -> list[Submit]:
        """`place_order` of two items of the menu at the first `size` tables, or `update_status` to
        ready of orders there: either way order, session, restaurant and waiter change."""
        placing = [
            each._replace(supplies=Supplies(id=each.supplies.id, to_price=(1, 2)))
            for each in self.submits(self.sessions[:size], ORDERED, Kind.ORDER)
        ]
        if action == "place_order":
            return placing
        await self.do(placing)
        orders = _created(placing, Kind.ORDER)
        await self.listen(orders, 2)
        await self.do(self.submits(orders, c.UpdateStatus(status=OrderStatus.CONFIRMED)))
        return self.submits(orders, c.UpdateStatus(status=OrderStatus.READY))

    def submits(
        self, to: Iterable[Address], command: c.Command, creates: Kind | None = None
    ) -> list[Submit]:
        return [
            self.submit(each, command, self._fresh(creates) if creates else NOTHING) for each in to
        ]

    def submit(self, to: Address, command: c.Command, supplies: Supplies = NOTHING) -> Submit:
        origin = Origin(to, MANAGER.subject, f"r{next(self._requests)}", "digest")
        return Submit(to, command, MANAGER, origin, supplies)

    async def do(self, batch: Sequence[Message]) -> None:
        """One batch of the gateway, all of it accepted."""
        exchanged = await self.host.exchange(GATEWAY, self._cursor, batch)
        if exchanged.feed is not None:
            self._cursor = exchanged.feed.cursor
        refused = [each for each in exchanged.replies if not isinstance(each, Done | Joined)]
        assert not refused, refused[0]

    def _fresh(self, kind: Kind) -> Supplies:
        id_ = next(self._ids[kind])
        return Supplies(id=id_, code=f"C{id_:05d}")


def _created(batch: Iterable[Submit], kind: Kind) -> list[Address]:
    created: list[Any] = [(each.supplies.id, each.to.restaurant) for each in batch]
    return [Address(kind, id_, restaurant) for id_, restaurant in created]
