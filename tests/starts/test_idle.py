"""`make run` starts only the Ray processes that it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.service import commands, free_port, launch, running_service

pytestmark = pytest.mark.e2e

UNUSED = ("monitor.py", "log_monitor.py")


def test_the_dashboard_works_without_rays_monitors(tmp_path: Path) -> None:
    with running_service(tmp_path, PLACEMENT="shard", PORT=free_port()) as service:
        assert not _running(tmp_path, UNUSED)
        assert _running(tmp_path, ("dashboard.py",))
        serve = Path(sys.executable).with_name("serve")
        shown = subprocess.run(
            [serve, "status", "--address", service.dashboard],
            env={**os.environ, "RAY_AUTH_MODE": "token"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert "status: RUNNING" in shown


def test_run_without_the_dashboard_serves_with_the_given_placement(tmp_path: Path) -> None:
    process = launch(tmp_path, "--no-dashboard", "--placement", "shard", PORT=free_port())
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Press Ctrl-C"):
                break
        output = "".join(lines)
        assert "Restaurant QR is ready" in output, output
        assert "placement     shard" in output
        assert "ray list actors" not in output
        assert not _running(tmp_path, (*UNUSED, "dashboard.py"))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _running(data_dir: Path, programs: tuple[str, ...]) -> list[str]:
    return [
        command
        for command in commands(data_dir)
        if any(f"/{program}" in command for program in programs)
    ]
