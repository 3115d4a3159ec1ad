"""The rules of a table.

* A table is occupied while it has an open session: `is_occupied` is derived from the session.
* `is_active` is independent of that. No session can be opened at an inactive table.
* The session decides whether its table can be released: `release` is redirected to it.
"""

from typing import Any

from domain.copy import replace
from domain.entity import (
    UNCHANGED,
    Behaviour,
    Context,
    Decision,
    Effect,
    Redirect,
)
from domain.messages import CreateTable, GuestsChanged, OpenSession, SessionEnded, TableReported
from domain.table.state import (
    SessionSummary,
    Table,
    TableChanged,
    TableCodeReplaced,
    TableCreated,
    TableGuestsChanged,
    TableOccupied,
    TableReleased,
    evolve,
)
from domain.table.views import data_of, publish, snapshot
from protocol import commands as c
from protocol.errors import Code, Rejected
from protocol.ids import Address, Kind


def decide(table: Table | None, command: Any, context: Context) -> Decision | Rejected | Redirect:
    if isinstance(command, CreateTable):
        if table is not None:
            return UNCHANGED
        return Decision((TableCreated(create_table(command, context.address)),))
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
            return _decide(table, TableCodeReplaced())
        case SessionEnded():
            return _session_ended(table, command)
        case GuestsChanged(session_id, guests_count):
            if table.session is None or table.session.id != session_id:
                return UNCHANGED
            return _decide(table, TableGuestsChanged(guests_count))
    return Rejected(Code.UNKNOWN_ACTION, "A table does not support this action.")


def create_table(message: CreateTable, address: Address) -> Table:
    """The table that a restaurant's message creates."""
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
            f"Cannot open a session because table {table.number} is occupied.",
            {"session_id": table.session.id},
        )
    if not table.is_active:
        return Rejected(
            Code.TABLE_INACTIVE, f"Cannot open a session because table {table.number} is inactive."
        )
    inputs = context.inputs
    assert inputs.id is not None
    assert inputs.code is not None
    waiter_id = table.waiter_id if command.waiter_id is None else command.waiter_id
    summary = SessionSummary(inputs.id, inputs.code, command.guests_count, context.now, waiter_id)
    opening = OpenSession(
        code=summary.session_code,
        table_id=table.id,
        table_number=table.number,
        zone=table.zone,
        guests_count=summary.guests_count,
        waiter_id=summary.waiter_id,
        currency=table.currency,
        call_escalation_s=table.call_escalation_s,
        started_at=summary.started_at,
        empty_minutes=inputs.empty_session_minutes,
    )
    session = Address(Kind.SESSION, summary.id, table.restaurant_id)
    decision = _decide(table, TableOccupied(summary))
    return replace(
        decision,
        effects=(Effect(session, opening, creates=True), *decision.effects),
        result={"session_id": summary.id, "session_code": summary.session_code},
    )


def _release(table: Table, command: c.Release, context: Context) -> Decision | Redirect:
    """Redirect to the session that is open now. A repeated request is redirected to the same
    session as before, so that it cannot close a later one."""
    session = None
    if table.session is not None:
        session = Address(Kind.SESSION, table.session.id, table.restaurant_id)
    target = context.redirected or session
    if target is None or (context.followed and target != session):
        return UNCHANGED
    return Redirect(target, c.CloseSession(force=command.force, reason=command.reason))


def _session_ended(table: Table, message: SessionEnded) -> Decision:
    if table.session is None or table.session.id != message.session_id:
        return UNCHANGED
    return replace(_decide(table, TableReleased(message.session_id)), completes=message.request_ref)


def _change(table: Table, command: c.ChangeTable) -> Decision:
    event = TableChanged(
        table.is_active if command.is_active is None else command.is_active,
        table.zone if command.zone is None else command.zone,
        table.seats if command.seats is None else command.seats,
        table.waiter_id if command.waiter_id is None else command.waiter_id,
    )
    before = (table.is_active, table.zone, table.seats, table.waiter_id)
    if before == (event.is_active, event.zone, event.seats, event.waiter_id):
        return UNCHANGED
    return _decide(table, event)


def _decide(table: Table, event: Any) -> Decision:
    """A decision with one event, which is reported to the restaurant."""
    return Decision((event,), (report(evolve(table, event)),))


def report(table: Table) -> Effect:
    """The effect that sends the table's summary to its restaurant."""
    restaurant = Address(Kind.RESTAURANT, table.restaurant_id, table.restaurant_id)
    return Effect(
        restaurant, TableReported(table.id, table.revision, table.waiter_id, data_of(table))
    )


TABLE: Behaviour[Table] = Behaviour(
    Kind.TABLE, Table, decide, evolve, publish, snapshot, lambda table: False
)
