"""One party of guests, from the door to the bill."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from load_tests.channels import MENU, ORDER, SESSION, TABLE, Channel
from load_tests.commands import TROUBLE, Ended, Refused
from load_tests.evening import PACE

if TYPE_CHECKING:  # they need Locust, which the tests of this module do without
    from load_tests.client import Client
    from load_tests.users import LoadUser

ORDERS_AGAIN = 0.4
CHANGES_ITS_MIND = 0.05
CALLS_A_WAITER = 0.15
ASKS_THE_MENU_OVER_HTTP = 0.5
TOO_LATE = ("forbidden", "invalid_transition")
"""A guest may cancel what is pending, and no more."""
TRIES = 10
"""Orders that are refused since something was sold out, until a party gives up."""


class Party:
    """Sits down, orders, eats, asks for the bill and waits for the session's end."""

    def __init__(self, user: LoadUser) -> None:
        self._user = user
        self._world = user.world
        self._random = user.random
        self._record = user.record
        self._session_id = 0
        self._token = ""
        self._clients: list[Client] = []

    def come(self) -> None:
        place = self._user.house.take_table(self._random)
        if place is None:
            self._record.tally.count("turned away")
            return
        self._world.open_parties += 1
        try:
            if self._sit_down(*place):
                self._record.tally.count("parties")
                self._stay()
            else:
                self._record.tally.count("turned away")
            for client in self._clients:
                self._user.leave(client)
        except TROUBLE as error:
            self._record.failure("a party", error)
            self._ask_manager()
        finally:
            for client in self._clients:
                self._world.drop(client)
            self._world.open_parties -= 1
            self._user.house.give_back(place)

    def _sit_down(self, table_id: int, waiter_id: int) -> bool:
        """The waiter's tablet occupies the table, and goes on listening to it."""
        table = self._listen(TABLE, table_id, self._user.token("waiter", waiter_id=waiter_id))
        try:
            answer = table.request("occupy", guests_count=self._random.randint(1, 6))
        except Refused as refused:
            if refused.code == "table_occupied":
                return False
            raise
        self._session_id = answer.data["session_id"]
        self._user.caused(("session", self._session_id, "open"), answer)
        self._token = self._user.token("guest", session_id=self._session_id)
        return True

    def _stay(self) -> None:
        session = self._listen(SESSION, self._session_id, self._token)
        menu = self._read_menu()
        self._user.think(PACE.read_menu)
        for _ in range(2 if self._random.random() < ORDERS_AGAIN else 1):
            order = self._order(session, menu)
            if self._random.random() < CHANGES_ITS_MIND:
                self._cancel(order)
            if self._random.random() < CALLS_A_WAITER:
                self._call(session, self._random.choice(("waiter", "other")))
            order.wait_until(_is_finished, self._world.patience_s)
            if order.state["status"] == "delivered":
                self._user.think(PACE.eat)
        self._pay_and_go(session)
        self._record.tally.count("settled")

    def _pay_and_go(self, session: Client) -> None:
        """Ask for the bill and wait until the session is closed.

        The party's token ends with the session, so a connection that was lost as the session was
        closed is refused with 4401 instead of receiving the last event.
        """
        try:
            self._call(session, "bill")
            session.wait_until(_is_closed, self._world.patience_s)
        except Ended:
            path = f"/sessions/{self._session_id}"
            if not _is_closed(self._world.api.look("session", path, self._user.token("manager"))):
                raise

    def _read_menu(self) -> list[int]:
        restaurant = self._user.house.id
        if self._random.random() < ASKS_THE_MENU_OVER_HTTP:
            path = f"/restaurants/{restaurant}/menu"
            menu = self._world.api.look("menu", path, self._token)
        else:
            menu = self._listen(MENU, restaurant, self._token).state
        return [
            item["id"]
            for category in menu["categories"]
            for item in category["items"]
            if item["available"]
        ]

    def _order(self, session: Client, menu: list[int]) -> Client:
        for _ in range(TRIES):
            chosen = self._random.sample(menu, self._random.randint(1, 4))
            items = [
                {"menu_item_id": item, "quantity": self._random.randint(1, 3)} for item in chosen
            ]
            ledger = self._record.ledger
            ledger.placing(self._session_id)
            try:
                answer = session.request("place_order", items=items)
            except Refused as refused:
                ledger.not_placed(self._session_id)
                if refused.code != "item_unavailable":
                    raise
                continue
            order_id = answer.data["order_id"]
            ledger.placed(self._session_id, order_id)
            self._user.caused(("order", order_id, "pending"), answer)
            return self._listen(ORDER, order_id, self._token)
        raise Refused("item_unavailable", "Everything is sold out.")

    def _cancel(self, order: Client) -> None:
        """Wish the order away; the kitchen may have been faster."""
        self._user.think(PACE.change_mind)
        order_id = order.state["id"]
        self._record.ledger.cancelling(order_id)
        try:
            answer = order.request("update_status", business=TOO_LATE, status="cancelled")
        except Refused:
            return
        self._record.ledger.reached(order_id, "cancelled")
        self._user.caused(("order", order_id, "cancelled"), answer)

    def _call(self, session: Client, reason: str) -> None:
        answer = session.request("call_waiter", reason=reason)
        self._user.caused(("call", answer.data["call_id"]), answer)

    def _ask_manager(self) -> None:
        """Something went wrong: the next party needs the table."""
        if not self._session_id:
            return
        self._record.tally.count("unsettled")
        path = f"/sessions/{self._session_id}/close"
        token = self._user.token("manager")
        with suppress(*TROUBLE):  # written down already
            body = {"force": True, "reason": "gave up"}
            self._world.api.send("POST", "close", path, token, body)

    def _listen(self, channel: Channel, id_: int, token: str) -> Client:
        client = self._user.listen(channel, id_, token)
        self._clients.append(client)
        return client


def _is_closed(session: dict[str, Any]) -> bool:
    return bool(session["status"] == "closed")


def _is_finished(order: dict[str, Any]) -> bool:
    return order["status"] in ("delivered", "cancelled")
