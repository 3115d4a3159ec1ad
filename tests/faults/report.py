"""The generated table in `docs/reliability/fault-report.md`."""

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from scripts.environment import ROOT
from tests.faults.cluster import WORKERS
from tests.faults.faults import FAULTS

PAGE = ROOT / "docs" / "reliability" / "fault-report.md"
RESULTS = PAGE.with_suffix(".json")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FEWER = "†"
HEADER = (
    "fault", "runs", "time to first ack: median, worst", "longest wait: median, worst",
    "errors seen by clients, all runs", "commands, repeated", "lost, duplicated or wrong",
)  # fmt: skip


def write(results: dict[str, list[dict[str, Any]]]) -> None:
    """Write the table of all results into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{measured(results)}\n{END}{after}")


def measured(results: dict[str, list[dict[str, Any]]]) -> str:
    """The table of all results, and the machine."""
    rows = [HEADER, ["---"] * len(HEADER)]
    rows += [
        _row(fault.description, results[fault.name]) for fault in FAULTS if fault.name in results
    ]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    fewer = "" if all(map(_is_whole, results.values())) else f"\n\n{FEWER} with two workers."
    machines = sorted({run["machine"] for runs in results.values() for run in runs})
    return f"Measured on {' and '.join(machines)}.\n\n{lines}{fewer}"


def _is_whole(runs: Sequence[dict[str, Any]]) -> bool:
    """Whether all runs used the current cluster size."""
    return all(run.get("workers") == WORKERS for run in runs)


def _row(description: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    first = [run["first_ack_s"] for run in runs if run["first_ack_s"] is not None]
    commands, again, violations = (
        _sum(runs, name) for name in ("commands", "sent again", "violations")
    )
    return [
        description if _is_whole(runs) else f"{description} {FEWER}",
        str(len(runs)),
        _seconds(first),
        _seconds([run["longest_wait_s"] for run in runs]),
        ", ".join(_client_errors(runs)) or "none",
        f"{commands:,}, {again:,}",
        str(violations),
    ]


def _sum(runs: Iterable[dict[str, Any]], name: str) -> int:
    return sum(
        len(run["violations"]) if name == "violations" else run["counts"].get(name, 0)
        for run in runs
    )


def _client_errors(runs: Sequence[dict[str, Any]]) -> list[str]:
    names = sorted({name for run in runs for name in run["client_errors"]})
    return [
        f"{name} ({sum(run['client_errors'].get(name, 0) for run in runs):,})" for name in names
    ]


def _seconds(values: Sequence[float]) -> str:
    return f"{median(values):.1f} s, {max(values):.1f} s" if values else "-"


def machine() -> str:
    """A description of this machine, recorded with each run."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpus = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{len(cpus)} cores ({cpus[0]}), Python {platform.python_version()}"
