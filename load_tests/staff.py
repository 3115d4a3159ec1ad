"""Kitchens and managers, and what waiters have in common with them: they listen all evening."""

import uuid
from contextlib import suppress
from typing import Any

from locust import task

from load_tests.channels import ITEMS, MENU, NOTIFICATIONS, ORDER, RESTAURANT, Frame
from load_tests.client import Client
from load_tests.commands import TROUBLE, Answer
from load_tests.evening import PACE
from load_tests.users import LoadUser

ITEM_BY_ITEM = 0.2
"""Share of the orders whose items become ready one by one."""


class StaffUser(LoadUser):
    """Has nothing to do of itself."""

    abstract = True

    def wait_time(self) -> float:
        return self.world.evening.think(PACE.between_looks, self.random)

    @task
    def look_round(self) -> None:
        """Read the restaurant's status, as a screen does that is opened."""
        path = f"/restaurants/{self.house.id}"
        with suppress(*TROUBLE):
            self.world.api.look("restaurant", path, self.token("manager"))


class KitchenUser(StaffUser):
    """Sees each new order, confirms it, cooks, and says that it is ready."""

    fixed_count = 1  # as many as there are restaurants, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        self._token = self.token("kitchen")
        self._seen: set[int] = set()
        self.listen(RESTAURANT, self.house.id, self._token, self._hear)

    def _hear(self, frame: Frame) -> None:
        data = frame["data"]
        rows = data["open_orders"] if frame["type"] == "restaurant_status" else [data]
        if frame["type"] in ("restaurant_status", "new_order"):
            for row in rows:
                if row["order_id"] not in self._seen and row["status"] in ("pending", "confirmed"):
                    self._seen.add(row["order_id"])
                    self.begin(self._cook, row["order_id"])

    def _cook(self, order_id: int) -> None:
        self.think(PACE.notice)
        order = self.listen(ORDER, order_id, self._token)
        try:
            self._set(order, order_id, "confirmed")
            self.think(PACE.cook)
            if self.random.random() < ITEM_BY_ITEM:
                self._finish_items(order_id)
            else:
                self._set(order, order_id, "ready")
        finally:
            self.leave(order)

    def _set(self, order: Client, order_id: int, status: str) -> None:
        answer = order.request("update_status", status=status)
        self._reached(order_id, status, answer)

    def _finish_items(self, order_id: int) -> None:
        items = self.listen(ITEMS, order_id, self._token)
        try:
            answer = None
            for row in items.state["items"]:
                answer = items.request("update_item", item_id=row["item_id"], status="ready")
        finally:
            self.leave(items)
        if answer is not None:
            self._reached(order_id, "ready", answer)

    def _reached(self, order_id: int, status: str, answer: Answer) -> None:
        self.record.ledger.reached(order_id, status)
        self.caused(("order", order_id, status), answer)


class ManagerUser(StaffUser):
    """Watches the whole restaurant, and says something now and then."""

    fixed_count = 1  # as many as there are restaurants, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        self._token = self.token("manager")
        for channel in (RESTAURANT, NOTIFICATIONS, MENU):
            self.listen(channel, self.house.id, self._token)

    @task
    def broadcast(self) -> None:
        message = f"To all: {uuid.uuid4().hex}"
        with suppress(*TROUBLE):
            answer = self._say("broadcasts", message=message)
            self.caused(("broadcast", message), answer)

    @task
    def alert(self) -> None:
        with suppress(*TROUBLE):
            answer = self._say("alerts", message="Somebody at the door, please")
            self.caused(("alert", answer.data["notification_id"]), answer)

    @task
    def sell_out(self) -> None:
        """An item is not to be had for a while."""
        item = self.random.choice(self.house.restaurant.menu)
        path = f"/restaurants/{self.house.id}/menu/items/{item}"
        for available in (False, True):
            body = {"available": available}
            with suppress(*TROUBLE):
                self.world.api.send("PATCH", "menu item", path, self._token, body)
            self.think(PACE.between_looks / 3)

    def _say(self, what: str, **body: Any) -> Answer:
        path = f"/restaurants/{self.house.id}/{what}"
        return self.world.api.send("POST", what, path, self._token, body)
