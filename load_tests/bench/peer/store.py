"""The peer's database: its tables, one connection a worker, and the transaction of a change."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUSY_TIMEOUT_S = 5.0
FILE = "peer.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS restaurants (
    id INTEGER PRIMARY KEY, name TEXT, currency TEXT, timezone TEXT,
    menu_version INTEGER DEFAULT 0, version INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS menu_items (
    restaurant_id INTEGER, id INTEGER, category TEXT, name TEXT, description TEXT,
    price INTEGER, available INTEGER, PRIMARY KEY (restaurant_id, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiters (id INTEGER PRIMARY KEY, restaurant_id INTEGER, name TEXT);
CREATE TABLE IF NOT EXISTS tables (
    id INTEGER PRIMARY KEY, restaurant_id INTEGER, number TEXT, zone TEXT, seats INTEGER,
    waiter_id INTEGER, is_active INTEGER DEFAULT 1, session_id INTEGER, version INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, restaurant_id INTEGER, table_id INTEGER, table_number TEXT, zone TEXT,
    waiter_id INTEGER, currency TEXT, session_code TEXT, guests_count INTEGER, started_at TEXT,
    version INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, restaurant_id INTEGER, session_id INTEGER, table_id INTEGER,
    table_number TEXT, waiter_id INTEGER, currency TEXT, status TEXT DEFAULT 'pending',
    items TEXT, items_count INTEGER, total INTEGER, created_at TEXT, confirmed_at TEXT,
    ready_at TEXT, delivered_at TEXT, cancelled_at TEXT, version INTEGER DEFAULT 1
);
CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY, restaurant_id INTEGER, waiter_id INTEGER, body TEXT
);
CREATE INDEX IF NOT EXISTS waiters_home ON waiters (restaurant_id);
CREATE INDEX IF NOT EXISTS tables_home ON tables (restaurant_id);
CREATE INDEX IF NOT EXISTS orders_session ON orders (session_id);
CREATE INDEX IF NOT EXISTS orders_home ON orders (restaurant_id);
CREATE INDEX IF NOT EXISTS notifications_home ON notifications (restaurant_id);
CREATE INDEX IF NOT EXISTS notifications_waiter ON notifications (waiter_id);
"""


class Refused(Exception):
    """A rejected request, with the protocol's code and a sentence."""

    def __init__(self, code: str, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.answer: dict[str, Any] = {"error": sentence, "code": code}
        if details:
            self.answer["details"] = details


class Database:
    """A connection that the event loop uses directly; statements are cached."""

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(
            directory / FILE,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            cached_statements=256,
        )
        self._connection.row_factory = sqlite3.Row
        self.run = self._connection.execute
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY"):
            self.run(f"PRAGMA {pragma}")

    def create(self) -> None:
        """Create the tables, before the workers start."""
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that takes the write lock at its start."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self.run(statement, values).fetchall()

    def one(self, kind: str, statement: str, *values: Any) -> sqlite3.Row:
        """One row. Raises Refused if there is none."""
        row: sqlite3.Row | None = self.run(statement, values).fetchone()
        if row is None:
            raise Refused("not_found", f"There is no such {kind}.")
        return row


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
