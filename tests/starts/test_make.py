"""`make run`, ended by a signal to make alone, as a supervisor sends it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.service import ROOT, free_port, remaining_processes

pytestmark = pytest.mark.e2e

STOP_TIMEOUT_S = 90


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_make_alone_stops_the_whole_run(signum: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["make", "--old-file=.venv/run.stamp", "run"],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))},
            "RESTAURANT_QR_DATA_DIR": str(tmp_path),
            "RESTAURANT_QR_PLACEMENT": "shard",
            "RESTAURANT_QR_PORT": free_port(),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert any(line.startswith("Starting the application") for line in process.stdout)
        process.send_signal(signum)
        output = process.communicate(timeout=STOP_TIMEOUT_S)[0]
    finally:
        process.kill()
    assert process.returncode == -signum, output
    assert "Stopping ..." in output
    assert not remaining_processes(tmp_path)
