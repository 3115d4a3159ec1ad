"""`serve run` without make, by import path and by `deployments.yaml`."""

import json
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
from websockets.sync.client import connect

from scripts.environment import one_machine, serve_environment
from tests.e2e.service import ROOT, free_port, processes_of_run

pytestmark = pytest.mark.e2e

READY_TIMEOUT_S = 90
PROXY_PORT = 8000
"""Default port of Serve's proxy."""


@pytest.mark.parametrize("what", ["serve_app:app", "deployments.yaml"])
def test_serve_run_serves_until_it_is_interrupted(what: str, short_path: Path) -> None:
    port = int(free_port())
    is_described = what == "deployments.yaml"
    if is_described:
        described = (ROOT / what).read_text().replace("port: 9000", f"port: {port}")
        described = described.replace("host: 0.0.0.0", "host: 127.0.0.1")
        what = str(short_path / what)
        Path(what).write_text(described)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))},
        **serve_environment(),
        **one_machine(),
        "RAY_ADDRESS": "local",
        "RESTAURANT_QR_DATA_DIR": str(short_path),
        "RESTAURANT_QR_PLACEMENT": "shard",
        "RESTAURANT_QR_PORT": str(port),
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
        # By import path, Serve's own proxy serves, too.
        for each in (port,) if is_described else (port, PROXY_PORT):
            assert _answers(process, f"http://127.0.0.1:{each}/healthz")
            refused = httpx.get(f"http://127.0.0.1:{each}/api/orders/1")
            assert refused.json()["code"] == ("unauthenticated" if is_described else "not_found")
            if not is_described:
                with connect(f"ws://127.0.0.1:{each}/ws/orders/1/") as socket:
                    assert json.loads(socket.recv())["code"] == "not_found"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    deadline = time.monotonic() + 30
    while (left := processes_of_run(short_path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short path, as Unix sockets need."""
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
