"""Injects each fault several times into a cluster: `./restaurant-qr faults`.

Results replace those of the same fault in `docs/reliability/fault-report.json`, and
`docs/reliability/fault-report.md` is regenerated.
"""

import json
import traceback
from contextlib import closing
from typing import Any

from restaurant_qr.progress import Progress
from tests.faults import report
from tests.faults.faults import FAULTS
from tests.faults.network import NotSupported
from tests.faults.trial_runner import TrialRunner


def run_trials(names: list[str], runs: int, progress: Progress) -> tuple[dict[str, Any], bool]:
    """The result rows of these faults, and whether any trial failed or violated a guarantee."""
    results = json.loads(report.RESULTS.read_text()) if report.RESULTS.exists() else {}
    results_of_run: dict[str, Any] = {}
    failed = False
    with closing(TrialRunner()) as runner:
        for number, name in enumerate(names):
            [fault] = [each for each in FAULTS if each.name == name]
            rows = []
            for run in range(1, runs + 1):
                progress.at(number * runs + run - 1, f"{name} {run}")
                try:
                    outcome = runner.run(fault)
                except NotSupported as error:
                    progress.say(f"{name}: not supported here: {error}")
                    break
                except Exception:
                    failed = True
                    progress.say(f"{name} {run}: failed:\n{traceback.format_exc()}")
                    continue
                row = f"{name} {run}: {outcome.longest_wait_s:.1f} s, {dict(outcome.client_errors)}"
                progress.say("\n  ".join([row, *outcome.violations]))
                failed |= bool(outcome.violations)
                rows.append(outcome.as_row() | {"machine": report.machine()})
            if rows:
                results[name] = results_of_run[name] = rows
                report.RESULTS.write_text(json.dumps(results, indent=1) + "\n")
                report.write(results)
    progress.at(len(names) * runs, "done")
    return results_of_run, failed
