"""The table in `docs/reliability.md`, between two marks: what was measured."""

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from scripts.environment import ROOT
from tests.faults.cluster import WORKERS
from tests.faults.faults import FAULTS

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FEWER = "†"
HEADER = (
    "what happens", "runs", "first ack again: median, worst", "longest wait: median, worst",
    "what sockets and requests met, all runs", "commands, sent again", "lost, doubled or wrong",
)  # fmt: skip


def write(results: dict[str, list[dict[str, Any]]]) -> None:
    """Put the table of all results into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_measured(results)}\n{END}{after}")


def _measured(results: dict[str, list[dict[str, Any]]]) -> str:
    rows = [HEADER, ["---"] * len(HEADER)]
    rows += [_row(fault.says, results[fault.name]) for fault in FAULTS if fault.name in results]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    fewer = "" if all(map(_is_whole, results.values())) else f"\n\n{FEWER} two workers instead."
    return f"{_machine()}\n\n{lines}{fewer}"


def _is_whole(runs: Sequence[dict[str, Any]]) -> bool:
    """Whether they were on a cluster as large as it is now."""
    return all(run.get("workers") == WORKERS for run in runs)


def _row(says: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    first = [run["first_ack_s"] for run in runs if run["first_ack_s"] is not None]
    commands, again, wrong = (_sum(runs, name) for name in ("commands", "sent again", "wrong"))
    return [
        says if _is_whole(runs) else f"{says} {FEWER}",
        str(len(runs)),
        _seconds(first),
        _seconds([run["longest_wait_s"] for run in runs]),
        ", ".join(_met(runs)) or "nothing",
        f"{commands:,}, {again:,}",
        str(wrong),
    ]


def _sum(runs: Iterable[dict[str, Any]], name: str) -> int:
    return sum(len(run["wrong"]) if name == "wrong" else run["counts"].get(name, 0) for run in runs)


def _met(runs: Sequence[dict[str, Any]]) -> list[str]:
    whats = sorted({what for run in runs for what in run["met"]})
    return [f"{what} ({sum(run['met'].get(what, 0) for run in runs):,})" for what in whats]


def _seconds(values: Sequence[float]) -> str:
    return f"{median(values):.1f} s, {max(values):.1f} s" if values else "-"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpus = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"Measured on {len(cpus)} cores ({cpus[0]}), Python {platform.python_version()}."
