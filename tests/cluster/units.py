"""Systemd units, started as systemd does: with their own command, environment and folder.

Reads only the syntax that the units of this project use; anything else fails.
"""

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from configparser import RawConfigParser
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from load_tests.bench.usage import MARK, marked
from scripts.environment import ROOT

MACHINES = ROOT / "deploy" / "machines"
INSTALLED = "/opt/restaurant-qr"
NODES_ENV = "/etc/restaurant-qr/nodes.env"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH of a systemd service; nothing else of the tests' environment is passed on."""
END_TIMEOUT_S = 30.0
SANDBOX = """
umask 077
mount --make-rprivate /
for path in $WRITABLE; do mount --bind "$path" "$path"; done
mount -o remount,bind,ro /
exec setpriv --no-new-privs --bounding-set -all "$@"
"""
"""Script for the part of a sandbox that needs no systemd: read-only files, no privileges."""


@dataclass
class Unit:
    """A service of `deploy/machines` that runs this checkout.

    `options` are added to its command and `extra` to its environment, as several nodes on one
    machine need.
    """

    name: str
    nodes_env: Path
    options: tuple[str, ...]
    extra: Mapping[str, str]
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rq-", dir="/tmp")))
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start its command; does not wait for readiness."""
        service = read(self.name)
        assert service["WorkingDirectory"] == INSTALLED
        assert service["EnvironmentFile"] == NODES_ENV
        *shell, script = words(service["ExecStart"])
        with open(self.home / "journal", "ab") as journal:
            self.process = subprocess.Popen(
                [*sandbox(service), *shell, f"{script} {shlex.join(self.options)}"],
                cwd=ROOT,
                env={
                    "PATH": PATH,
                    "HOME": "/",
                    "WRITABLE": service["ReadWritePaths"],
                    **environment(self.nodes_env),
                    **self.extra,
                    MARK: self.mark,
                },
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=journal,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill all of its processes, including those started meanwhile."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while pids := marked(self.mark):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.process is not None:
                self.process.poll()
            assert time.monotonic() < deadline, f"{self.name} does not end"
            time.sleep(0.05)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def journal(self) -> str:
        return (self.home / "journal").read_text()


def sandbox(service: Mapping[str, str]) -> list[str]:
    """Command prefix that applies the unit's sandbox; empty if this machine cannot."""
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    try:
        subprocess.run([*unshare, "mount", "--make-rprivate", "/"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [*unshare, "sh", "-ec", SANDBOX, "sandbox"]


def read(name: str) -> Mapping[str, str]:
    """The service section of a unit."""
    unit = RawConfigParser(delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keep the case of names
    unit.read(MACHINES / name)
    return unit["Service"]


def words(command: str) -> list[str]:
    """Words of a command line, unquoted, with `$` for `$$`."""
    rest = command.replace("$$", "")
    assert not any(sign in rest for sign in "$%\\"), f"syntax that this test cannot read: {command}"
    return [word.replace("$$", "$") for word in shlex.split(command)]


def environment(file: Path) -> dict[str, str]:
    """Variables of an EnvironmentFile, whose values have no quotes."""
    lines = file.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
