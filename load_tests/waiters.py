"""Waiters: acknowledge what they are told, carry what is ready, bring bills and take money."""

from decimal import Decimal
from typing import Any

import gevent

from load_tests.channels import WAITER, Frame
from load_tests.commands import Refused
from load_tests.evening import PACE
from load_tests.staff import StaffUser

OFF_THE_LIST = ("not_found",)
"""A waiter's list has the newest hundred."""
SPLITS_THE_BILL = 0.2
PAYS_TWICE = 0.1
"""Share of the payments whose request is sent again."""


class WaiterUser(StaffUser):
    """One waiter; every notification is dealt with beside the others."""

    fixed_count = 1  # of each restaurant as many as --waiters says, see locustfile.py

    def on_start(self) -> None:
        super().on_start()
        waiters = self.house.restaurant.waiters
        self._id = waiters[self.number % len(waiters)]
        self._token = self.token("waiter", waiter_id=self._id)
        self._seen: set[str] = set()
        self._channel = self.listen(WAITER, self._id, self._token, self._hear)

    def _hear(self, frame: Frame) -> None:
        if frame["type"] == "tasks_list":
            for note in frame["data"]["tasks"]:
                self._notice(note)
        elif frame["type"] != "notification_acknowledged":
            self._notice(frame["data"])

    def _notice(self, note: dict[str, Any]) -> None:
        if note["acknowledged_at"] is None and note["notification_id"] not in self._seen:
            self._seen.add(note["notification_id"])
            self.begin(self._attend, note)

    def _attend(self, note: dict[str, Any]) -> None:
        self.think(PACE.notice)
        self._acknowledge(note["notification_id"])
        if note["kind"] == "order_ready":
            self._carry(note["order_id"])
        elif note["kind"] == "call" and note["reason"] == "bill":
            self._bring_bill(note["session_id"])
        elif note["kind"] == "call":
            self._resolve(note["call_id"])

    def _acknowledge(self, notification_id: str) -> None:
        try:
            answer = self._channel.request(
                "acknowledge", business=OFF_THE_LIST, notification_id=notification_id
            )
        except Refused:
            return
        self.caused(("acknowledged", notification_id), answer)

    def _carry(self, order_id: int) -> None:
        self.think(PACE.carry)
        path = f"/orders/{order_id}"
        answer = self.world.api.send("PATCH", "order", path, self._token, {"status": "delivered"})
        self.record.ledger.reached(order_id, "delivered")
        self.caused(("order", order_id, "delivered"), answer)

    def _resolve(self, call_id: str) -> None:
        path = f"/calls/{call_id}"
        self.world.api.send("PATCH", "call", path, self._token, {"status": "resolved"})

    # --- the bill --------------------------------------------------------------------------------

    def _bring_bill(self, session_id: int) -> None:
        """Take what is open and close; what was paid may take a moment to reach the session."""
        self.think(PACE.fetch_bill)
        while True:
            session = self.world.api.look("session", f"/sessions/{session_id}", self._token)
            if session["status"] == "closed":
                return
            for row in session["orders"]:
                if row["status"] == "delivered" and Decimal(row["balance"]) > 0:
                    self._take_money(row["order_id"])
            if self._close(session_id):
                return
            gevent.sleep(0.2)

    def _take_money(self, order_id: int) -> None:
        order = self.world.api.look("order", f"/orders/{order_id}", self._token)
        balance = Decimal(order["balance"])
        first = balance
        if self.random.random() < SPLITS_THE_BILL:
            first = (balance / 2).quantize(Decimal("0.01"))
        for n, amount in enumerate((first, balance - first)):
            if amount:
                self._pay(order_id, f"{amount:.2f}", f"bill-{order_id}-{balance}-{n}")

    def _pay(self, order_id: int, amount: str, key: str) -> None:
        """Twice now and then, as a waiter's device does that has lost the answer."""
        ledger = self.record.ledger
        ledger.paying(order_id, amount)
        path = f"/orders/{order_id}/payments"
        body = {"amount": amount, "method": "card"}
        try:
            answer = self.world.api.send("POST", "payment", path, self._token, body, key)
        except Refused:
            ledger.not_paid(order_id, amount)
            return
        ledger.paid(order_id, amount)
        self.caused(("balance", order_id, answer.data["balance"]), answer)
        if self.random.random() < PAYS_TWICE:
            again = self.world.api.send("POST", "payment again", path, self._token, body, key)
            if again.data["payment_id"] != answer.data["payment_id"]:
                self.record.loss(f"order {order_id}: one payment was taken twice")

    def _close(self, session_id: int) -> bool:
        path = f"/sessions/{session_id}/close"
        try:
            answer = self.world.api.send("POST", "close", path, self._token)
        except Refused as refused:
            if refused.code == "unsettled":
                return False
            raise
        self.record.ledger.closed(session_id)
        self.caused(("session", session_id, "closed"), answer)
        return True
