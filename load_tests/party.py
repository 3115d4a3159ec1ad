"""One party of guests, from arrival to the bill."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from load_tests.channels import MENU, ORDER, SESSION, TABLE, Channel
from load_tests.commands import REQUEST_ERRORS, ChannelClosed, Refused
from load_tests.menu import GuestMenu
from load_tests.schedule import PACE

if TYPE_CHECKING:  # these need Locust, which the tests of this module do not import
    from load_tests.client import LoadClient
    from load_tests.users import LoadUser

ORDERS_AGAIN = 0.4
CANCELS = 0.05
CALLS_A_WAITER = 0.15
READS_MENU_OVER_HTTP = 0.5
TOO_LATE = ("forbidden", "invalid_transition")
"""A guest may only cancel pending orders."""
NOT_PLACED = ("invalid_options", "item_unavailable")
"""Rejections of an order without a required option, which may be for a dish that is sold out."""
MAX_ATTEMPTS = 10
"""Attempts to order, as items may be sold out or cost more, before the party fails."""


class LoadParty:
    """Occupies a table, orders, asks for the bill and waits until the session is closed."""

    def __init__(self, user: LoadUser) -> None:
        self._user = user
        self._world = user.world
        self._random = user.random
        self._recorder = user.recorder
        self._session_id = 0
        self._token = ""
        self._clients: list[LoadClient] = []

    def run(self) -> None:
        table = self._user.restaurant.take_table(self._random)
        if table is None:
            self._recorder.counters.count("no table")
            return
        self._world.open_parties += 1
        try:
            if self._occupy_table(*table):
                self._recorder.counters.count("parties")
                self._dine()
            else:
                self._recorder.counters.count("no table")
            for client in self._clients:
                self._user.close_client(client)
        except REQUEST_ERRORS as error:
            self._recorder.failure("a party", error)
            self._force_close()
        finally:
            for client in self._clients:
                self._world.abort(client)
            self._world.open_parties -= 1
            self._user.restaurant.give_back(table)

    def _occupy_table(self, table_id: int, waiter_id: int) -> bool:
        """Occupy the table with the waiter's token, and stay subscribed to it."""
        table = self._subscribe(TABLE, table_id, self._user.token("waiter", waiter_id=waiter_id))
        try:
            reply = table.request("occupy", guests_count=self._random.randint(1, 6))
        except Refused as refused:
            if refused.code == "table_occupied":
                return False
            raise
        self._session_id = reply.data["session_id"]
        self._user.caused(("session", self._session_id, "open"), reply)
        self._token = self._user.token("guest", session_id=self._session_id)
        return True

    def _dine(self) -> None:
        session = self._subscribe(SESSION, self._session_id, self._token)
        menu = self._read_menu()
        self._user.think(PACE.read_menu)
        for _ in range(2 if self._random.random() < ORDERS_AGAIN else 1):
            self._order_without_required_option(session, menu)
            order = self._order(session, menu)
            if self._random.random() < CANCELS:
                self._cancel(order)
            if self._random.random() < CALLS_A_WAITER:
                self._call(session, self._random.choice(("waiter", "other")))
            order.wait_until(_is_finished, self._world.max_wait_s)
            if order.state["status"] == "delivered":
                self._user.think(PACE.eat)
        self._pay_and_leave(session)
        self._recorder.counters.count("settled")

    def _pay_and_leave(self, session: LoadClient) -> None:
        """Ask for the bill and wait until the session is closed.

        The party's token ends with the session, so a connection lost at that time is rejected with
        4401 instead of receiving the last event.
        """
        try:
            self._call(session, "bill")
            session.wait_until(_is_closed, self._world.max_wait_s)
        except ChannelClosed:
            path = f"/sessions/{self._session_id}"
            if not _is_closed(self._world.api.get("session", path, self._user.token("manager"))):
                raise

    def _read_menu(self) -> GuestMenu:
        restaurant = self._user.restaurant.id
        if self._random.random() < READS_MENU_OVER_HTTP:
            path = f"/restaurants/{restaurant}/menu"
            menu = self._world.api.get("menu", path, self._token)
        else:
            menu = self._subscribe(MENU, restaurant, self._token).state
        return GuestMenu(menu)

    def _order_without_required_option(self, session: LoadClient, menu: GuestMenu) -> None:
        order = menu.invalid_order(self._random)
        if order is None:
            return
        try:
            session.request("place_order", expected=NOT_PLACED, **order)
        except Refused:
            return
        self._recorder.failure("an order without a required option", AssertionError("accepted"))

    def _order(self, session: LoadClient, menu: GuestMenu) -> LoadClient:
        for _ in range(MAX_ATTEMPTS):
            ledger = self._recorder.ledger
            ledger.placing(self._session_id)
            try:
                reply = session.request("place_order", **menu.order(self._random))
            except Refused as refused:
                ledger.not_placed(self._session_id)
                if refused.code not in ("item_unavailable", "price_changed"):
                    raise
                if refused.code == "price_changed":
                    menu = self._read_menu()
                continue
            order_id = reply.data["order_id"]
            ledger.placed(self._session_id, order_id)
            self._user.caused(("order", order_id, "pending"), reply)
            return self._subscribe(ORDER, order_id, self._token)
        raise Refused("item_unavailable", "Everything is sold out.")

    def _cancel(self, order: LoadClient) -> None:
        """Try to cancel the order; the kitchen may have confirmed it."""
        self._user.think(PACE.change_mind)
        order_id = order.state["id"]
        self._recorder.ledger.cancelling(order_id)
        try:
            reply = order.request("update_status", expected=TOO_LATE, status="cancelled")
        except Refused:
            return
        self._recorder.ledger.reached(order_id, "cancelled")
        self._user.caused(("order", order_id, "cancelled"), reply)

    def _call(self, session: LoadClient, reason: str) -> None:
        reply = session.request("call_waiter", reason=reason)
        self._user.caused(("call", reply.data["call_id"]), reply)

    def _force_close(self) -> None:
        """Close the session by force, so that the table is free for the next party."""
        if not self._session_id:
            return
        self._recorder.counters.count("unsettled")
        path = f"/sessions/{self._session_id}/close"
        token = self._user.token("manager")
        with suppress(*REQUEST_ERRORS):  # recorded already
            body = {"force": True, "reason": "gave up"}
            self._world.api.send("POST", "close", path, token, body)

    def _subscribe(self, channel: Channel, id_: int, token: str) -> LoadClient:
        client = self._user.subscribe(channel, id_, token)
        self._clients.append(client)
        return client


def _is_closed(session: dict[str, Any]) -> bool:
    return bool(session["status"] == "closed")


def _is_finished(order: dict[str, Any]) -> bool:
    return order["status"] in ("delivered", "cancelled")
