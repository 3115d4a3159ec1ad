"""Runs a load test without Locust's page and writes a report: `./restaurant-qr load`.

Uses the application at `url`; if there is none, starts one and stops it afterwards.
"""

import math
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from load_tests.service import HOST, ROOT, Service, answers, free_port, own_service
from restaurant_qr.progress import Progress

if find_spec("locust") is None:  # run as a program, since importing it would patch this process
    raise ModuleNotFoundError("No module named 'locust'", name="locust")

LOCUSTFILE = "load_tests/locustfile.py"
REPORTS = Path(".data/load")
SPAWN_S = 5.0
"""Seconds within which all users are started."""
STOP_TIMEOUT_S = 60.0
PROGRESS_S = 1.0


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of `./restaurant-qr load`."""

    restaurants: int
    minutes: float
    users: int
    waiters: int
    workers: int
    url: str
    data_dir: Path
    placement: str
    html: Path | None

    @property
    def staff(self) -> int:
        return self.restaurants * (2 + self.waiters)


def with_whole_restaurants(options: LoadOptions) -> LoadOptions:
    """The options with restaurants rounded up to a multiple of the workers."""
    if not options.workers:
        return options
    share = math.ceil(options.restaurants / options.workers)
    return replace(options, restaurants=share * options.workers)


def run_load_test(options: LoadOptions, progress: Progress) -> tuple[int, Path]:
    """Locust's exit code, and the report; the summary is beside it. Raises DidNotStart."""
    html = options.html or REPORTS / f"{time.strftime('%Y-%m-%d-%H%M%S')}.html"
    html.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        service = Service(options.url, options.data_dir)
        if not answers(service.url):
            progress.say(f"Nothing answers at {service.url}: starting one ...")
            service = stack.enter_context(own_service(options.placement))
        return _run(options, service, html, progress), html


def _run(options: LoadOptions, service: Service, html: Path, progress: Progress) -> int:
    """Locust's exit code."""
    key = ["--data-dir", str(service.data_dir.absolute())]
    port = str(free_port())
    main_process = [
        "--headless", "--only-summary", "--host", service.url, *key,
        "--users", str(options.users), "--spawn-rate", str(math.ceil(options.users / SPAWN_S)),
        "--restaurants", str(options.restaurants), "--waiters", str(options.waiters),
        "--minutes", str(options.minutes),
        "--html", str(html), "--report-file", str(html.with_suffix(".txt")),
    ]  # fmt: skip
    if not options.workers:
        return _finish(_locust(*main_process), progress)
    bind = ["--master-bind-host", HOST, "--master-bind-port", port]
    master = _locust(*main_process, "--master", *bind, "--expect-workers", str(options.workers))
    workers = [
        _locust("--worker", "--master-host", HOST, "--master-port", port, *key)
        for _ in range(options.workers)
    ]
    code = _finish(master, progress)
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
        stdout=sys.stderr,  # its summary table is also in the report, and stdout is for the summary
    )


def _finish(process: "subprocess.Popen[bytes]", progress: Progress) -> int:
    """Wait; a Ctrl-C also reaches Locust, which then prints its summary."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    began = time.monotonic()
    try:
        while True:
            progress.at(time.monotonic() - began, "running")
            with suppress(subprocess.TimeoutExpired):
                return process.wait(PROGRESS_S)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
