"""Writes `docs/decisions/README.md`, the index of the decisions; `--check` only compares.

Each page has a title and the paragraphs Status, Date, Decision, Why, Cost and Alternatives.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.environment import ROOT

FOLDER = ROOT / "docs" / "decisions"
PAGE = FOLDER / "README.md"
PARTS = ("Status", "Date", "Decision", "Why", "Cost", "Alternatives")
HEAD = """# Architecture decision records

Decisions that a maintainer might otherwise undo, each with its reasons, cost and alternatives. To
add one, create the page with the next number and run `make docs`, which generates this index.

| number | decision | status | date |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One page: its title, the first two paragraphs, and the names of all paragraphs in order."""

    path: Path
    title: str
    status: str
    date: str
    parts: tuple[str, ...]

    @property
    def number(self) -> str:
        return self.path.name[:4]


def decisions() -> list[Decision]:
    """All decisions, by number. Raises ValueError if a page has no title, status or date."""
    return [_read(path) for path in sorted(FOLDER.glob("0*.md"))]


def _read(path: Path) -> Decision:
    text = path.read_text()
    title = re.match(r"# (.+)\n", text)
    status = re.search(r"^\*\*Status\.\*\* (.+)$", text, re.MULTILINE)
    date = re.search(r"^\*\*Date\.\*\* (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    if title is None or status is None or date is None:
        raise ValueError(f"cannot index {path.name} because its title, Status or Date is missing")
    parts = tuple(re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE))
    return Decision(path, title[1], status[1], date[1], parts)


def page() -> str:
    rows = [
        f"| [{each.number}]({each.path.name}) | {each.title} | {each.status} | {each.date} |\n"
        for each in decisions()
    ]
    return HEAD + "".join(rows)


def main() -> int:
    written = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.exists() and PAGE.read_text() == written:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date: run `make docs`.", file=sys.stderr)
        return 1
    PAGE.write_text(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
