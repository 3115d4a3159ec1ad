"""Environment variables and free ports for Ray and Serve.

Starts nothing and does not import Ray.
"""

import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
SERVE_ENV = Path(__file__).with_name("serve.env")

_SERVERS = range(20_000, 30_000)
_PORTS = ("AUTOSCALER_METRIC_PORT", "DASHBOARD_METRIC_PORT")
_ONE_MACHINE = {
    # Ray's processes communicate over loopback, as on macOS.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}

_ENTITY = {
    # Each new entity's actor needs a worker that has imported its code. Only for this placement,
    # because the processes of Serve and of the store import it, too.
    "RAY_preload_python_modules": "actors.preloaded",
}


def serve_environment() -> dict[str, str]:
    """The variables of `serve.env`."""
    return dict(_lines(Template(SERVE_ENV.read_text()).substitute(PWD=ROOT)))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def one_machine(placement: str = "") -> dict[str, str]:
    """Variables of a single-machine cluster, with its own ports so that several can run."""
    ports = {name: str(free_port()) for name in _PORTS}
    return _ONE_MACHINE | ports | (_ENTITY if placement == "entity" else {})


def free_port() -> int:
    """A port without a listener. It is below the ephemeral range, from which an outgoing connection
    could take it before a server listens."""
    while True:
        port = secrets.choice(_SERVERS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
