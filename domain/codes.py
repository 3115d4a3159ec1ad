"""The values that the codes of tables and staff devices contain."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.restaurant.state import Restaurant
from domain.table.state import Table
from protocol.caller import Role


@dataclass(frozen=True, slots=True)
class TableCode:
    """The values of a table's current code and of the text printed with it, and the id of the
    table's open session, if any."""

    table_id: int
    version: int
    number: str
    zone: str
    session_id: int | None


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """The role and, for a waiter's device, the waiter of a device that is not signed in yet."""

    role: Role
    waiter_id: int | None


@dataclass(frozen=True, slots=True)
class CodeValues:
    """The codes of one table, or of all tables and all devices to be signed in of a restaurant."""

    tables: tuple[TableCode, ...]
    devices: Mapping[int, DeviceCode]
    restaurant_name: str
    guest_opens_table: bool | None = None


def code_values(state: Table | Restaurant) -> CodeValues:
    """The codes of a table, or of a restaurant. Those of a restaurant may be slightly outdated,
    because they come from the summaries that its tables have reported."""
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
