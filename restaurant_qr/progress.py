"""Long work: what is being done, how far it is, and how long it still takes."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

EVERY_S = 5.0
"""Between two lines about the same step, without a terminal."""
MEANINGFUL = 0.02
"""Share of the total from which the time left is estimated."""


class Progress(Protocol):
    """Receives the progress of a long job."""

    def at(self, done: float, what: str) -> None:
        """So much of the total is done, and `what` is in progress."""

    def say(self, text: str) -> None:
        """A line of the result."""


@contextmanager
def progress(total: float, unit: str, *, quiet: bool = False) -> Iterator[Progress]:
    """A bar on a terminal, else lines, on stderr. `quiet` keeps stdout free for JSON."""
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
        self._began = time.monotonic()
        self._said_at = 0.0
        self._what = ""

    def at(self, done: float, what: str) -> None:
        now = time.monotonic()
        if what == self._what and now - self._said_at < EVERY_S and done < self._total:
            return
        self._what, self._said_at = what, now
        left = ""
        if MEANINGFUL * self._total <= done < self._total:
            left = f", {duration((now - self._began) / done * (self._total - done))} left"
        _write(f"{what}: {done:,.0f} of {self._total:,.0f} {self._unit}{left}", sys.stderr)

    def say(self, text: str) -> None:
        _write(text, sys.stderr if self._quiet else sys.stdout)


def _write(text: str, to: TextIO) -> None:
    to.write(f"{text}\n")
    to.flush()


def duration(seconds: float) -> str:
    """Rounded for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
