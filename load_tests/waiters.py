"""Waiters: acknowledge notifications, add and void items, deliver orders, take payments and close
sessions."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import gevent

from load_tests.channels import WAITER, Frame
from load_tests.commands import Refused
from load_tests.menu import GuestMenu
from load_tests.schedule import PACE
from load_tests.staff import StaffUser

EXPIRED_NOTIFICATION = ("not_found",)
"""A waiter's list keeps the newest hundred."""
SPLITS_THE_BILL = 0.2
ADDS_ITEMS = 0.1
VOIDS_A_UNIT = 0.1
"""Share of new orders that a waiter changes."""
PAYS_TWICE = 0.1
"""Share of payments whose request is sent again."""


class WaiterUser(StaffUser):
    """One waiter; handles notifications concurrently."""

    fixed_count = 1  # of each restaurant as many as --waiters says, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        waiters = self.restaurant.data.waiters
        self._id = waiters[self.number % len(waiters)]
        self._token = self.token("waiter", waiter_id=self._id)
        self._seen: set[str] = set()
        self._channel = self.subscribe(WAITER, self._id, self._token, self._on_event)

    def _on_event(self, frame: Frame) -> None:
        if frame["type"] == "tasks_list":
            for notification in frame["data"]["tasks"]:
                self._on_notification(notification)
        elif frame["type"] != "notification_acknowledged":
            self._on_notification(frame["data"])

    def _on_notification(self, notification: dict[str, Any]) -> None:
        if (
            notification["acknowledged_at"] is None
            and notification["notification_id"] not in self._seen
        ):
            self._seen.add(notification["notification_id"])
            self.spawn_helper(self._handle, notification)

    def _handle(self, notification: dict[str, Any]) -> None:
        self.think(PACE.notice)
        self._acknowledge(notification["notification_id"])
        if notification["kind"] == "new_order":
            self._change_items(notification["order_id"])
        elif notification["kind"] == "order_ready":
            self._deliver(notification["order_id"])
        elif notification["kind"] == "call" and notification["reason"] == "bill":
            self._bring_bill(notification["session_id"])
        elif notification["kind"] == "call":
            self._resolve(notification["call_id"])

    def _acknowledge(self, notification_id: str) -> None:
        try:
            reply = self._channel.request(
                "acknowledge", expected=EXPIRED_NOTIFICATION, notification_id=notification_id
            )
        except Refused:
            return
        self.caused(("acknowledged", notification_id), reply)

    def _change_items(self, order_id: int) -> None:
        """Sometimes add what the guests forgot, and void a unit of what they did not want."""
        path = f"/orders/{order_id}"
        if self.random.random() < ADDS_ITEMS:
            menu_path = f"/restaurants/{self.restaurant.id}/menu"
            menu = GuestMenu(self.world.api.get("menu", menu_path, self._token))
            self._change(order_id, "items", f"{path}/items", menu.order(self.random))
        if self.random.random() < VOIDS_A_UNIT:
            items = self.world.api.get("items", f"{path}/items", self._token)["items"]
            left = [row["item_id"] for row in items if row["status"] != "voided"]
            if left:
                voided = {"item_id": self.random.choice(left), "units": 1}
                body = {"items": [voided], "reason": "not wanted"}
                self._change(order_id, "voids", f"{path}/voids", body)

    def _change(self, order_id: int, name: str, path: str, body: dict[str, Any]) -> None:
        ledger = self.recorder.ledger
        ledger.changing(order_id)
        with suppress(Refused):  # the order may be ready or cancelled, the menu has changed
            reply = self.world.api.send("POST", name, path, self._token, body)
            ledger.changed(order_id, reply.data["total_amount"])

    def _deliver(self, order_id: int) -> None:
        self.think(PACE.deliver)
        path = f"/orders/{order_id}"
        reply = self.world.api.send("PATCH", "order", path, self._token, {"status": "delivered"})
        self.recorder.ledger.reached(order_id, "delivered")
        self.caused(("order", order_id, "delivered"), reply)

    def _resolve(self, call_id: str) -> None:
        path = f"/calls/{call_id}"
        self.world.api.send("PATCH", "call", path, self._token, {"status": "resolved"})

    # --- the bill --------------------------------------------------------------------------------

    def _bring_bill(self, session_id: int) -> None:
        """Take open balances and close; a payment may take a moment to reach the session."""
        self.think(PACE.fetch_bill)
        while True:
            session = self.world.api.get("session", f"/sessions/{session_id}", self._token)
            if session["status"] == "closed":
                return
            for row in session["orders"]:
                if row["status"] == "delivered" and Decimal(row["balance"]) > 0:
                    self._take_payments(row["order_id"])
            if self._close(session_id):
                return
            gevent.sleep(0.2)

    def _take_payments(self, order_id: int) -> None:
        order = self.world.api.get("order", f"/orders/{order_id}", self._token)
        balance = Decimal(order["balance"])
        first = balance
        if self.random.random() < SPLITS_THE_BILL:
            first = (balance / 2).quantize(Decimal("0.01"))
        for n, amount in enumerate((first, balance - first)):
            if amount:
                self._pay(order_id, f"{amount:.2f}", f"bill-{order_id}-{balance}-{n}")

    def _pay(self, order_id: int, amount: str, key: str) -> None:
        """Pay, sometimes twice with the same key, as a device does after a lost response."""
        ledger = self.recorder.ledger
        ledger.paying(order_id, amount)
        path = f"/orders/{order_id}/payments"
        body = {"amount": amount, "method": "card"}
        try:
            reply = self.world.api.send("POST", "payment", path, self._token, body, key)
        except Refused:
            ledger.not_paid(order_id, amount)
            return
        ledger.paid(order_id, amount)
        self.caused(("balance", order_id, reply.data["balance"]), reply)
        if self.random.random() < PAYS_TWICE:
            again = self.world.api.send("POST", "payment again", path, self._token, body, key)
            if again.data["payment_id"] != reply.data["payment_id"]:
                self.recorder.loss(f"order {order_id}: one payment was taken twice")

    def _close(self, session_id: int) -> bool:
        path = f"/sessions/{session_id}/close"
        try:
            reply = self.world.api.send("POST", "close", path, self._token)
        except Refused as refused:
            if refused.code == "unsettled":
                return False
            raise
        self.recorder.ledger.closed(session_id)
        self.caused(("session", session_id, "closed"), reply)
        return True
