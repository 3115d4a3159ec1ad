"""Snapshots of the peer's tables, sessions and orders: rows as the protocol's data."""

from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from load_tests.bench.peer.store import Database

_TABLE = """
    SELECT t.*, r.name AS restaurant, s.session_code, s.guests_count, s.started_at,
           s.waiter_id AS session_waiter_id
    FROM tables t JOIN restaurants r ON r.id = t.restaurant_id
    LEFT JOIN sessions s ON s.id = t.session_id WHERE
"""
_SESSION_ORDERS = """
    SELECT id, status, total, items_count, created_at FROM orders WHERE session_id = ? ORDER BY id
"""


class Row(Protocol):
    """A row of `sqlite3`, or the fields of a model of Django by name."""

    def __getitem__(self, column: str, /) -> Any: ...


def money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def table(db: Database, table_id: int, /) -> dict[str, Any]:
    return table_of(db.one("table", f"{_TABLE} t.id = ?", table_id))


def tables(db: Database, restaurant_id: int) -> list[dict[str, Any]]:
    return [table_of(row) for row in db.all(f"{_TABLE} t.restaurant_id = ?", restaurant_id)]


def table_of(row: Row) -> dict[str, Any]:
    """Data of a table; `row` also has columns of its restaurant and session."""
    session = row["session_id"] and {
        "id": row["session_id"],
        "session_code": row["session_code"],
        "guests_count": row["guests_count"],
        "started_at": row["started_at"],
        "waiter_id": row["session_waiter_id"],
    }
    return {
        "table_id": row["id"],
        "table_number": row["number"],
        "is_occupied": session is not None,
        "is_active": bool(row["is_active"]),
        "zone": row["zone"],
        "seats": row["seats"],
        "waiter_id": row["waiter_id"],
        "restaurant": row["restaurant"],
        "restaurant_id": row["restaurant_id"],
        "session": session,
        "version": row["version"],
    }


def session(db: Database, row: Row) -> dict[str, Any]:
    """Data of a session and its orders."""
    return session_with(row, db.all(_SESSION_ORDERS, row["id"]))


def session_with(row: Row, orders: Iterable[Row]) -> dict[str, Any]:
    orders = list(orders)
    # Nothing is paid here, so all orders but cancelled ones are due.
    total = sum(order["total"] for order in orders if order["status"] != "cancelled")
    return {
        "id": row["id"],
        "session_code": row["session_code"],
        "status": "open",
        "guests_count": row["guests_count"],
        "started_at": row["started_at"],
        "closed_at": None,
        "restaurant_id": row["restaurant_id"],
        "table_id": row["table_id"],
        "table_number": row["table_number"],
        "zone": row["zone"],
        "waiter_id": row["waiter_id"],
        "currency": row["currency"],
        "orders": [_session_order(order) for order in orders],
        "total_amount": money(total),
        "balance": money(total),
        "calls": [],
        "version": row["version"],
    }


def _session_order(row: Row) -> dict[str, Any]:
    total = money(row["total"])
    return {
        "order_id": row["id"],
        "status": row["status"],
        "payment_status": "unpaid",
        "total_amount": total,
        "balance": total,
        "items_count": row["items_count"],
        "created_at": row["created_at"],
    }


def card(row: Row) -> dict[str, Any]:
    """Data of an order in its restaurant's channel."""
    return _session_order(row) | {"table_number": row["table_number"], "version": row["version"]}


def order(row: Row) -> dict[str, Any]:
    total = money(row["total"])
    status: str = row["status"]
    return {
        "id": row["id"],
        "status": status,
        "status_display": status.capitalize(),
        "total_amount": total,
        "items_count": row["items_count"],
        "created_at": row["created_at"],
        "confirmed_at": row["confirmed_at"],
        "ready_at": row["ready_at"],
        "delivered_at": row["delivered_at"],
        "cancelled_at": row["cancelled_at"],
        "reason": None,
        "payment_status": "unpaid",
        "paid_amount": "0.00",
        "balance": "0.00" if status == "cancelled" else total,
        "refund_due": False,
        "refund_amount": "0.00",
        "currency": row["currency"],
        "restaurant_id": row["restaurant_id"],
        "session_id": row["session_id"],
        "table_id": row["table_id"],
        "table_number": row["table_number"],
        "waiter_id": row["waiter_id"],
        "version": row["version"],
    }


def items(row: Row) -> dict[str, Any]:
    """Data of an order's items, which are stored as they are sent."""
    stored = row["items"]
    return {
        "order_id": row["id"],
        "status": row["status"],
        "items": orjson.Fragment(stored) if isinstance(stored, str) else stored,
        "items_count": row["items_count"],
        "total_amount": money(row["total"]),
        "currency": row["currency"],
        "version": row["version"],
    }
