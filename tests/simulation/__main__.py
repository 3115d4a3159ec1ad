"""`python -m tests.simulation SEED` tells what happened in a seed, and what is wrong with it.
`python -m tests.simulation --seeds FIRST LAST` looks for a seed with which something is.
"""

import argparse
import os
import sys
import time

from tests.simulation.mutations import MUTATIONS, mutated
from tests.simulation.run import simulate
from tests.simulation.runner import HASH_SEED, Total, reports
from tests.simulation.words import word

EVERY_S = 5.0


def main() -> int:
    arguments = _parsed()
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED["PYTHONHASHSEED"]:
        again = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, **HASH_SEED})
    if arguments.seeds is not None:
        first, last = arguments.seeds
        return _search(first, last, arguments.without)
    return _explain(arguments.seed, arguments.without)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "LAST"))
    parser.add_argument("--without", choices=MUTATIONS, help="a guarantee to take away")
    return parser.parse_args()


def _explain(seed: int, without: str | None) -> int:
    with mutated(without):
        report = simulate(seed, listen=True)
    if report.trace is not None:
        for line in report.trace.lines(word):
            _say(line)
    _say(f"\nseed {seed}, {report.seconds:.1f} s of its time: {report.failure or 'all is well'}")
    return int(report.failure is not None)


def _search(first: int, last: int, without: str | None) -> int:
    total, began = Total(), time.monotonic()
    told = began
    for report in reports(range(first, last + 1), without=without):
        total.add(report)
        if report.failure is not None:
            _say(f"seed {report.seed}: {report.failure}")
            which = f" --without {without}" if without else ""
            _say(f"    python -m tests.simulation {report.seed}{which}")
        if time.monotonic() - told > EVERY_S:
            told = time.monotonic()
            _progress(total, last + 1 - first, told - began)
    _progress(total, last + 1 - first, time.monotonic() - began)
    for name, count in sorted(total.counts.items()):
        _say(f"{count:12,}  {name}")
    return int(bool(total.failures))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _progress(total: Total, of: int, took_s: float) -> None:
    _say(
        f"{total.seeds:,} of {of:,} seeds, {total.seeds / took_s:.0f} a second, "
        f"{total.seconds / 3600:.1f} h of their time, {len(total.failures)} failed",
    )


if __name__ == "__main__":
    sys.exit(main())
