"""Draws docs/state-diagrams.md from `domain/lifecycle.py`; `--check` only compares."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from domain.lifecycle import TABLES
from scripts.environment import ROOT

PAGE = ROOT / "docs" / "state-diagrams.md"
HEAD = """# State diagrams

Drawn by `make docs` from `domain/lifecycle.py`, the one place where these rules stand. A status
that an entity already has is a success that changes nothing; a step that is not drawn is refused.
"""

Table = Mapping[StrEnum, Iterable[StrEnum]]


def page() -> str:
    return "\n".join([HEAD, *(_section(name, table) for name, table in TABLES.items())])


def _section(name: str, table: Table) -> str:
    arrows = "\n".join(f"    {arrow}" for arrow in _arrows(table))
    return f"## {name.capitalize()}\n\n```mermaid\nstateDiagram-v2\n{arrows}\n```\n"


def _arrows(table: Table) -> Iterator[str]:
    """The first status of a table is where an entity begins; one without successors ends it."""
    order = list(type(next(iter(table))))
    yield f"[*] --> {order[0].value}"
    for status in order:
        following = sorted(table[status], key=order.index)
        yield from (f"{status.value} --> {after.value}" for after in following)
        if not following:
            yield f"{status.value} --> [*]"


def main() -> int:
    drawn = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.exists() and PAGE.read_text() == drawn:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what the tables say: run `make docs`.")
        return 1
    PAGE.write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
