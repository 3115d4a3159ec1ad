"""`python -m load_tests`: one evening, headless, with a report; exit code 0 where all was right.

Against the application that answers at --url; where none does, against one of its own, which it
ends afterwards.
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from load_tests.service import HOST, ROOT, DidNotStart, Service, answers, free_port, own_service

LOCUSTFILE = "load_tests/locustfile.py"
REPORTS = Path(".data/load")
SPAWN_S = 5.0
"""Within which all users are there."""
STOP_TIMEOUT_S = 60.0


def main() -> int:
    wanted = _arguments()
    html = wanted.html or REPORTS / f"{time.strftime('%Y-%m-%d-%H%M%S')}.html"
    html.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        service = Service(wanted.url, wanted.data_dir)
        if not answers(service.url):
            print(f"Nothing answers at {service.url}: starting one ...", flush=True)
            try:
                service = stack.enter_context(own_service(wanted.placement))
            except DidNotStart as error:
                print(f"It did not start:\n{error}", file=sys.stderr)
                return 2
        code = _run(wanted, service, html)
    summary = html.with_suffix(".txt")
    if summary.exists():
        print(f"\n{summary.read_text()}")
    print(f"Report: {html}\nSummary: {summary}")
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load_tests", description=__doc__)
    parser.add_argument("--restaurants", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=2.0, help="that the evening takes")
    parser.add_argument("--users", type=int, default=60, help="staff and places for parties")
    parser.add_argument("--waiters", type=int, default=2, help="of each restaurant")
    parser.add_argument("--workers", type=int, default=0, help="Locust workers; 0: one process")
    parser.add_argument("--url", default=f"http://{HOST}:9000", help="of a running application")
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".data"), help="its data folder, for the key in it"
    )
    parser.add_argument("--placement", default="shard", help="of an application of its own")
    parser.add_argument("--html", type=Path, help=f"the report; default: in {REPORTS}")
    wanted = parser.parse_args()
    if wanted.workers:  # each worker has whole restaurants
        wanted.restaurants = math.ceil(wanted.restaurants / wanted.workers) * wanted.workers
    staff = wanted.restaurants * (2 + wanted.waiters)
    if wanted.users <= staff:
        parser.error(f"{wanted.restaurants} restaurants have {staff} staff: --users is more")
    return wanted


def _run(wanted: argparse.Namespace, service: Service, html: Path) -> int:
    """Locust's exit code."""
    key = ["--data-dir", str(service.data_dir.absolute())]
    port = str(free_port())
    main_process = [
        "--headless", "--only-summary", "--host", service.url, *key,
        "--users", str(wanted.users), "--spawn-rate", str(math.ceil(wanted.users / SPAWN_S)),
        "--restaurants", str(wanted.restaurants), "--waiters", str(wanted.waiters),
        "--evening-minutes", str(wanted.minutes),
        "--html", str(html), "--report-file", str(html.with_suffix(".txt")),
    ]  # fmt: skip
    if not wanted.workers:
        return _finish(_locust(*main_process))
    bind = ["--master-bind-host", HOST, "--master-bind-port", port]
    master = _locust(*main_process, "--master", *bind, "--expect-workers", str(wanted.workers))
    workers = [
        _locust("--worker", "--master-host", HOST, "--master-port", port, *key)
        for _ in range(wanted.workers)
    ]
    code = _finish(master)
    for worker in workers:
        try:
            worker.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            worker.kill()
    return code


def _locust(*arguments: str) -> "subprocess.Popen[bytes]":
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(ROOT / LOCUSTFILE), *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
    )


def _finish(process: "subprocess.Popen[bytes]") -> int:
    """Wait; a Ctrl-C reaches Locust too, which then sums up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
