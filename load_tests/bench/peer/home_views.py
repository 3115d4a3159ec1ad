"""Snapshots of the peer's restaurants, notifications, menus and waiters."""

from collections.abc import Iterable
from typing import Any

import orjson

from load_tests.bench.peer import views
from load_tests.bench.peer.store import Database
from load_tests.bench.peer.views import Row

NOTIFICATIONS_KEPT = 100


def restaurant(db: Database, restaurant_id: int, /) -> dict[str, Any]:
    row = db.one("restaurant", "SELECT * FROM restaurants WHERE id = ?", restaurant_id)
    tables = views.tables(db, restaurant_id)
    orders = db.all(
        "SELECT * FROM orders WHERE restaurant_id = ? AND status <> 'cancelled'", restaurant_id
    )
    waiters = db.all("SELECT id, name FROM waiters WHERE restaurant_id = ?", restaurant_id)
    return restaurant_with(row, tables, orders, waiters)


def restaurant_with(
    row: Row, tables: list[dict[str, Any]], orders: Iterable[Row], waiters: Iterable[Row]
) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "currency": row["currency"],
        "timezone": row["timezone"],
        "tables": {
            "total": len(tables),
            "active": sum(each["is_active"] for each in tables),
            "occupied": sum(each["is_occupied"] for each in tables),
            "list": tables,
        },
        "open_orders": [views.card(each) for each in orders],
        "waiters": [{"waiter_id": each["id"], "name": each["name"]} for each in waiters],
        "version": row["version"],
    }


def notifications(db: Database, restaurant_id: int, /) -> dict[str, Any]:
    db.one("restaurant", "SELECT id FROM restaurants WHERE id = ?", restaurant_id)
    return {
        "restaurant_id": restaurant_id,
        "notifications": _latest(db, "restaurant_id", restaurant_id),
    }


def waiter(db: Database, waiter_id: int, /) -> dict[str, Any]:
    row = db.one("waiter", "SELECT * FROM waiters WHERE id = ?", waiter_id)
    return {
        "waiter_id": waiter_id,
        "name": row["name"],
        "restaurant_id": row["restaurant_id"],
        "tasks": _latest(db, "waiter_id", waiter_id),
    }


def menu(db: Database, restaurant_id: int) -> dict[str, Any]:
    row = db.one("restaurant", "SELECT * FROM restaurants WHERE id = ?", restaurant_id)
    categories: dict[str, list[dict[str, Any]]] = {}
    for item in db.all("SELECT * FROM menu_items WHERE restaurant_id = ?", restaurant_id):
        categories.setdefault(item["category"], []).append(
            {
                "id": item["id"],
                "name": item["name"],
                "description": item["description"],
                "price": views.money(item["price"]),
                "available": bool(item["available"]),
            }
        )
    return {
        "restaurant_id": restaurant_id,
        "restaurant": row["name"],
        "menu_version": row["menu_version"],
        "currency": row["currency"],
        "categories": [{"name": name, "items": items} for name, items in categories.items()],
    }


def _latest(db: Database, column: str, of: int) -> list[orjson.Fragment]:
    rows = db.all(
        f"SELECT body FROM notifications WHERE {column} = ? ORDER BY id DESC LIMIT ?",
        of,
        NOTIFICATIONS_KEPT,
    )
    return [orjson.Fragment(row["body"]) for row in reversed(rows)]
