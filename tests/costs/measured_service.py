"""A service of open restaurants on one host, with guests at every table and one gateway."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from domain.entity import NO_INPUTS, Inputs, RequestRef
from engine.host import Host
from engine.messages import Message, Submit, replaced
from engine.peers import Peers
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import Stream
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.ids import CHANNELS, Address, Kind, Topic
from protocol.menu import MenuCategoryInput, MenuItemInput
from protocol.statuses import OrderStatus
from tests.costs.accepting_store import AcceptingStore
from tests.costs.gateways import DirectNetwork, Gateway

MANAGER = Caller(Role.MANAGER, "manager:1")
MENU = c.ReplaceMenu(
    categories=(
        MenuCategoryInput(
            name="Food",
            items=(
                MenuItemInput(name="Soup", price=650),
                MenuItemInput(name="Fish", price=1400),
            ),
        ),
    )
)
PLACE_ORDER = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1), c.MenuLine(menu_item_id=2)))
PLACEMENT = Placement(Mode.SHARD, 1)
HOST = "shard:0"
GATEWAY = "g1"


class FixedClock:
    """A wall clock with a fixed time."""

    def now(self) -> datetime:
        return datetime(2030, 1, 1, 12, tzinfo=UTC)


class NoPeers:
    """Network of a host without other hosts."""

    async def connect(self, host: str, stream: Stream) -> str:
        raise AssertionError("the only host sends nothing to others")

    async def incarnation(self, host: str) -> str:
        raise AssertionError("the only host connects to no others")


class MeasuredService:
    """Restaurants with tables, each with a session without orders."""

    def __init__(self) -> None:
        self.store = AcceptingStore()
        peers = Peers(NoPeers())
        self._host = Host(HOST, self.store, peers, PlacementWatcher(PLACEMENT), FixedClock())
        self.network = DirectNetwork(self._host, GATEWAY)
        self.gateway = Gateway(self.network, GATEWAY, PLACEMENT)
        self.restaurants: list[Address] = []
        self.sessions: list[Address] = []
        self._ids = {kind: itertools.count(1) for kind in Kind}
        self._requests = itertools.count(1)

    @classmethod
    async def open(cls, restaurants: int, tables: int = 1) -> Self:
        self = cls()
        self.restaurants = [Address(Kind.RESTAURANT, id_, id_) for id_ in range(1, restaurants + 1)]
        opening = c.CreateRestaurant(name="Trattoria", currency="EUR", timezone="Europe/Rome")
        await self.do(self.submits(self.restaurants, opening))
        menus = [Address(Kind.MENU, each.id, each.id) for each in self.restaurants]
        await self.do(self.submits(menus, MENU))
        waiters = self.submits(self.restaurants, c.AddWaiter(name="Ada"), Kind.WAITER)
        await self.do(waiters)
        for number in range(tables):
            adding = [
                self.submit(
                    each.to,
                    c.AddTable(number=str(number), zone="A", seats=4, waiter_id=each.inputs.id),
                    self._fresh(Kind.TABLE),
                )
                for each in waiters
            ]
            await self.do(adding)
            seats = _created(adding, Kind.TABLE)
            seating = self.submits(seats, c.Occupy(guests_count=2), Kind.SESSION)
            await self.do(seating)
            self.sessions += _created(seating, Kind.SESSION)
        await self.subscribe([*self.restaurants, *_created(waiters, Kind.WAITER), *self.sessions])
        return self

    def add_gateway(self, name: str) -> Gateway:
        return Gateway(DirectNetwork(self._host, name), name, PLACEMENT)

    async def subscribe(self, addresses: Iterable[Address], sockets: int = 1) -> None:
        """Subscribe sockets of the gateway to the first channel of each entity."""
        for each in addresses:
            await self.gateway.subscribe(first_channel(each), sockets)

    async def batch(self, action: str, size: int) -> list[Submit]:
        """Commands for the first `size` tables: `place_order` of two menu items, or
        `update_status` of orders to ready. Each changes order, session, restaurant and waiter."""
        placing = [
            replaced(each, inputs=Inputs(id=each.inputs.id, is_priced_by_host=True))
            for each in self.submits(self.sessions[:size], PLACE_ORDER, Kind.ORDER)
        ]
        if action == "place_order":
            return placing
        await self.do(placing)
        orders = _created(placing, Kind.ORDER)
        await self.subscribe(orders, 2)
        await self.do(self.submits(orders, c.UpdateStatus(status=OrderStatus.CONFIRMED)))
        return self.submits(orders, c.UpdateStatus(status=OrderStatus.READY))

    def submits(
        self, to: Iterable[Address], command: c.Command, creates: Kind | None = None
    ) -> list[Submit]:
        return [
            self.submit(each, command, self._fresh(creates) if creates else NO_INPUTS)
            for each in to
        ]

    def submit(self, to: Address, command: c.Command, inputs: Inputs = NO_INPUTS) -> Submit:
        request_ref = RequestRef(to, MANAGER.subject, f"r{next(self._requests)}", "digest")
        return Submit(to, command, MANAGER, request_ref, inputs)

    async def do(self, batch: Sequence[Message]) -> None:
        """Send one batch from the gateway; all commands must succeed."""
        await self.gateway.do(batch)

    def _fresh(self, kind: Kind) -> Inputs:
        id_ = next(self._ids[kind])
        return Inputs(id=id_, code=f"C{id_:05d}")


def first_channel(of: Address) -> Topic:
    """The topic of an entity's first channel."""
    return Topic(of, CHANNELS[of.kind][0])


def _created(batch: Iterable[Submit], kind: Kind) -> list[Address]:
    created: list[Any] = [(each.inputs.id, each.to.restaurant) for each in batch]
    return [Address(kind, id_, restaurant) for id_, restaurant in created]
