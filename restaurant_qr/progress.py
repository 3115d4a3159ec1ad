"""Progress of long jobs: the current step, the completed share, and the remaining time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

MIN_INTERVAL_S = 5.0
"""Minimum interval between lines about the same step, without a terminal."""
MIN_SHARE = 0.02
"""Completed share from which the remaining time is estimated."""


class Progress(Protocol):
    """Reports the progress of a long job."""

    def at(self, done: float, what: str) -> None:
        """Report that `done` of the total is completed and the step `what` is running."""

    def say(self, text: str) -> None:
        """Print a line of the result."""


@contextmanager
def progress(total: float, unit: str, *, quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on a terminal, else lines, on stderr. `quiet` keeps stdout free for JSON."""
    if not sys.stderr.isatty():
        yield _Lines(total, unit, quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn(f"{{task.completed:,.0f}} of {{task.total:,.0f}} {unit}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        speed_estimate_period=12 * 3600,  # steps take minutes
    )
    with bar:
        yield _Bar(bar, total, quiet)


class _Bar:
    def __init__(self, bar: "Bar", total: float, quiet: bool) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=total)
        self._quiet = quiet

    def at(self, done: float, what: str) -> None:
        self._bar.update(self._task, completed=done, description=what)

    def say(self, text: str) -> None:
        if sys.stdout.isatty() or self._quiet:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            _write(text, sys.stdout)


class _Lines:
    def __init__(self, total: float, unit: str, quiet: bool) -> None:
        self._total, self._unit, self._quiet = total, unit, quiet
        self._started_at = time.monotonic()
        self._printed_at = 0.0
        self._step = ""

    def at(self, done: float, what: str) -> None:
        now = time.monotonic()
        if what == self._step and now - self._printed_at < MIN_INTERVAL_S and done < self._total:
            return
        self._step, self._printed_at = what, now
        left = ""
        if MIN_SHARE * self._total <= done < self._total:
            left = f", {duration((now - self._started_at) / done * (self._total - done))} left"
        _write(f"{what}: {done:,.0f} of {self._total:,.0f} {self._unit}{left}", sys.stderr)

    def say(self, text: str) -> None:
        _write(text, sys.stderr if self._quiet else sys.stdout)


def _write(text: str, to: TextIO) -> None:
    to.write(f"{text}\n")
    to.flush()


def duration(seconds: float) -> str:
    """The duration as rounded text, such as `12 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
