"""A row of a file that cannot be imported."""

from typing import Any


class WrongRow(Exception):
    """`column` is the field that is wrong, "" if it is the whole line; then `why` is a sentence
    without its full stop."""

    def __init__(self, line: int, column: str, why: str) -> None:
        super().__init__(line, column, why)
        self.line = line
        self.column = column
        self.why = why

    @property
    def row(self) -> dict[str, Any]:
        """The row as it is listed."""
        error = f"{self.column}: {self.why}." if self.column else f"{self.why}."
        return {"line": self.line, "column": self.column or None, "error": error}
