"""`serve run`, by import path and by `deployments.yaml`, as someone without make starts it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.environment import one_machine, serve_environment
from tests.e2e.service import ROOT, free_port, left_over

pytestmark = pytest.mark.e2e

READY_TIMEOUT_S = 90


@pytest.mark.parametrize("what", ["serve_app:app", "deployments.yaml"])
def test_serve_run_serves_and_ends(what: str, short_path: Path) -> None:
    port = 8000  # what Serve takes where nothing is said
    if what == "deployments.yaml":  # on a port of its own: others test on the one it names
        port = int(free_port())
        described = (ROOT / what).read_text().replace("port: 9000", f"port: {port}")
        described = described.replace("host: 0.0.0.0", "host: 127.0.0.1")
        what = str(short_path / what)
        Path(what).write_text(described)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))},
        **serve_environment(),
        **one_machine(short_path),
        "RAY_ADDRESS": "local",
        "RESTAURANT_QR_DATA_DIR": str(short_path),
        "RESTAURANT_QR_PLACEMENT": "shard",
    }
    serve = Path(sys.executable).with_name("serve")
    with open(short_path / "serve.log", "wb") as log:
        process = subprocess.Popen(
            [serve, "run", what], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        assert _answers(process, f"http://127.0.0.1:{port}/healthz"), (
            short_path / "serve.log"
        ).read_text()
        refused = httpx.get(f"http://127.0.0.1:{port}/api/orders/1")
        is_open = what == "serve_app:app"
        assert refused.json()["code"] == ("not_found" if is_open else "unauthenticated")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    deadline = time.monotonic() + 30
    while (left := left_over(short_path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Short, since the paths of HAProxy's sockets have 97 characters at most."""
    directory = Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def _answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    return False
