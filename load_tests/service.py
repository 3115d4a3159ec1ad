"""The application under test: a running one, or one started for the test."""

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
READY = "Press Ctrl-C"
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0


class DidNotStart(Exception):
    """Its output."""


@dataclass(frozen=True)
class Service:
    """Its URL, and the folder with its key."""

    url: str
    data_dir: Path


def answers(url: str) -> bool:
    """Whether an application responds at the URL."""
    with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=2) as reply:
        return bool(reply.status == 200)
    return False


@contextmanager
def own_service(placement: str) -> Iterator[Service]:
    """Start an application on a free port with an empty store; stop it with SIGINT."""
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
        [sys.executable, "-m", "restaurant_qr", "run"],
        cwd=ROOT,
        env=given | {f"RESTAURANT_QR_{name}": value for name, value in settings.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a Ctrl-C must end the test first
    )


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Wait until it reports readiness; later output is ignored."""
    output: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not ready.is_set():
                output.append(line)
            if line.startswith(READY):
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready.wait(0.2):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart("".join(output))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
