"""The base class of commands, and the command that reads a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import ConfigDict

from protocol.commands.lines import Line
from protocol.ids import Kind
from protocol.values import RequestId, Version

WAITER_ID: Mapping[str, Kind] = {"waiter_id": Kind.WAITER}
TABLE_ID: Mapping[str, Kind] = {"table_id": Kind.TABLE}


class Reserves(StrEnum):
    """The portions that the menu reserves for a command's lines: none, all or none of them, or as
    many as there are, because an order may take some of them already."""

    NOTHING = "nothing"
    ALL = "all"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The fields of every command. `request_id` identifies retries. A command is refused if
    `expected_version` is not the entity's current version."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    creates: ClassVar[Kind | None] = None
    """The kind of the entity that the command creates."""
    references: ClassVar[Mapping[str, Kind]] = {}
    """Fields that contain the id of another entity of the same restaurant."""
    reserves: ClassVar[Reserves] = Reserves.NOTHING
    """The portions that are reserved for `priced_lines`."""

    request_id: RequestId | None = None
    expected_version: Version | None = None

    @property
    def priced_lines(self) -> "tuple[Line, ...]":
        """Lines whose menu items need a price."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Get(Command):
    """Reads a channel's snapshot, for the caller only. The action depends on the channel."""

    action: Literal[
        "get_status", "get_items", "get_tasks", "get_notifications", "get_menu", "get_devices"
    ]
