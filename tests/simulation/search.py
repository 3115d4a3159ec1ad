"""Prints the trace of a seed, or searches seeds for failures: `./restaurant-qr simulate`."""

import os
import sys
from collections.abc import Callable
from typing import Any

from restaurant_qr.progress import Progress
from tests.simulation.mutations import mutated
from tests.simulation.run import simulate
from tests.simulation.runner import HASH_SEED, Total, reports
from tests.simulation.trace_format import format_detail


def explain(
    seed: int,
    without: str | None,
    print_line: Callable[[str], None] | None,
    document: Callable[[dict[str, Any]], None],
) -> bool:
    """Whether the seed fails. Each line goes to `print_line`, or all to `document` if that is None.

    Python's hash seed is part of the seed, so the command re-executes itself with the right one.
    """
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED["PYTHONHASHSEED"]:
        again = [sys.executable, "-m", "restaurant_qr", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, **HASH_SEED})
    with mutated(without):
        report = simulate(seed, log_all=True)
    lines = [] if report.trace is None else list(report.trace.lines(format_detail))
    if print_line is None:
        document(
            {"seed": seed, "simulated_s": report.seconds, "failure": report.failure, "trace": lines}
        )
    else:
        for line in lines:
            print_line(line)
        print_line(
            f"\nseed {seed}, {report.seconds:.1f} s of its time: {report.failure or 'no failure'}"
        )
    return report.failure is not None


def search(first: int, last: int, without: str | None, progress: Progress) -> Total:
    """The results of the seeds from `first` to `last`."""
    total = Total()
    progress.at(0, "simulating")
    for report in reports(range(first, last + 1), without=without):
        total.add(report)
        if report.failure is not None:
            which = f" --without {without}" if without else ""
            progress.say(
                f"seed {report.seed}: {report.failure}\n"
                f"    ./restaurant-qr simulate {report.seed}{which}"
            )
        hours = total.seconds / 3600
        progress.at(total.seeds, f"{len(total.failures)} failed in {hours:.1f} simulated hours")
    return total
