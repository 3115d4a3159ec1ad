"""Runs the JavaScript tests, `web/*.test.mjs`, and other commands of Node."""

import os
import shutil
import subprocess
from pathlib import Path

from protocol.caller import Role
from tests.e2e.service import Service

HERE = Path(__file__).parent
TESTS = HERE / "web"
TIMEOUT_S = 280
"""Less than pytest's `faulthandler_timeout`, which ends the whole worker."""


def run(
    *command: str | Path,
    service: Service | None = None,
    cwd: Path = HERE,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Output of a command; raises AssertionError with it if the command fails."""
    environment = os.environ | {"CHROMIUM": shutil.which("chromium") or ""}
    if service is not None:
        environment |= {
            "RESTAURANT_QR_TEST_URL": f"http://{service.url}",
            "RESTAURANT_QR_TEST_TOKEN": service.token(Role.ADMIN),
            "RESTAURANT_QR_TEST_DATA": str(service.data_dir),
        }
    result = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def run_tests(
    service: Service | None, *names: str, only: str = "", timeout_s: float = TIMEOUT_S
) -> None:
    """Run `web/{name}.test.mjs` of each name; with `only`, just the tests whose names match it."""
    files = (TESTS / f"{name}.test.mjs" for name in names)
    options = ["--test-concurrency=4", *([f"--test-name-pattern={only}"] if only else [])]
    run("node", "--test", *options, *files, service=service, timeout_s=timeout_s)
