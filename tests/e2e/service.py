"""The application as a user starts it: `python -m scripts.run` in a process of its own."""

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

from actors.announced import NAMESPACE
from protocol.caller import Role
from scripts.issue_token import token_for
from serve_app import Settings
from tests.clients import Socket
from tests.storage.servers import free_ports

ROOT = Path(__file__).resolve().parents[2]
PORT = 9000
LAST_BREATH_S = 10
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
        """The process ids of this service's gateways, and of no other on this machine."""
        ours = f"RESTAURANT_QR_DATA_DIR={self.data_dir}\0"
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_text(errors="replace")
                if command.startswith("ray::ServeReplica:"):
                    environment = (process / "environ").read_text(errors="replace")
                    found += [int(process.name)] if ours in environment else []
            except OSError:  # it has ended meanwhile
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
def started(data_dir: Path, **environment: str) -> Iterator[Service]:
    """Start, hand over when it says that it is ready, and end it as Ctrl-C does."""
    process = launch(data_dir, **environment)
    assert process.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + START_TIMEOUT_S
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C ends it") or time.monotonic() > deadline:
            break
    output = "".join(lines)
    found = re.search(r"--address (http://\S+)", output)
    if found is None:
        process.kill()
        raise AssertionError(f"it did not start:\n{output}")
    try:
        url = f"127.0.0.1:{environment.get('PORT', PORT)}"
        yield Service(process, data_dir, found[1], output, url)
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    left = left_at_last(data_dir)
    assert not left, f"processes were left: {left}"


def launch(
    data_dir: Path, *arguments: str, enter: Sequence[str] = (), **environment: str
) -> "subprocess.Popen[str]":
    """The launcher, with settings as the upper-case names of their variables, and Ray's as they
    are. `enter` is the command that leads to the network it is to run in."""
    settings = {
        name if name.startswith("RAY_") else f"RESTAURANT_QR_{name}": value
        for name, value in environment.items()
    }
    return subprocess.Popen(
        [*enter, sys.executable, "-m", "scripts.run", *arguments],
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


def left_at_last(data_dir: Path) -> list[str]:
    """Processes of a run that outlive it for longer than helpers of Ray's dashboard may."""
    deadline = time.monotonic() + LAST_BREATH_S
    while (left := left_over(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)  # they end when they see that the dashboard has
    return left


def left_over(data_dir: Path) -> list[str]:
    """Processes that carry the environment of a run although it has ended."""
    left = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"RESTAURANT_QR_DATA_DIR={data_dir}\0" in environ.read_text(errors="replace")
            command = environ.with_name("cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if mine and command:
            left.append(command[:80])
    return left


def free_port() -> str:
    return str(*free_ports(1))
