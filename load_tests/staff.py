"""Kitchens and managers, and the base class that they share with waiters."""

import uuid
from contextlib import suppress
from typing import Any

from locust import task

from load_tests.channels import ITEMS, MENU, NOTIFICATIONS, ORDER, RESTAURANT, Frame
from load_tests.client import LoadClient
from load_tests.commands import REQUEST_ERRORS, Refused, Reply, RequestTimeout
from load_tests.schedule import PACE
from load_tests.users import LoadUser

ITEM_BY_ITEM = 0.2
"""Share of orders whose items become ready one by one."""
CHECK_S = 1.0
"""Time between two looks for added items."""


class StaffUser(LoadUser):
    """Base class of staff users."""

    abstract = True

    def wait_time(self) -> float:
        return self.world.schedule.think(PACE.between_reads, self.random)

    @task
    def read_status(self) -> None:
        """Read the restaurant's status, as a newly opened screen does."""
        path = f"/restaurants/{self.restaurant.id}"
        with suppress(*REQUEST_ERRORS):
            self.world.api.get("restaurant", path, self.token("manager"))


class KitchenUser(StaffUser):
    """Confirms, prepares and finishes each new order."""

    fixed_count = 1  # as many as there are restaurants, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        self._token = self.token("kitchen")
        self._seen: set[int] = set()
        self.subscribe(RESTAURANT, self.restaurant.id, self._token, self._on_event)

    def _on_event(self, frame: Frame) -> None:
        data = frame["data"]
        rows = data["open_orders"] if frame["type"] == "restaurant_status" else [data]
        if frame["type"] in ("restaurant_status", "new_order"):
            for row in rows:
                if row["order_id"] not in self._seen and row["status"] in ("pending", "confirmed"):
                    self._seen.add(row["order_id"])
                    self.spawn_helper(self._cook, row["order_id"])

    def _cook(self, order_id: int) -> None:
        self.think(PACE.notice)
        order = self.subscribe(ORDER, order_id, self._token)
        try:
            self._set(order, order_id, "confirmed")
            self.think(PACE.cook)
            if self.random.random() < ITEM_BY_ITEM:
                self._finish_items(order, order_id)
            else:
                self._set(order, order_id, "ready")
        finally:
            self.close_client(order)

    def _set(self, order: LoadClient, order_id: int, status: str) -> None:
        reply = order.request("update_status", status=status)
        self._reached(order_id, status, reply)

    def _finish_items(self, order: LoadClient, order_id: int) -> None:
        """Finish each item, and those that a waiter adds meanwhile, until the order is ready: after
        its grace period."""
        items = self.subscribe(ITEMS, order_id, self._token)
        try:
            while not _is_cooked(order.state):
                for row in items.state["items"]:
                    if row["status"] == "pending":
                        with suppress(Refused):  # a waiter has voided it
                            items.request("update_item", item_id=row["item_id"], status="ready")
                with suppress(RequestTimeout):
                    order.wait_until(_is_cooked, CHECK_S)
        finally:
            self.close_client(items)

    def _reached(self, order_id: int, status: str, reply: Reply) -> None:
        self.recorder.ledger.reached(order_id, status)
        self.caused(("order", order_id, status), reply)


def _is_cooked(order: dict[str, Any]) -> bool:
    return order["status"] not in ("pending", "confirmed")


class ManagerUser(StaffUser):
    """Subscribes to the whole restaurant; broadcasts and raises alerts."""

    fixed_count = 1  # as many as there are restaurants, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        self._token = self.token("manager")
        for channel in (RESTAURANT, NOTIFICATIONS, MENU):
            self.subscribe(channel, self.restaurant.id, self._token)

    @task
    def broadcast(self) -> None:
        message = f"To all: {uuid.uuid4().hex}"
        with suppress(*REQUEST_ERRORS):
            reply = self._post("broadcasts", message=message)
            self.caused(("broadcast", message), reply)

    @task
    def alert(self) -> None:
        with suppress(*REQUEST_ERRORS):
            reply = self._post("alerts", message="A guest is waiting at the door")
            self.caused(("alert", reply.data["notification_id"]), reply)

    @task
    def sell_out(self) -> None:
        """Make an item unavailable for a while, and then sell it at another price."""
        item = self.random.choice(self.restaurant.data.menu)
        path = f"/restaurants/{self.restaurant.id}/menu/items/{item}"
        for available in (False, True):
            body = {"available": available, "price": f"{self.random.randint(2, 11)}.50"}
            with suppress(*REQUEST_ERRORS):
                self.world.api.send("PATCH", "menu item", path, self._token, body)
            self.think(PACE.between_reads / 3)

    def _post(self, what: str, **body: Any) -> Reply:
        path = f"/restaurants/{self.restaurant.id}/{what}"
        return self.world.api.send("POST", what, path, self._token, body)
