"""Delivery lag: from sending a command to receiving each event that it caused.

Pure. Commands and events name the same fact, such as `("order", 5, "ready")`. An event may arrive
before its command's ack, so either may come first; unmatched facts are evicted.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from load_tests.channels import Frame

Fact = tuple[str | int, ...]
Lag = tuple[str, float]
"""An event's type, and seconds."""

MAX_FACTS = 20_000


class Lags:
    """Sent and received facts; the oldest are evicted first."""

    def __init__(self, max_facts: int = MAX_FACTS) -> None:
        self._max_facts = max_facts
        self._sent: OrderedDict[Fact, float] = OrderedDict()
        self._received: OrderedDict[Fact, list[tuple[str, float]]] = OrderedDict()

    def sent(self, fact: Fact, at: float) -> list[Lag]:
        """Record a command; returns the lags of events received before."""
        self._sent[fact] = at
        if len(self._sent) > self._max_facts:
            self._sent.popitem(last=False)
        return [
            (name, received - at)
            for name, received in self._received.pop(fact, ())
            if received >= at
        ]

    def received(self, fact: Fact, name: str, at: float) -> list[Lag]:
        """Record an event; returns its lag if the command is known."""
        if fact in self._sent:
            return [(name, at - self._sent[fact])]
        self._received.setdefault(fact, []).append((name, at))
        if len(self._received) > self._max_facts:
            self._received.popitem(last=False)
        return []


def facts_of(frame: Frame, before: dict[str, Any]) -> Iterator[Fact]:
    """The facts of an event that a command may have caused.

    `before` is the channel's data before this event: a session's events repeat all of its
    orders.
    """
    data = frame["data"]
    match frame["type"]:
        case "new_order":
            yield "order", data["order_id"], "pending"
        case "order_ready":
            yield "order", data["order_id"], "ready"
        case "order_status":
            yield "order", data["id"], data["status"]
        case "order_update":
            yield "balance", data["id"], data["balance"]
        case "payment_completed" | "payment_notification":
            yield "balance", data["order_id"], data["balance"]
        case "order_notification":
            yield "order", data["order_id"], "ready" if data["kind"] == "order_ready" else "pending"
        case "task_notification" if data["kind"] == "call" and "escalated_to" not in data:
            yield "call", data["call_id"]
        case "notification_acknowledged":
            yield "acknowledged", data["notification_id"]
        case "alert":
            yield "alert", data["notification_id"]
        case "broadcast":
            yield "broadcast", data["message"]
        case "table_status" | "table_update" if data["session"] is not None:
            yield "session", data["session"]["id"], "open"
        case "session_status":
            yield "session", data["id"], data["status"]
        case "session_update":
            yield from _facts_of_session(data, before)


def _facts_of_session(data: dict[str, Any], before: dict[str, Any]) -> Iterator[Fact]:
    known = {row["order_id"]: row for row in before.get("orders", ())}
    for row in data["orders"]:
        order_id = row["order_id"]
        then = known.get(order_id, {})
        if row["status"] != then.get("status"):
            yield "order", order_id, row["status"]
        if order_id in known and row["balance"] != then["balance"]:
            yield "balance", order_id, row["balance"]
    called = {row["call_id"] for row in before.get("calls", ())}
    for row in data["calls"]:
        if row["call_id"] not in called:
            yield "call", row["call_id"]
