"""Delivery lag: from sending a command to hearing each event that it caused.

Pure. Both name the fact in the same words, such as `("order", 5, "ready")`. An event may be heard
before its command is acknowledged, so either side may come first; what finds no match is forgotten.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from load_tests.channels import Frame

Fact = tuple[str | int, ...]
Lag = tuple[str, float]
"""An event's name, and seconds."""

KEPT = 20_000


class Lags:
    """What was sent and what was heard, by fact; the oldest is forgotten first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._sent: OrderedDict[Fact, float] = OrderedDict()
        self._heard: OrderedDict[Fact, list[tuple[str, float]]] = OrderedDict()

    def sent(self, fact: Fact, at: float) -> list[Lag]:
        """A command that was done first; the lags of what was heard of it already."""
        self._sent[fact] = at
        if len(self._sent) > self._kept:
            self._sent.popitem(last=False)
        return [(name, heard - at) for name, heard in self._heard.pop(fact, ()) if heard >= at]

    def heard(self, fact: Fact, name: str, at: float) -> list[Lag]:
        """An event; its lag, where the command is known already."""
        if fact in self._sent:
            return [(name, at - self._sent[fact])]
        self._heard.setdefault(fact, []).append((name, at))
        if len(self._heard) > self._kept:
            self._heard.popitem(last=False)
        return []


def facts_of(frame: Frame, before: dict[str, Any]) -> Iterator[Fact]:
    """The facts that an event tells, where some command may have caused it.

    `before` is the channel's data before this event: a session's events repeat all of its orders.
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
            yield from _news_of_session(data, before)


def _news_of_session(data: dict[str, Any], before: dict[str, Any]) -> Iterator[Fact]:
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
