"""The configuration that `scripts/haproxy` hands to HAProxy, mended."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

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


RAYS = """\
defaults
    mode http
    timeout http-request 60s
    option httplog
    option splice-request
frontend prometheus
    bind :9101
frontend http_frontend
    bind 0.0.0.0:9000
    acl healthcheck path -i /-/healthz
listen stats
    bind *:8404
"""


@pytest.mark.parametrize(("head_s", "taken"), [("", 10), ("3", 3), ("3s; x", 10), ("0", 10)])
def test_clients_are_named_hurried_and_not_compressed(
    head_s: str, taken: int, tmp_path: Path
) -> None:
    config = tmp_path / "haproxy.cfg"
    config.write_text(RAYS)
    nothing = shutil.which("true")
    assert nothing is not None
    script = ROOT / "scripts" / "haproxy"
    environment = {**os.environ, "HAPROXY": nothing, "RESTAURANT_QR_HEAD_S": head_s}
    subprocess.run([script, "-f", config], env=environment, check=True)
    lines = [line.strip() for line in config.read_text().splitlines()]
    assert lines == [
        "defaults", "mode http",
        "option forwardfor", f"timeout http-request {taken}s", "option httplog",
        "frontend prometheus", "bind 127.0.0.1:9101",
        "frontend http_frontend", "bind 0.0.0.0:9000",
        "http-request del-header sec-websocket-extensions",
        "acl healthcheck path -i /-/healthz",
        "listen stats", "bind 127.0.0.1:8404",
    ]  # fmt: skip


def test_haproxy_listens_on_loopback_and_the_address_for_phones(tmp_path: Path) -> None:
    config = tmp_path / "haproxy.cfg"
    config.write_text(RAYS.replace("0.0.0.0:9000", "127.0.0.1:9000"))
    nothing = shutil.which("true")
    assert nothing is not None
    script = ROOT / "scripts" / "haproxy"
    environment = {**os.environ, "HAPROXY": nothing, "RESTAURANT_QR_ALSO_BIND": "192.168.1.20"}
    subprocess.run([script, "-f", config], env=environment, check=True)
    lines = [line.strip() for line in config.read_text().splitlines()]
    at = lines.index("frontend http_frontend")
    assert lines[at + 1 : at + 3] == ["bind 127.0.0.1:9000", "bind 192.168.1.20:9000"]
    assert sum(line.startswith("bind") for line in lines) == 4
