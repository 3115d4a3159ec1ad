"""Result of a change of the peer: its ack and the events for groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from load_tests.bench.peer.views import Row


@dataclass(slots=True)
class Change:
    """`ack` goes to the caller; `events` are pairs of a group and an encoded message."""

    ack: dict[str, Any]
    events: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, type_: str, data: Mapping[str, Any], *groups: str) -> None:
        """Add an event for groups, encoded once."""
        text = encoded(type_, data)
        self.events += [(group, text) for group in groups]


def encoded(type_: str, data: Mapping[str, Any]) -> str:
    return orjson.dumps({"type": type_, "data": data}).decode()


def unchanged(row: Row) -> Change:
    return Change({"changed": False, "version": row["version"]})


def changed(row: Row, **more: Any) -> Change:
    return Change({"changed": True, "version": row["version"], **more})
