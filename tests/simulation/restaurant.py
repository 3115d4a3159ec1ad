"""The clients' knowledge of their restaurant, from the responses they got.

It suffices for plausible requests; outdated knowledge leads to rejections, as with real clients.
"""

from dataclasses import dataclass, field
from typing import Any

from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from protocol.values import parse_money
from tests.simulation.menu import FIRST_PRICES, Prices, prices_of
from tests.simulation.request import Response, SimRequest


@dataclass(slots=True)
class KnownOrder:
    address: Address
    session: int
    status: str = OrderStatus.PENDING
    balance: int = 0
    items: int = 1
    paid: bool = False


@dataclass(slots=True)
class RestaurantModel:
    """`open_sessions` by table id; `pending` are the targets of requests in flight; `prices` are
    those that the menu had, the newest last."""

    address: Address
    menu_items: int = 3
    prices: list[Prices] = field(default_factory=lambda: [FIRST_PRICES])
    tables: list[Address] = field(default_factory=list)
    waiters: list[Address] = field(default_factory=list)
    pending: list[Address] = field(default_factory=list)
    open_sessions: dict[int, Address] = field(default_factory=dict)
    sessions: list[Address] = field(default_factory=list)
    orders: dict[int, KnownOrder] = field(default_factory=dict)
    notification_ids: list[str] = field(default_factory=list)
    calls: list[tuple[Address, str]] = field(default_factory=list)

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.address.restaurant)

    def update(self, request: SimRequest, response: Response) -> None:
        """Update from a response."""
        if response.code is not None:
            self._on_rejection(request, response)
            return
        result = response.result
        match request.name:
            case "replace_menu":
                self.prices.append(prices_of(request.body))
            case "change_menu_item":
                assert request.path is not None
                item = int(request.path[1].rpartition("/")[2])
                known, price = self.prices[-1], parse_money(request.body["price"])
                self.prices.append(Prices({**known.items, item: price}, known.options))
            case "add_table":
                self.tables.append(self.at(Kind.TABLE, result["table_id"]))
            case "add_waiter":
                self.waiters.append(self.at(Kind.WAITER, result["waiter_id"]))
            case "occupy":
                session = self.at(Kind.SESSION, result["session_id"])
                self.open_sessions[request.to.id] = session
                self.sessions.append(session)
            case "release":
                self.open_sessions.pop(request.to.id, None)
            case "close_session":
                self._free_table(request.to)
            case "place_order":
                order = self.at(Kind.ORDER, result["order_id"])
                items = len(request.body["items"])
                self.orders[order.id] = KnownOrder(order, request.to.id, items=items)
            case "call_waiter":
                self.calls.append((request.to, result["call_id"]))
            case "update_status":
                self.orders[request.to.id].status = request.body["status"]
            case "pay":
                self.orders[request.to.id].paid = True
        if request.to.kind is Kind.ORDER and isinstance(response.data, dict):
            self._update_order(self.orders[request.to.id], response.data)

    def _update_order(self, order: KnownOrder, data: dict[str, Any]) -> None:
        order.status = data.get("status", order.status)
        if "balance" in data:
            order.balance = parse_money(data["balance"])
        if "items" in data:
            order.items = len(data["items"])
            order.balance = order.balance or parse_money(data["total_amount"])

    def _on_rejection(self, request: SimRequest, response: Response) -> None:
        details = response.data or {}
        if response.code == "session_closed":
            self._free_table(request.to)
        elif response.code == "table_occupied":
            self.open_sessions[request.to.id] = self.at(Kind.SESSION, details["session_id"])
        elif response.code == "overpayment":
            self.orders[request.to.id].balance = parse_money(details["balance"])
        elif response.code == "invalid_transition" and request.name == "update_status":
            self.orders[request.to.id].status = details["current"]

    def _free_table(self, session: Address) -> None:
        for table, open_sessions in list(self.open_sessions.items()):
            if open_sessions == session:
                del self.open_sessions[table]
