"""`python -m scripts.faults [name …] --runs N`: break things N times each, see `FAULTS`.

Without names all of them. Results go to `docs/reliability.json`, in place of those of the same
fault, and from there into `docs/reliability.md`. The exit code is 1 where anything was lost.
"""

import argparse
import json
import sys
import traceback
from contextlib import closing

from tests.faults import report
from tests.faults.faults import FAULTS
from tests.faults.network import NotHere
from tests.faults.stage import Stage

RESULTS = report.PAGE.with_suffix(".json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.faults", description=__doc__)
    names = [fault.name for fault in FAULTS]
    parser.add_argument("names", nargs="*", help=f"which, of {', '.join(names)}; none: all")
    parser.add_argument("--runs", type=int, default=3, help="of each")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = False
    with closing(Stage()) as stage:
        for fault in FAULTS:
            if wanted.names and fault.name not in wanted.names:
                continue
            rows = []
            for run in range(1, wanted.runs + 1):
                print(f"{fault.name} {run} ...", end=" ", flush=True)
                try:
                    outcome = stage.play(fault)
                except NotHere as error:
                    print(f"not tried: {error}")
                    break
                except Exception:
                    failed = True
                    print("failed:")
                    traceback.print_exc()
                    continue
                print(
                    f"{outcome.longest_wait_s:.1f} s, {dict(outcome.met)}",
                    *outcome.wrong,
                    sep="\n  ",
                )
                failed |= bool(outcome.wrong)
                rows.append(outcome.as_row())
            if rows:
                results[fault.name] = rows
                RESULTS.write_text(json.dumps(results, indent=1) + "\n")
                report.write(results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
