"""Acknowledged changes, to check at the end that none is lost or repeated.

Pure. A command is recorded before it is sent and when it is acknowledged; one without a reply may
or may not have been executed.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

ORDER_OF_STATUSES = ("pending", "confirmed", "ready", "delivered")


class Ledger:
    """Orders, payments and sessions of one Locust process."""

    def __init__(self) -> None:
        self.orders: dict[int, str] = {}
        """Order -> the furthest acknowledged status."""
        self.sessions: dict[int, set[int]] = {}
        """Session -> its acknowledged orders."""
        self._closed: set[int] = set()
        self._cancelling: set[int] = set()
        self._placing: Counter[int] = Counter()
        self._totals: dict[int, str] = {}
        """Order -> its total as of the last change of its items that was acknowledged."""
        self._paid: dict[int, Decimal] = {}
        self._paying: dict[int, Decimal] = {}

    # --- commands -----------------------------------------------------------------------

    def placing(self, session_id: int) -> None:
        self._placing[session_id] += 1

    def placed(self, session_id: int, order_id: int) -> None:
        self._placing[session_id] -= 1
        self.sessions.setdefault(session_id, set()).add(order_id)
        self.orders.setdefault(order_id, "pending")

    def not_placed(self, session_id: int) -> None:
        self._placing[session_id] -= 1

    def cancelling(self, order_id: int) -> None:
        self._cancelling.add(order_id)

    def reached(self, order_id: int, status: str) -> None:
        """A status was acknowledged, perhaps later than one beyond it."""
        if status == "cancelled" or _rank(status) > _rank(self.orders.get(order_id, "")):
            self.orders[order_id] = status

    def changing(self, order_id: int) -> None:
        self._totals.pop(order_id, None)

    def changed(self, order_id: int, total_amount: str) -> None:
        self._totals[order_id] = total_amount

    def paying(self, order_id: int, amount: str) -> None:
        self._paying[order_id] = self._paying.get(order_id, Decimal(0)) + Decimal(amount)

    def not_paid(self, order_id: int, amount: str) -> None:
        self._paying[order_id] -= Decimal(amount)

    def paid(self, order_id: int, amount: str) -> None:
        self._paying[order_id] -= Decimal(amount)
        self._paid[order_id] = self._paid.get(order_id, Decimal(0)) + Decimal(amount)

    def closed(self, session_id: int) -> None:
        self._closed.add(session_id)

    # --- checks ----------------------------------------------------------------------------

    def losses_of_order(self, order_id: int, data: dict[str, Any] | None) -> list[str]:
        """Deviations from what was acknowledged, given the order's snapshot (None: not found)."""
        known = self.orders[order_id]
        if data is None:
            return [f"order {order_id} is not there, acknowledged as {known}"]
        losses = []
        status = data["status"]
        cancelled = status == "cancelled" and order_id in self._cancelling
        if status != known and not cancelled and _rank(status) < _rank(known):
            losses.append(f"order {order_id} is {status}, acknowledged as {known}")
        total = self._totals.get(order_id)
        if total is not None and data["total_amount"] != total:
            losses.append(f"order {order_id} is {data['total_amount']}, acknowledged were {total}")
        least = self._paid.get(order_id, Decimal(0))
        most = least + self._paying.get(order_id, Decimal(0))
        paid = Decimal(data["paid_amount"])
        if paid < least or (order_id in self._paid and paid > most):
            losses.append(f"order {order_id} has {paid} paid, acknowledged were {least}")
        return losses

    def losses_of_session(self, session_id: int, data: dict[str, Any] | None) -> list[str]:
        """The same for a session: all acknowledged orders, and no others."""
        known = self.sessions.get(session_id, set())
        if data is None:
            return [f"session {session_id} is not there"]
        there = {row["order_id"] for row in data["orders"]}
        losses = [f"session {session_id} has no order {each}" for each in sorted(known - there)]
        if len(there - known) > self._placing[session_id]:
            losses.append(
                f"session {session_id} has orders that were not placed: {sorted(there - known)}"
            )
        if session_id in self._closed and data["status"] != "closed":
            losses.append(f"session {session_id} is {data['status']}, acknowledged as closed")
        return losses


def _rank(status: str) -> int:
    """Rank of a status; cancelled is last, unknown is -1."""
    if status == "cancelled":
        return len(ORDER_OF_STATUSES)
    return ORDER_OF_STATUSES.index(status) if status in ORDER_OF_STATUSES else -1
