"""What runs the tests that are written in JavaScript, `web/*.test.mjs`, and tools beside them."""

import os
import shutil
import subprocess
from pathlib import Path

from protocol.caller import Role
from tests.e2e.service import Service

HERE = Path(__file__).parent
TESTS = HERE / "web"
PATIENCE_S = 280
"""Less than pytest's `faulthandler_timeout`, which would end the whole worker."""


def run(
    *command: str | Path,
    service: Service | None = None,
    cwd: Path = HERE,
    timeout_s: float = PATIENCE_S,
) -> str:
    """What it prints; all of it, if it fails."""
    environment = os.environ | {"CHROMIUM": shutil.which("chromium") or ""}
    if service is not None:
        environment |= {
            "RESTAURANT_QR_TEST_URL": f"http://{service.url}",
            "RESTAURANT_QR_TEST_TOKEN": service.token(Role.ADMIN),
            "RESTAURANT_QR_TEST_DATA": str(service.data_dir),
        }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def run_tests(
    service: Service | None, *names: str, only: str = "", timeout_s: float = PATIENCE_S
) -> None:
    """Run these files; `only` the tests whose names match it."""
    files = (TESTS / f"{name}.test.mjs" for name in names)
    options = ["--test-concurrency=4", *([f"--test-name-pattern={only}"] if only else [])]
    run("node", "--test", *options, *files, service=service, timeout_s=timeout_s)
