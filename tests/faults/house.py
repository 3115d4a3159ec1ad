"""A restaurant of a trial: its staff's screens, its tables, and what its guests did there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from load_tests.bench.servers import token
from load_tests.channels import NOTIFICATIONS, RESTAURANT, WAITER, Channel, Frame
from tests.faults.api import Api
from tests.faults.book import Book
from tests.faults.client import Client

ITEM_PRICE = "12.50"


@dataclass
class Done:
    """What was acknowledged of one order: its session, and its payments in order."""

    session_id: int
    total: str
    payments: list[str] = field(default_factory=list)


@dataclass
class House:
    """`sat` is table -> the sessions acknowledged on it, in order; `counted` session -> the numbers
    of guests acknowledged; `heard` how often each event came to a screen."""

    id: int
    waiter: int
    tables: list[int]
    item: int
    sat: dict[int, list[int]] = field(default_factory=dict)
    orders: dict[int, Done] = field(default_factory=dict)
    counted: dict[int, list[int]] = field(default_factory=dict)
    heard: Counter[tuple[str, str, object]] = field(default_factory=Counter)
    screens: list[Client] = field(default_factory=list)

    async def watch(self, book: Book, urls: Sequence[str]) -> None:
        """Open the manager's, the kitchen's and the waiter's screens."""
        for channel, id_ in (
            (RESTAURANT, self.id),
            (NOTIFICATIONS, self.id),
            (WAITER, self.waiter),
        ):
            screen = Client(book, urls, channel, id_, token(), self._listener(channel))
            self.screens.append(screen)
        await asyncio.gather(*(screen.open() for screen in self.screens))

    def _listener(self, channel: Channel) -> Callable[[Frame], None]:
        def hear(frame: Frame) -> None:
            data = frame["data"]
            what = data.get("notification_id") or data.get("order_id") or data.get("table_id")
            kind = data.get("kind", frame["type"])
            self.heard[channel.name, kind, what] += 1

        return hear


async def found(api: Api, number: int, tables: int) -> House:
    """A new restaurant with a menu, a waiter and so many tables."""
    described = {"name": f"No. {number}", "currency": "EUR", "timezone": "Europe/Rome"}
    id_ = (await api.send("POST", "/restaurants", described))["restaurant_id"]
    here = f"/restaurants/{id_}"
    menu = {"categories": [{"name": "All", "items": [{"name": "Soup", "price": ITEM_PRICE}]}]}
    sold = (await api.send("PUT", f"{here}/menu", menu))["data"]
    waiter = (await api.send("POST", f"{here}/waiters", {"name": "Ada"}))["waiter_id"]
    house = House(id_, waiter, [], sold["categories"][0]["items"][0]["id"])
    for table in range(1, tables + 1):
        seats = {"number": str(table), "zone": "A", "seats": 4, "waiter_id": waiter}
        house.tables.append((await api.send("POST", f"{here}/tables", seats))["table_id"])
    return house
