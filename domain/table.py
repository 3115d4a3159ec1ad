"""The rules of a table.

* It is occupied exactly while a session is open on it: `is_occupied` is derived from the session.
* `is_active` is a switch of its own; an inactive table takes no new session.
* Whether it may be released is for its session to say: `release` is redirected to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Publication,
    Redirect,
)
from domain.messages import CreateTable, GuestsChanged, OpenSession, SessionEnded, TableReported
from domain.record import replace
from protocol import commands as c
from protocol import told
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind


@dataclass(frozen=True, slots=True)
class SessionCard:
    """What a table knows of the session that is open on it."""

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
    session: SessionCard | None = None
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
    session: SessionCard


@dataclass(frozen=True, slots=True)
class TableReleased:
    session_id: int


@dataclass(frozen=True, slots=True)
class TableGuestsChanged:
    guests_count: int


@dataclass(frozen=True, slots=True)
class TableChanged:
    """The switch, zone, seats and waiter as they now are."""

    is_active: bool
    zone: str
    seats: int
    waiter_id: int | None


@dataclass(frozen=True, slots=True)
class TableCodeReplaced:
    """The code that is printed for the table is another one from now on."""


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
    raise TypeError(f"a table knows no {type(event).__name__}")


def decide(table: Table | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, CreateTable):
        if table is not None:
            return UNCHANGED
        return Decision((TableCreated(created(command, context.address)),))
    if table is None:
        return Rejected(Code.NOT_FOUND, f"There is no table {context.address.id}.")
    match command:
        case c.Occupy():
            return _occupy(table, command, context)
        case c.Release():
            return _release(table, command, context)
        case c.ChangeTable():
            return _change(table, command)
        case c.ReplaceTableCode():
            return _changed(table, TableCodeReplaced())
        case SessionEnded():
            return _session_ended(table, command)
        case GuestsChanged(session_id, guests_count):
            if table.session is None or table.session.id != session_id:
                return UNCHANGED
            return _changed(table, TableGuestsChanged(guests_count))
    return Rejected(Code.UNKNOWN_ACTION, "A table does not do that.")


def created(message: CreateTable, address: Address) -> Table:
    """The table that its restaurant's message makes."""
    return Table(
        id=address.id,
        restaurant_id=address.restaurant,
        restaurant_name=message.restaurant_name,
        currency=message.currency,
        number=message.number,
        zone=message.zone,
        seats=message.seats,
        waiter_id=message.waiter_id,
        call_escalation_s=message.call_escalation_s,
    )


def _occupy(table: Table, command: c.Occupy, context: Context) -> Decision | Rejected:
    if table.session is not None:
        return Rejected(
            Code.TABLE_OCCUPIED,
            f"Table {table.number} is occupied.",
            {"session_id": table.session.id},
        )
    if not table.is_active:
        return Rejected(Code.TABLE_INACTIVE, f"Table {table.number} is out of service.")
    supplies = context.supplies
    assert supplies.id is not None
    assert supplies.code is not None
    waiter_id = table.waiter_id if command.waiter_id is None else command.waiter_id
    card = SessionCard(supplies.id, supplies.code, command.guests_count, context.now, waiter_id)
    opening = OpenSession(
        code=card.session_code,
        table_id=table.id,
        table_number=table.number,
        zone=table.zone,
        guests_count=card.guests_count,
        waiter_id=card.waiter_id,
        currency=table.currency,
        call_escalation_s=table.call_escalation_s,
        started_at=card.started_at,
    )
    session = Address(Kind.SESSION, card.id, table.restaurant_id)
    decision = _changed(table, TableOccupied(card))
    return replace(
        decision,
        effects=(Effect(session, opening, creates=True), *decision.effects),
        result={"session_id": card.id, "session_code": card.session_code},
    )


def _release(table: Table, command: c.Release, context: Context) -> Decision | Redirect:
    """The party that it was first asked about, however often it is asked: never a later one."""
    session = None
    if table.session is not None:
        session = Address(Kind.SESSION, table.session.id, table.restaurant_id)
    meant = context.redirected or session
    if meant is None or (context.followed and meant != session):
        return UNCHANGED
    return Redirect(meant, c.CloseSession(force=command.force, reason=command.reason))


def _session_ended(table: Table, message: SessionEnded) -> Decision:
    if table.session is None or table.session.id != message.session_id:
        return UNCHANGED
    return replace(_changed(table, TableReleased(message.session_id)), kept_for=message.origin)


def _change(table: Table, command: c.ChangeTable) -> Decision:
    event = TableChanged(
        table.is_active if command.is_active is None else command.is_active,
        table.zone if command.zone is None else command.zone,
        table.seats if command.seats is None else command.seats,
        table.waiter_id if command.waiter_id is None else command.waiter_id,
    )
    now = (table.is_active, table.zone, table.seats, table.waiter_id)
    if now == (event.is_active, event.zone, event.seats, event.waiter_id):
        return UNCHANGED
    return _changed(table, event)


def _changed(table: Table, event: Any) -> Decision:
    """A decision that the restaurant hears of."""
    return Decision((event,), (report(evolve(table, event)),))


def report(table: Table) -> Effect:
    """To the restaurant: the table as it now is."""
    home = Address(Kind.RESTAURANT, table.restaurant_id, table.restaurant_id)
    return Effect(home, TableReported(table.id, table.revision, table.waiter_id, data_of(table)))


def publish(event: Any, table: Table) -> Iterable[Publication]:
    match event:
        case TableOccupied() | TableReleased():
            return (Publication(Channel.TABLE, "table_status", data_of(table)),)
        case TableGuestsChanged() | TableChanged() | TableCodeReplaced():
            return (Publication(Channel.TABLE, "table_update", data_of(table)),)
    return ()


def snapshot(table: Table, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "table_status", data_of(table)


def data_of(table: Table) -> told.Table:
    """The fields of `table_status` and `table_update`."""
    session = table.session
    return {
        "table_id": table.id,
        "table_number": table.number,
        "is_occupied": table.is_occupied,
        "is_active": table.is_active,
        "zone": table.zone,
        "seats": table.seats,
        "waiter_id": table.waiter_id,
        "restaurant": table.restaurant_name,
        "restaurant_id": table.restaurant_id,
        "code_version": table.code_version,
        "session": None
        if session is None
        else {
            "id": session.id,
            "session_code": session.session_code,
            "guests_count": session.guests_count,
            # The restaurant stores this mapping unchanged, so the time is formatted here.
            "started_at": session.started_at.replace(microsecond=0),
            "waiter_id": session.waiter_id,
        },
    }


TABLE: Behaviour[Table] = Behaviour(
    Kind.TABLE, Table, decide, evolve, publish, snapshot, lambda table: False
)
