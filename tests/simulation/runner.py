"""Many seeds, over several processes. Each process has the same fixed hash seed, so that the order
of sets is a part of what a seed decides.
"""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

from tests.simulation.mutations import mutated
from tests.simulation.run import Report, simulate

HASH_SEED = {"PYTHONHASHSEED": "0"}
WORKERS = 2
CHUNK = 5


_for_life = ExitStack()


@dataclass(slots=True)
class Total:
    """What came of many seeds."""

    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    failures: list[Report] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.steps += report.steps
        self.seconds += report.seconds
        self.counts += report.counts
        if report.failure is not None:
            self.failures.append(report)


def reports(
    seeds: Iterable[int], *, without: str | None = None, workers: int = WORKERS
) -> Iterator[Report]:
    """One report a seed, as they come; `without` names a guarantee that is taken away."""
    start = multiprocessing.get_context("spawn")
    with (
        patch.dict(os.environ, HASH_SEED),
        start.Pool(workers, _begin, (without,)) as pool,
    ):
        yield from pool.imap_unordered(_one, seeds, CHUNK)


def run(seeds: Iterable[int]) -> Total:
    total = Total()
    for report in reports(seeds):
        total.add(report)
    return total


def first_failure(seeds: Iterable[int], without: str) -> Report | None:
    """The first report that says that something is missing."""
    found = (report for report in reports(seeds, without=without) if report.failure is not None)
    return next(found, None)


def digests(seeds: Iterable[int]) -> dict[int, str]:
    """A digest of all that happened in each seed, made in another process."""
    start = multiprocessing.get_context("spawn")
    with patch.dict(os.environ, HASH_SEED), start.Pool(1, _begin, (None,)) as pool:
        return dict(pool.imap_unordered(_digest, seeds))


def _begin(without: str | None) -> None:
    """For a process's whole life: collect seldom, and never what was imported."""
    _for_life.enter_context(mutated(without))
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _one(seed: int) -> Report:
    report = simulate(seed)
    report.trace = None
    return report


def _digest(seed: int) -> tuple[int, str]:
    trace = simulate(seed).trace
    assert trace is not None
    return seed, trace.digest()
