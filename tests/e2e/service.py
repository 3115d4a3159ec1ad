"""The application as a user starts it, with `restaurant-qr run`."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from actors.cluster_config import NAMESPACE
from protocol.caller import Role
from scripts.issue_token import token_for
from service_settings import Settings
from tests.clients import Socket
from tests.storage.servers import free_ports

ROOT = Path(__file__).resolve().parents[2]
PORT = 9000
EXIT_TIMEOUT_S = 10
START_TIMEOUT_S = 180


@dataclass
class Service:
    """A running application."""

    process: subprocess.Popen[str]
    data_dir: Path
    dashboard: str
    welcome: str
    url: str

    def token(self, role: Role, **ids: int) -> str:
        claims: dict[str, Any] = dict(ids)
        return token_for(Settings(data_dir=self.data_dir), role, **claims)

    @asynccontextmanager
    async def http(self, role: Role = Role.ADMIN, **ids: int) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {self.token(role, **ids)}"}
        base = f"http://{self.url}/api"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
            yield client

    @asynccontextmanager
    async def socket(
        self, path: str, role: Role | None = None, **ids: int
    ) -> AsyncIterator[Socket]:
        protocols: Any = None if role is None else ["bearer", self.token(role, **ids)]
        async with connect(f"ws://{self.url}/ws/{path}", subprotocols=protocols) as raw:
            yield Socket(raw)

    async def actors(self) -> dict[str, tuple[str, int]]:
        """Name -> class and process id of every live actor, as `ray list actors` shows them."""
        ray = Path(sys.executable).with_name("ray")
        listing = await asyncio.create_subprocess_exec(
            ray, "list", "actors", "--address", self.dashboard, "--format", "json", "--detail",
            "--filter", "state=ALIVE", "--limit", "1000", stdout=subprocess.PIPE,
            env={**os.environ, "RAY_AUTH_MODE": "token"},
        )  # fmt: skip
        states = json.loads((await listing.communicate())[0])
        return {
            state["name"]: (state["class_name"], state["pid"])
            for state in states
            if state["ray_namespace"] == NAMESPACE and state["name"]
        }

    def gateways(self) -> list[int]:
        """Process ids of this service's gateways."""
        variable = f"RESTAURANT_QR_DATA_DIR={self.data_dir}\0"
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_text(errors="replace")
                if command.startswith("ray::ServeReplica:"):
                    environment = (process / "environ").read_text(errors="replace")
                    found += [int(process.name)] if variable in environment else []
            except OSError:  # the process has ended
                continue
        return found

    async def free_table(self) -> tuple[int, int]:
        """A new table of restaurant 2 and a waiter for it."""
        async with self.http() as http:
            waiter = (await http.post("/restaurants/2/waiters", json={"name": "Ada"})).json()
            table = await http.post(
                "/restaurants/2/tables",
                json={
                    "number": f"Z{waiter['waiter_id']}",
                    "zone": "Z",
                    "seats": 4,
                    "waiter_id": waiter["waiter_id"],
                },
            )
            return table.json()["table_id"], waiter["waiter_id"]


@contextmanager
def running_service(data_dir: Path, **environment: str) -> Iterator[Service]:
    """Start a service, wait until it is ready, and end it as Ctrl-C does."""
    process = launch(data_dir, **environment)
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + START_TIMEOUT_S
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Press Ctrl-C") or time.monotonic() > deadline:
            break
    output = "".join(lines)
    found = re.search(r"--address (http://\S+)", output)
    if found is None:
        process.kill()
        raise AssertionError(f"the service did not start:\n{output}")
    try:
        url = f"127.0.0.1:{environment.get('PORT', PORT)}"
        yield Service(process, data_dir, found[1], output, url)
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    left = remaining_processes(data_dir)
    assert not left, f"processes still run: {left}"


def launch(
    data_dir: Path, *arguments: str, enter: Sequence[str] = (), **environment: str
) -> "subprocess.Popen[str]":
    """Start the launcher, with settings named as their variables without the prefix, and Ray's own
    variables. `enter` is a command prefix, such as one that enters a network namespace."""
    settings = {
        name if name.startswith("RAY_") else f"RESTAURANT_QR_{name}": value
        for name, value in environment.items()
    }
    return subprocess.Popen(
        [*enter, sys.executable, "-m", "restaurant_qr", "run", *arguments],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "RESTAURANT_QR_"))},
            "RESTAURANT_QR_DATA_DIR": str(data_dir),
            **settings,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def remaining_processes(data_dir: Path) -> list[str]:
    """Processes of a run that still run `EXIT_TIMEOUT_S` after it has ended."""
    deadline = time.monotonic() + EXIT_TIMEOUT_S
    while (left := processes_of_run(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)  # helpers of Ray's dashboard end after it
    return left


def processes_of_run(data_dir: Path) -> list[str]:
    """Processes with the environment of a run."""
    return [command[:80] for command in commands(data_dir)]


def commands(data_dir: Path) -> list[str]:
    """Command lines of all processes with the environment of a run."""
    return list(processes(data_dir).values())


def processes(data_dir: Path) -> dict[int, str]:
    """All processes with the environment of a run: their ids and command lines."""
    found = {}
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            is_of_run = f"RESTAURANT_QR_DATA_DIR={data_dir}\0" in environ.read_text(
                errors="replace"
            )
            command = environ.with_name("cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if is_of_run and command:
            found[int(environ.parent.name)] = command
    return found


def free_port() -> str:
    return str(*free_ports(1))
