"""The configuration that `scripts/haproxy` hands to HAProxy, mended."""

import os
import shutil
import subprocess
from pathlib import Path

from scripts.environment import ROOT

UNTOLD = """\
backend default_backend
    http-request return status 404 content-type text/plain lf-string "not found"
backend http-restaurant-qr
    http-request return status 404 content-type text/plain lf-string "not found"
"""


def test_who_asks_too_early_is_told_to_ask_again(tmp_path: Path) -> None:
    """HAProxy runs before it has been told of the application: the path is not wrong."""
    config = tmp_path / "haproxy.cfg"
    config.write_text(UNTOLD)
    nothing = shutil.which("true")
    assert nothing is not None
    script = ROOT / "scripts" / "haproxy"
    subprocess.run([script, "-f", config], env={**os.environ, "HAPROXY": nothing}, check=True)
    early, own = (line for line in config.read_text().splitlines() if "http-request return" in line)
    assert "status 503 content-type application/json hdr Retry-After 1" in early
    assert r"\"code\":\"unavailable\"" in early
    assert "status 404" in own
