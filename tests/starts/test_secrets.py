"""Errors at startup contain no secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.environment import ROOT
from tests.e2e.service import free_port

SECRET = "open-sesame-open-sesame-open-sesame"
WRONG = {
    "store unavailable": {"REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0"},
    "invalid store URL": {"REDIS_URL": f"nonsense://:{SECRET}@127.0.0.1:1/0"},
    "invalid setting": {"PLACEMENT": SECRET},
    "anonymous access on all addresses": {
        "HOST": "0.0.0.0",
        "AUTH_JWKS_URL": f"http://u:{SECRET}@host/",
    },
}


@pytest.mark.parametrize("why", WRONG)
def test_a_failed_start_prints_and_stores_no_secret(why: str, tmp_path: Path) -> None:
    given = {"AUTH_SECRET": SECRET, "DATA_DIR": str(tmp_path), "PORT": str(free_port())}
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))},
        **{f"RESTAURANT_QR_{name}": value for name, value in (given | WRONG[why]).items()},
    }
    done = subprocess.run(
        [sys.executable, "-m", "restaurant_qr", "run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout.strip()
    assert SECRET not in done.stdout
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_text(errors="replace")
