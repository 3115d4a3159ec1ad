"""One Ray node of a test cluster: a raylet with its own ports, folder and environment.

Every process of a node carries the node's mark, so that the node can be killed or stopped as a
whole.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from load_tests.bench.usage import MARK, marked
from scripts.environment import ROOT, one_machine, serve_environment
from tests.faults.network import LOOPBACK, NetworkNamespace
from tests.storage.servers import free_ports

RAY = Path(sys.executable).with_name("ray")
OBJECT_STORE_BYTES = 100 * 1024 * 1024
END_TIMEOUT_S = 30.0


@dataclass
class Node:
    """A node that can be started, paused and killed."""

    name: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    http_port: int
    namespace: NetworkNamespace = LOOPBACK
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    directory: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp"))
    )
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start `ray start --block`; does not wait for readiness."""
        ports = free_ports(6)
        names = (
            "node-manager-port", "object-manager-port", "dashboard-agent-listen-port",
            "dashboard-agent-grpc-port", "runtime-env-agent-port", "metrics-export-port",
        )  # fmt: skip
        own = [
            word for name, port in zip(names, ports, strict=True) for word in (f"--{name}", port)
        ]
        with open(self.directory / "ray-start.log", "ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.namespace.enter, str(RAY), "start", "--block", "--disable-usage-stats",
                    "--node-ip-address", self.namespace.address,
                    "--temp-dir", str(self.directory / "ray"),
                    "--object-store-memory", str(OBJECT_STORE_BYTES),
                    *map(str, own), *self.arguments,
                ],
                cwd=ROOT,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip

    @property
    def url(self) -> str:
        """The URL of its gateway."""
        return f"http://{self.namespace.address}:{self.http_port}"

    def variables(self) -> dict[str, str]:
        """The environment of the node's processes."""
        variables = one_machine()
        del variables["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"]  # allows only a cluster of one node
        return {
            **_clean_environment(),
            **variables,
            **serve_environment(),
            **self.environment,
            MARK: self.mark,
        }

    def processes(self) -> set[int]:
        return marked(self.mark)

    def signal_all(self, number: signal.Signals) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill all of its processes, including those started meanwhile."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while self.processes():
            self.signal_all(signal.SIGKILL)
            if self.process is not None:
                self.process.poll()
            assert time.monotonic() < deadline, f"{self.name} does not end"
            time.sleep(0.05)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def _clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))}
