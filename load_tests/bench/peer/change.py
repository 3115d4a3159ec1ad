"""What a change of the peer comes to: its ack, and who is told what."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Change:
    """`ack` goes to the caller; `events` are pairs of a group and an encoded message."""

    ack: dict[str, Any]
    events: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, type_: str, data: Mapping[str, Any], *groups: str) -> None:
        """The message is encoded once, for however many groups."""
        text = encoded(type_, data)
        self.events += [(group, text) for group in groups]


def encoded(type_: str, data: Mapping[str, Any]) -> str:
    return orjson.dumps({"type": type_, "data": data}).decode()


def unchanged(row: sqlite3.Row) -> Change:
    return Change({"changed": False, "version": row["version"]})


def changed(row: sqlite3.Row, **more: Any) -> Change:
    return Change({"changed": True, "version": row["version"], **more})
