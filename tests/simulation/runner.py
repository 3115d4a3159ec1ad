"""Runs many seeds in several processes, each with the same hash seed, so that a seed also
determines the order of sets."""

import gc
import multiprocessing
import os
import signal
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


_process_patches = ExitStack()


@dataclass(slots=True)
class Total:
    """The result of many seeds."""

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
    """One report per seed as they complete; `without` names a mutation."""
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
    """The first report of a failure, if any."""
    found = (report for report in reports(seeds, without=without) if report.failure is not None)
    return next(found, None)


def digests(seeds: Iterable[int]) -> dict[int, str]:
    """A digest of each seed's trace, computed in another process."""
    start = multiprocessing.get_context("spawn")
    with patch.dict(os.environ, HASH_SEED), start.Pool(1, _begin, (None,)) as pool:
        return dict(pool.imap_unordered(_digest, seeds))


def _begin(without: str | None) -> None:
    """Set up a worker: apply the mutation and keep garbage collection rare."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pool's owner ends them on a Ctrl-C
    _process_patches.enter_context(mutated(without))
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
