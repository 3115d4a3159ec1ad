"""Commands of tables."""

from dataclasses import dataclass
from typing import Literal

from protocol.commands.base import WAITER_ID, Command
from protocol.ids import Kind
from protocol.values import Count, Flag, Id, Label, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupy(Command):
    creates = Kind.SESSION
    references = WAITER_ID

    action: Literal["occupy"] = "occupy"
    guests_count: Count = 1
    waiter_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    action: Literal["release"] = "release"
    force: Flag = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable(Command):
    references = WAITER_ID

    action: Literal["change_table"] = "change_table"
    is_active: Flag | None = None
    zone: Label | None = None
    seats: Count | None = None
    waiter_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTableCode(Command):
    """Voids the printed code of a table."""

    action: Literal["replace_table_code"] = "replace_table_code"
