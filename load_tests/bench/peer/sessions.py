"""Sessions of the peer: opening them and changing their number of guests."""

import secrets
from typing import Any

from load_tests.bench.peer import views
from load_tests.bench.peer.change import Change, changed, unchanged
from load_tests.bench.peer.store import Database, Refused, now

_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def open_session(db: Database, table_id: int, guests: int, waiter_id: int | None) -> Change:
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(6))
    with db.transaction():
        table = db.one(
            "table",
            "SELECT t.*, r.currency FROM tables t JOIN restaurants r ON r.id = t.restaurant_id"
            " WHERE t.id = ?",
            table_id,
        )
        if table["session_id"] is not None:
            raise Refused("table_occupied", f"Table {table['number']} is occupied.")
        session_id = db.run(
            "INSERT INTO sessions (restaurant_id, table_id, table_number, zone, waiter_id,"
            " currency, session_code, guests_count, started_at) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                table["restaurant_id"],
                table_id,
                table["number"],
                table["zone"],
                table["waiter_id"] if waiter_id is None else waiter_id,
                table["currency"],
                code,
                guests,
                now(),
            ),
        ).lastrowid
        db.run(
            "UPDATE tables SET session_id = ?, version = version + 1 WHERE id = ?",
            (session_id, table_id),
        )
        data = views.table(db, table_id)
    change = Change(
        {
            "changed": True,
            "version": data["version"],
            "session_id": session_id,
            "session_code": code,
        }
    )
    change.publish("table_status", data, f"table.{table_id}")
    change.publish("table_update", data, f"restaurant.{table['restaurant_id']}")
    return change


def update_guests(db: Database, session_id: int, guests: Any) -> Change:
    if type(guests) is not int or not 1 <= guests <= 999:
        raise Refused("invalid_message", "guests_count: a number from 1 to 999.")
    with db.transaction():
        row = db.one("session", "SELECT * FROM sessions WHERE id = ?", session_id)
        if row["guests_count"] == guests:
            return unchanged(row)
        row = db.one(
            "session",
            "UPDATE sessions SET guests_count = ?, version = version + 1 WHERE id = ? RETURNING *",
            guests,
            session_id,
        )
        db.run("UPDATE tables SET version = version + 1 WHERE id = ?", (row["table_id"],))
        table = views.table(db, row["table_id"])
        data = views.session(db, row)
    change = changed(row)
    change.publish("session_update", data, f"session.{session_id}")
    change.publish(
        "table_update", table, f"table.{row['table_id']}", f"restaurant.{row['restaurant_id']}"
    )
    return change
