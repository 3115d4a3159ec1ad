"""Orders of the peer: placed, and led through their lifecycle."""

import sqlite3
from typing import Any

import orjson

from load_tests.bench.peer import views
from load_tests.bench.peer.change import Change, changed, unchanged
from load_tests.bench.peer.store import Database, Refused, now

NEXT = {
    "pending": ("cancelled", "confirmed"),
    "confirmed": ("cancelled", "ready"),
    "ready": ("cancelled", "delivered"),
    "delivered": (),
    "cancelled": (),
}
_TOUCH_SESSION = "UPDATE sessions SET version = version + 1 WHERE id = ? RETURNING *"


def place_order(db: Database, session_id: int, lines: Any) -> Change:
    if not isinstance(lines, list) or not lines:
        raise Refused("invalid_message", "items: a list of at least one.")
    with db.transaction():
        session = db.one("session", _TOUCH_SESSION, session_id)
        items = [_item(db, session, number, line) for number, line in enumerate(lines, 1)]
        order = db.one(
            "order",
            "INSERT INTO orders (restaurant_id, session_id, table_id, table_number, waiter_id,"
            " currency, items, items_count, total, created_at) VALUES (?,?,?,?,?,?,?,?,?,?)"
            " RETURNING *",
            session["restaurant_id"],
            session_id,
            session["table_id"],
            session["table_number"],
            session["waiter_id"],
            session["currency"],
            orjson.dumps([item for item, _ in items]).decode(),
            sum(item["quantity"] for item, _ in items),
            sum(total for _, total in items),
            now(),
        )
        note = _notify(db, order, "new_order", f"New order for table {order['table_number']}")
        data = views.session(db, session)
    change = changed(session, order_id=order["id"])
    change.tell("session_update", data, f"session.{session_id}")
    change.tell("new_order", views.card(order), f"restaurant.{order['restaurant_id']}")
    change.tell("order_notification", note, *_notified(order))
    return change


def _item(
    db: Database, session: sqlite3.Row, number: int, line: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """The item as it is stored and sent, and what it costs in minor units."""
    quantity = line.get("quantity", 1)
    if type(quantity) is not int or not 1 <= quantity <= 999:
        raise Refused("invalid_message", "quantity: a number from 1 to 999.")
    if "menu_item_id" in line:
        wanted = db.one(
            "item of the menu",
            "SELECT name, price, available FROM menu_items WHERE restaurant_id = ? AND id = ?",
            session["restaurant_id"],
            line["menu_item_id"],
        )
        if not wanted["available"]:
            raise Refused("item_unavailable", f"Not available now: {wanted['name']}.")
        name, price = wanted["name"], wanted["price"]
    else:
        name, price = line["name"], minor(line["unit_price"])
    item = {
        "item_id": number,
        "menu_item_id": line.get("menu_item_id"),
        "name": name,
        "quantity": quantity,
        "unit_price": views.money(price),
        "total": views.money(price * quantity),
        "notes": line.get("notes", ""),
        "status": "pending",
        "reason": None,
    }
    return item, price * quantity


def minor(amount: str) -> int:
    units, _, cents = amount.partition(".")
    return int(units) * 100 + int(cents.ljust(2, "0"))


def update_status(db: Database, order_id: int, status: Any) -> Change:
    if status not in NEXT:
        raise Refused("invalid_message", "status: one of " + ", ".join(NEXT) + ".")
    with db.transaction():
        order = db.one("order", "SELECT * FROM orders WHERE id = ?", order_id)
        current: str = order["status"]
        if status == current:
            return unchanged(order)
        if status not in NEXT[current]:
            sentence = f"What is {current} cannot become {status}."
            raise Refused(
                "invalid_transition", sentence, current=current, allowed=list(NEXT[current])
            )
        items = _all_ready(order["items"]) if status == "ready" else order["items"]
        order = db.one(
            "order",
            f"UPDATE orders SET status = ?, {status}_at = ?, items = ?, version = version + 1"
            " WHERE id = ? RETURNING *",
            status,
            now(),
            items,
            order_id,
        )
        note = None
        if status == "ready":
            message = f"Order for table {order['table_number']} is ready"
            note = _notify(db, order, "order_ready", message)
        session = db.one("session", _TOUCH_SESSION, order["session_id"])
        data = views.session(db, session)
    change = changed(order)
    if note is not None:
        change.tell("order_items_update", views.items(order), f"order.{order_id}")
    change.tell("order_status", views.order(order), f"order.{order_id}")
    change.tell("session_update", data, f"session.{order['session_id']}")
    if note is not None:
        change.tell("items_updated", views.items(order), f"items.{order_id}")
        change.tell("order_ready", views.card(order), f"restaurant.{order['restaurant_id']}")
        change.tell("order_notification", note, *_notified(order))
    return change


def _all_ready(items: str) -> str:
    return orjson.dumps([item | {"status": "ready"} for item in orjson.loads(items)]).decode()


def _notify(db: Database, order: sqlite3.Row, kind: str, message: str) -> dict[str, Any]:
    note = {
        "order_id": order["id"],
        "table_id": order["table_id"],
        "table_number": order["table_number"],
        "items_count": order["items_count"],
        "message": message,
        "notification_id": f"order-{order['id']}-{order['version']}",
        "kind": kind,
        "created_at": now(),
        "acknowledged_at": None,
        "acknowledged_by": None,
    }
    db.run(
        "INSERT INTO notifications (restaurant_id, waiter_id, body) VALUES (?, ?, ?)",
        (
            order["restaurant_id"],
            order["waiter_id"],
            orjson.dumps({"type": "order_notification"} | note).decode(),
        ),
    )
    return note


def _notified(order: sqlite3.Row) -> list[str]:
    groups = [f"notifications.{order['restaurant_id']}"]
    if order["waiter_id"] is not None:
        groups.append(f"waiter.{order['waiter_id']}")
    return groups
