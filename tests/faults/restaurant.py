"""A restaurant of a trial: its screens, its tables, and everything acknowledged there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from load_tests.bench.servers import token
from load_tests.channels import NOTIFICATIONS, RESTAURANT, WAITER, Channel, Frame
from tests.faults.api import TrialApi
from tests.faults.client import TrialClient
from tests.faults.trial_log import TrialLog

ITEM_PRICE = "12.50"


@dataclass
class AcknowledgedOrder:
    """An acknowledged order: its session, and its payments in order."""

    session_id: int
    total: str
    payments: list[str] = field(default_factory=list)


@dataclass
class TrialRestaurant:
    """Acknowledged sessions by table in order, guest counts by session, and counts of events
    received by the screens."""

    id: int
    waiter: int
    tables: list[int]
    item: int
    sessions_by_table: dict[int, list[int]] = field(default_factory=dict)
    orders: dict[int, AcknowledgedOrder] = field(default_factory=dict)
    guest_counts: dict[int, list[int]] = field(default_factory=dict)
    received: Counter[tuple[str, str, object]] = field(default_factory=Counter)
    screens: list[TrialClient] = field(default_factory=list)

    async def watch(self, log: TrialLog, urls: Sequence[str]) -> None:
        """Open the manager's, the kitchen's and the waiter's screens."""
        for channel, id_ in (
            (RESTAURANT, self.id),
            (NOTIFICATIONS, self.id),
            (WAITER, self.waiter),
        ):
            screen = TrialClient(log, urls, channel, id_, token(), self._listener(channel))
            self.screens.append(screen)
        await asyncio.gather(*(screen.open() for screen in self.screens))

    def _listener(self, channel: Channel) -> Callable[[Frame], None]:
        def on_event(frame: Frame) -> None:
            data = frame["data"]
            what = data.get("notification_id") or data.get("order_id") or data.get("table_id")
            kind = data.get("kind", frame["type"])
            self.received[channel.name, kind, what] += 1

        return on_event


async def create_restaurant(api: TrialApi, number: int, tables: int) -> TrialRestaurant:
    """Create a restaurant with a menu, a waiter and that many tables."""
    body = {"name": f"No. {number}", "currency": "EUR", "timezone": "Europe/Rome"}
    id_ = (await api.send("POST", "/restaurants", body))["restaurant_id"]
    here = f"/restaurants/{id_}"
    menu = {"categories": [{"name": "All", "items": [{"name": "Soup", "price": ITEM_PRICE}]}]}
    stored = (await api.send("PUT", f"{here}/menu", menu))["data"]
    waiter = (await api.send("POST", f"{here}/waiters", {"name": "Ada"}))["waiter_id"]
    restaurant = TrialRestaurant(id_, waiter, [], stored["categories"][0]["items"][0]["id"])
    for table in range(1, tables + 1):
        seats = {"number": str(table), "zone": "A", "seats": 4, "waiter_id": waiter}
        restaurant.tables.append((await api.send("POST", f"{here}/tables", seats))["table_id"])
    return restaurant
