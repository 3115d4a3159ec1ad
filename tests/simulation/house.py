"""What people know of their restaurant, from what they were told.

Enough to ask for sensible things; where it is out of date they are refused, as on any evening.
"""

from dataclasses import dataclass, field
from typing import Any

from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from protocol.values import parse_money
from tests.simulation.wish import Answer, Wish


@dataclass(slots=True)
class OrderKnown:
    address: Address
    session: int
    status: str = OrderStatus.PENDING
    balance: int = 0
    items: int = 1
    paid: bool = False


@dataclass(slots=True)
class House:
    """Everything by id; `seated` are the open sessions by table, `asked` are about to be."""

    home: Address
    menu_items: int = 3
    tables: list[Address] = field(default_factory=list)
    waiters: list[Address] = field(default_factory=list)
    asked: list[Address] = field(default_factory=list)
    seated: dict[int, Address] = field(default_factory=dict)
    parties: list[Address] = field(default_factory=list)
    orders: dict[int, OrderKnown] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    calls: list[tuple[Address, str]] = field(default_factory=list)

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.home.restaurant)

    def learn(self, wish: Wish, answer: Answer) -> None:
        """Take in what an answer tells."""
        if answer.code is not None:
            self._refused(wish, answer)
            return
        result = answer.result
        match wish.name:
            case "add_table":
                self.tables.append(self.at(Kind.TABLE, result["table_id"]))
            case "add_waiter":
                self.waiters.append(self.at(Kind.WAITER, result["waiter_id"]))
            case "occupy":
                session = self.at(Kind.SESSION, result["session_id"])
                self.seated[wish.to.id] = session
                self.parties.append(session)
            case "release":
                self.seated.pop(wish.to.id, None)
            case "close_session":
                self._empty(wish.to)
            case "place_order":
                order = self.at(Kind.ORDER, result["order_id"])
                items = len(wish.body["items"])
                self.orders[order.id] = OrderKnown(order, wish.to.id, items=items)
            case "call_waiter":
                self.calls.append((wish.to, result["call_id"]))
            case "update_status":
                self.orders[wish.to.id].status = wish.body["status"]
            case "pay":
                self.orders[wish.to.id].paid = True
        if wish.to.kind is Kind.ORDER and isinstance(answer.data, dict):
            self._seen(self.orders[wish.to.id], answer.data)

    def _seen(self, order: OrderKnown, data: dict[str, Any]) -> None:
        order.status = data.get("status", order.status)
        if "balance" in data:
            order.balance = parse_money(data["balance"])
        if "items" in data:
            order.items = len(data["items"])
            order.balance = order.balance or parse_money(data["total_amount"])

    def _refused(self, wish: Wish, answer: Answer) -> None:
        details = answer.data or {}
        if answer.code == "session_closed":
            self._empty(wish.to)
        elif answer.code == "table_occupied":
            self.seated[wish.to.id] = self.at(Kind.SESSION, details["session_id"])
        elif answer.code == "overpayment":
            self.orders[wish.to.id].balance = parse_money(details["balance"])
        elif answer.code == "invalid_transition" and wish.name == "update_status":
            self.orders[wish.to.id].status = details["current"]

    def _empty(self, session: Address) -> None:
        for table, seated in list(self.seated.items()):
            if seated == session:
                del self.seated[table]
