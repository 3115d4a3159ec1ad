"""The environment that Ray, Serve and HAProxy read as they start: `serve.env`, and a place to be.

Only names and numbers; nothing is started here, and Ray must not be imported.
"""

import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
SERVE_ENV = Path(__file__).with_name("serve.env")

_SERVERS = range(20_000, 30_000)
_PORTS = (
    "RAY_SERVE_HAPROXY_STATS_PORT",
    "RAY_SERVE_HAPROXY_METRICS_PORT",
    "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT",
    "AUTOSCALER_METRIC_PORT",
    "DASHBOARD_METRIC_PORT",
)
_ONE_MACHINE = {
    # Ray's own processes talk over loopback, as on macOS. Ports that Serve opens in a replica are
    # not bound to it: docs/security.md says who may reach them.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # No other node has to be told that the way in closes.
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "0",
}
_FILES = {
    "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": "haproxy.cfg",
    "RAY_SERVE_HAPROXY_SOCKET_PATH": "admin.sock",
    "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": "",
    "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": "server-state",
    "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": "metrics.sock",
}


def serve_environment() -> dict[str, str]:
    """The lines of `serve.env`."""
    return dict(_lines(Template(SERVE_ENV.read_text()).substitute(PWD=ROOT)))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def one_machine(directory: Path) -> dict[str, str]:
    """What a cluster of this machine alone adds: files in `directory` and ports of its own.

    Several of them get along. Without HAProxy (Ray has it for Linux only) Serve's own proxy serves.
    """
    own = {name: str(free_port()) for name in _PORTS}
    own |= {name: str(directory / file) for name, file in _FILES.items()}
    if sys.platform != "linux" and shutil.which("haproxy") is None:
        own["RAY_SERVE_ENABLE_HA_PROXY"] = "0"
    return _ONE_MACHINE | own


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nothing listens on, below those that outgoing connections are given: one of those
    may be taken before a server that is told of it gets to listen."""
    while True:
        port = secrets.choice(_SERVERS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
