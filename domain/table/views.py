"""Snapshots of a table, and the events that its subscribers receive."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.entity import (
    Publication,
)
from domain.table.state import (
    Table,
    TableChanged,
    TableCodeReplaced,
    TableGuestsChanged,
    TableOccupied,
    TableReleased,
)
from protocol.codec import timestamp
from protocol.ids import Channel
from restaurant_qr_wire import messages


def publish(event: Any, table: Table) -> Iterable[Publication]:
    match event:
        case TableOccupied() | TableReleased():
            return (Publication(Channel.TABLE, "table_status", data_of(table)),)
        case TableGuestsChanged() | TableChanged() | TableCodeReplaced():
            return (Publication(Channel.TABLE, "table_update", data_of(table)),)
    return ()


def snapshot(table: Table, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    return "table_status", data_of(table)


def data_of(table: Table) -> messages.Table:
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
            "started_at": timestamp(session.started_at),
            "waiter_id": session.waiter_id,
        },
    }
