"""Writes `docs/performance.md`, its tables and plots, from the benchmarks' results.

The text is in `load_tests/bench/performance.md`, a template with a `{name}` for each table.
"""

import platform
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # after the choice of what draws

from load_tests.bench.tables import NAMES, TABLES, goals, orm

TEMPLATE = Path(__file__).with_name("performance.md")
MEASURED = ("ray", "starlette", "uvicorn", "redis", "hiredis", "channels", "channels-redis")


def write(results: dict[str, Any], directory: Path) -> None:
    """Write the page and its plots from the results that exist."""
    tables = dict.fromkeys(TABLES, "Not measured.")
    for name, build in TABLES.items():
        if name in results:
            tables[name] = build(results[name])
    tables |= {
        "summary": _summary(results),
        "machine": results.get("machine", "An unknown machine"),
        "goals": goals(results),
        "orm": orm(results),
    }
    text = TEMPLATE.read_text()
    for name, table in tables.items():
        text = text.replace(f"{{{name}}}", table)
    (directory / "performance.md").write_text(text)
    if "lifecycle" in results:
        _bars(
            results["lifecycle"],
            "32",
            "one order's lifecycle, 32 clients",
            directory / "lifecycle.svg",
        )
    if "broadcast" in results:
        _bars(results["broadcast"], "1000/1", "one delivery of 1,000", directory / "broadcast.svg")


def _summary(results: dict[str, Any]) -> str:
    """The product's CPU and latency relative to the peer's, a sentence per benchmark."""
    sentences = []
    if "lifecycle" in results:
        runs = results["lifecycle"]["this"]
        cpu, p50 = (
            " / ".join(f"{run['of_peer'][figure]:.2f}" for run in runs.values())
            for figure in ("server_us", "p50_ms")
        )
        sentences.append(
            "Compared with a tuned Django Channels application, an order lifecycle with "
            f"{' / '.join(runs)} clients uses {cpu} times the server CPU; the median command "
            f"latency is {p50} times the peer's."
        )
    if "broadcast" in results:
        cpu = f"{results['broadcast']['this']['1000/1']['of_peer']['server_us']:.2f}"
        sentences.append(f"A delivery to 1,000 sockets takes {cpu} times the peer's CPU.")
    return fill(" ".join(sentences), 120) or "Nothing has been measured."


def machine() -> str:
    """This machine, and the versions that are measured on it."""
    packages = ", ".join(f"{name} {version(name)}" for name in MEASURED)
    cores = len(_cpus())
    return f"{cores} cores ({_cpus()[0]}), Python {platform.python_version()}, {packages}"


def _cpus() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("model name")] or ["?"]


def _bars(results: dict[str, Any], how: str, title: str, path: Path) -> None:
    """Plot the server CPU by program, one bar per server."""
    mpl.rcParams["svg.hashsalt"] = "docs"  # the same picture of the same figures
    figure, axes = plt.subplots(figsize=(8, 2.4))
    programs = {p for measured in results.values() for p in measured[how]["by_program_us"]}
    order = sorted(programs, key=lambda p: -results["this"][how]["by_program_us"].get(p, 0))
    names = [NAMES[who] for who in results]
    left = [0.0] * len(names)
    for program in order[:8]:
        widths = [measured[how]["by_program_us"].get(program, 0) for measured in results.values()]
        axes.barh(names, widths, left=left, label=program)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel(f"server CPU, µs: {title}")
    axes.invert_yaxis()
    axes.legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)
