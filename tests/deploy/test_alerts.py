"""The alert rules, by Prometheus's own tests of rules where its tool is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).with_name("alerts.yaml")


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool comes with Prometheus, not with this project"
)
def test_what_happens_once_is_an_alert() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
