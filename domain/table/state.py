"""The state of a table and its events. The rules are in `rules.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.copy import replace


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A summary of the open session of a table."""

    id: int
    session_code: str
    guests_count: int
    started_at: datetime
    waiter_id: int | None


@dataclass(frozen=True, slots=True)
class Table:
    id: int
    restaurant_id: int
    restaurant_name: str
    currency: str
    number: str
    zone: str
    seats: int
    waiter_id: int | None
    call_escalation_s: float
    is_active: bool = True
    session: SessionSummary | None = None
    revision: int = 1
    code_version: int = 1

    @property
    def is_occupied(self) -> bool:
        return self.session is not None


@dataclass(frozen=True, slots=True)
class TableCreated:
    table: Table


@dataclass(frozen=True, slots=True)
class TableOccupied:
    session: SessionSummary


@dataclass(frozen=True, slots=True)
class TableReleased:
    session_id: int


@dataclass(frozen=True, slots=True)
class TableGuestsChanged:
    guests_count: int


@dataclass(frozen=True, slots=True)
class TableChanged:
    """The new values of the table's settings."""

    is_active: bool
    zone: str
    seats: int
    waiter_id: int | None


@dataclass(frozen=True, slots=True)
class TableCodeReplaced:
    """The table's printed code is void, and replaced by one with the next version."""


def evolve(table: Table | None, event: Any) -> Table:
    if isinstance(event, TableCreated):
        return event.table
    assert table is not None
    revision = table.revision + 1
    match event:
        case TableOccupied(session):
            return replace(table, revision=revision, session=session)
        case TableReleased():
            return replace(table, revision=revision, session=None)
        case TableCodeReplaced():
            return replace(table, revision=revision, code_version=table.code_version + 1)
        case TableGuestsChanged(guests_count):
            assert table.session is not None
            session = replace(table.session, guests_count=guests_count)
            return replace(table, revision=revision, session=session)
        case TableChanged(is_active, zone, seats, waiter_id):
            return replace(
                table,
                revision=revision,
                is_active=is_active,
                zone=zone,
                seats=seats,
                waiter_id=waiter_id,
            )
    raise TypeError(f"cannot apply {type(event).__name__} to a table")
