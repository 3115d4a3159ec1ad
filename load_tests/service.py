"""The application that a load test runs against: one that runs already, or one of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY = "Ctrl-C ends it"
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0


class DidNotStart(Exception):
    """What it said instead."""


@dataclass(frozen=True)
class Service:
    """Where it is, and the folder that has its key."""

    url: str
    data_dir: Path


def answers(url: str) -> bool:
    """Whether an application is there."""
    with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


@contextmanager
def own_service(placement: str) -> Iterator[Service]:
    """Start one on a free port with nothing stored; end it as Ctrl-C does."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="rq-load-") as data_dir:
        process = _launch(placement, port, data_dir)
        try:
            _wait_until_ready(process)
            yield Service(f"http://{HOST}:{port}", Path(data_dir))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _launch(placement: str, port: int, data_dir: str) -> "subprocess.Popen[str]":
    settings = {"PLACEMENT": placement, "PORT": str(port), "DATA_DIR": data_dir}
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RAY_", "RESTAURANT_QR_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=given | {f"RESTAURANT_QR_{name}": value for name, value in settings.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a Ctrl-C ends the test first, then this
    )


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Until it says so; what it says later is of no interest."""
    said: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not ready.is_set():
                said.append(line)
            if line.startswith(READY):
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready.wait(0.2):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart("".join(said))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
