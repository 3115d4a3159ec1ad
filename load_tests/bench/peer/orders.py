"""Orders of the peer: placing them and changing their status."""

from collections.abc import Callable
from typing import Any

import orjson

from load_tests.bench.peer import views
from load_tests.bench.peer.change import Change, changed, unchanged
from load_tests.bench.peer.store import Database, Refused, now
from load_tests.bench.peer.views import Row

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

        def on_menu(id_: int) -> Row:
            return db.one(
                "item of the menu",
                "SELECT name, price, available FROM menu_items WHERE restaurant_id = ? AND id = ?",
                session["restaurant_id"],
                id_,
            )

        items = [item(on_menu, number, line) for number, line in enumerate(lines, 1)]
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
            orjson.dumps([each for each, _ in items]).decode(),
            sum(each["quantity"] for each, _ in items),
            sum(total for _, total in items),
            now(),
        )
        note = _notify(db, order)
        data = views.session(db, session)
    change = changed(session, order_id=order["id"])
    change.publish("session_update", data, f"session.{session_id}")
    change.publish("new_order", views.card(order), f"restaurant.{order['restaurant_id']}")
    change.publish("order_notification", note, *_notified(order))
    return change


def item(
    on_menu: Callable[[int], Row], number: int, line: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """The item as stored and sent, and its price in minor units."""
    quantity = line.get("quantity", 1)
    if type(quantity) is not int or not 1 <= quantity <= 999:
        raise Refused("invalid_message", "quantity: a number from 1 to 999.")
    if "menu_item_id" in line:
        wanted = on_menu(line["menu_item_id"])
        if not wanted["available"]:
            raise Refused("item_unavailable", f"Not available now: {wanted['name']}.")
        name, price = wanted["name"], wanted["price"]
    else:
        name, price = line["name"], minor(line["unit_price"])
    made = {
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
    return made, price * quantity


def minor(amount: str) -> int:
    units, _, cents = amount.partition(".")
    return int(units) * 100 + int(cents.ljust(2, "0"))


def update_status(db: Database, order_id: int, status: Any) -> Change:
    with db.transaction():
        order = db.one("order", "SELECT * FROM orders WHERE id = ?", order_id)
        if not changes(order, status):
            return unchanged(order)
        items = order["items"]
        if status == "ready":
            items = orjson.dumps(all_ready(orjson.loads(items))).decode()
        order = db.one(
            "order",
            f"UPDATE orders SET status = ?, {status}_at = ?, items = ?, version = version + 1"
            " WHERE id = ? RETURNING *",
            status,
            now(),
            items,
            order_id,
        )
        note = _notify(db, order) if status == "ready" else None
        session = db.one("session", _TOUCH_SESSION, order["session_id"])
        data = views.session(db, session)
    change = changed(order)
    if note is not None:
        change.publish("order_items_update", views.items(order), f"order.{order_id}")
    change.publish("order_status", views.order(order), f"order.{order_id}")
    change.publish("session_update", data, f"session.{order['session_id']}")
    if note is not None:
        change.publish("items_updated", views.items(order), f"items.{order_id}")
        change.publish("order_ready", views.card(order), f"restaurant.{order['restaurant_id']}")
        change.publish("order_notification", note, *_notified(order))
    return change


def changes(order: Row, status: Any) -> bool:
    """Whether the status changes. Raises Refused if it cannot."""
    if status not in NEXT:
        raise Refused("invalid_message", "status: one of " + ", ".join(NEXT) + ".")
    current: str = order["status"]
    if status == current:
        return False
    if status not in NEXT[current]:
        sentence = f"Cannot change status from {current} to {status}."
        raise Refused("invalid_transition", sentence, current=current, allowed=list(NEXT[current]))
    return True


def all_ready(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each | {"status": "ready"} for each in items]


def _notify(db: Database, order: Row) -> dict[str, Any]:
    note = note_on(order)
    db.run(
        "INSERT INTO notifications (restaurant_id, waiter_id, body) VALUES (?, ?, ?)",
        (
            order["restaurant_id"],
            order["waiter_id"],
            orjson.dumps({"type": "order_notification"} | note).decode(),
        ),
    )
    return note


def note_on(order: Row) -> dict[str, Any]:
    """Notification of a new or ready order."""
    kind, message = (
        ("order_ready", f"Order for table {order['table_number']} is ready")
        if order["status"] == "ready"
        else ("new_order", f"New order for table {order['table_number']}")
    )
    return {
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


def _notified(order: Row) -> list[str]:
    groups = [f"notifications.{order['restaurant_id']}"]
    if order["waiter_id"] is not None:
        groups.append(f"waiter.{order['waiter_id']}")
    return groups
