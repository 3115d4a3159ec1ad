"""The values of which the codes of tables and staff devices are made."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.restaurant.state import Restaurant
from domain.table.state import Table
from protocol.caller import Role


@dataclass(frozen=True, slots=True)
class TableCode:
    """A table's current code, the text beside it, and the session that it leads to, if any."""

    table_id: int
    version: int
    number: str
    zone: str
    session_id: int | None


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The owner of a device that waits to be signed in."""

    role: Role
    waiter_id: int | None


@dataclass(frozen=True, slots=True)
class CodeValues:
    """The codes of one table, or of a restaurant: all of its tables and waiting devices."""

    tables: tuple[TableCode, ...]
    devices: Mapping[int, DeviceCode]
    restaurant_name: str
    guest_opens_table: bool | None = None


def code_values(state: Table | Restaurant) -> CodeValues:
    """The codes of a table, which are up to date, or of a restaurant, as its tables reported."""
    if isinstance(state, Table):
        session_id = None if state.session is None else state.session.id
        code = TableCode(state.id, state.code_version, state.number, state.zone, session_id)
        return CodeValues((code,), {}, state.restaurant_name)
    rows = [summary.data for summary in state.tables.values()]
    tables = [
        TableCode(
            row["table_id"], row["code_version"], row["table_number"], row["zone"],
            row["session"] and row["session"]["id"],
        )
        for row in rows
    ]  # fmt: skip
    devices = {
        id_: DeviceCode(device.role, device.waiter_id)
        for id_, device in state.devices.items()
        if device.signed_in_at is None
    }
    return CodeValues(tuple(tables), devices, state.name, state.guest_opens_table)
