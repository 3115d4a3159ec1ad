"""The outcome of an import, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.menu.state import MenuContent

NEW, CHANGED, UNCHANGED, DELETED = OUTCOMES = "new", "changed", "unchanged", "deleted"


@dataclass(slots=True)
class Merge:
    """The content after an import, the outcome of each row, and the rows that are wrong."""

    content: MenuContent
    rows: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The number of rows by outcome."""
        counts = dict.fromkeys(OUTCOMES, 0)
        for row in self.rows:
            counts[row["outcome"]] += 1
        return counts

    def report(
        self,
        kind: str,
        line: int | None,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Add the outcome of a row. `before` and `after` are the part's fields, None if there is no
        such part. `line` is None for a part that is not in the file."""
        changes = {}
        if before is None or after is None:
            outcome = NEW if before is None else DELETED
        else:
            changes = {
                name: {"from": before[name], "to": value}
                for name, value in after.items()
                if value != before[name]
            }
            outcome = CHANGED if changes else UNCHANGED
        fields = after or before or {}
        self.rows.append(
            {
                "line": line,
                "kind": kind,
                "outcome": outcome,
                "id": None if before is None else before.get("id"),
                "external_id": fields.get("external_id"),
                "name": fields["name"],
                "changes": changes,
            }
        )
