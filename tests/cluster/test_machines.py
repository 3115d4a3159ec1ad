"""The systemd units and commands of `docs/operations/deploy-machines.md` on two nodes."""

import re
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml
from websockets.asyncio.client import connect

from scripts.environment import ROOT, one_machine
from tests.clients import Socket
from tests.cluster.units import MACHINES, NODES_ENV, PATH, Unit, environment
from tests.eventually import eventually
from tests.storage.servers import free_ports, valkey

pytestmark = pytest.mark.cluster

HOST = "127.0.0.1"
SECRET = secrets.token_urlsafe(32)
HEAD, NODE = "restaurant-qr-head.service", "restaurant-qr-node.service"
READY_TIMEOUT_S = 120.0
UNAUTHENTICATED = 4401
OBJECT_STORE_BYTES = 100 * 1024 * 1024
_OWN = (
    "node-manager-port", "object-manager-port", "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port", "runtime-env-agent-port", "metrics-export-port",
)  # fmt: skip


@dataclass
class Machines:
    """A head and a node with the gateway."""

    head: Unit
    node: Unit
    port: int
    """Port of the gateway."""
    metrics: str
    """URL of the node's metrics."""
    first_token: str

    def http(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.first_token}"}
        return httpx.AsyncClient(base_url=f"http://{HOST}:{self.port}/api", headers=headers)

    def socket(self, path: str, token: str) -> connect:
        protocols: Any = ["bearer", token]
        return connect(f"ws://{HOST}:{self.port}/ws/{path}", subprotocols=protocols)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    directory: Path = tmp_path_factory.mktemp("machines")
    store, gcs, dashboard, client, port, *own = free_ports(5 + 2 * len(_OWN))
    password = secrets.token_hex(16)
    nodes_env = directory / "nodes.env"
    _fill(
        nodes_env,
        RAY_HEAD=f"{HOST}:{gcs}",
        RAY_AUTH_TOKEN=secrets.token_hex(32),
        RAY_REDIS_ADDRESS=f"{HOST}:{store}",
        RAY_REDIS_PASSWORD=password,
        RESTAURANT_QR_REDIS_URL=f"redis://:{password}@{HOST}:{store}/1",
        RESTAURANT_QR_TOKEN_KEYS=SECRET,
        RESTAURANT_QR_CODE_KEYS=SECRET[::-1],
    )
    of_head, of_node = own[: len(_OWN)], own[len(_OWN) :]
    head = _unit(
        HEAD, nodes_env, of_head,
        f"--port={gcs}", f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}",
    )  # fmt: skip
    node = _unit(NODE, nodes_env, of_node, "--num-cpus=2")
    with ExitStack() as running:
        running.enter_context(valkey(directory / "store", store, "--save", ""))
        with redis.Redis(port=store) as admin:
            admin.config_set("requirepass", password)
        for unit in (head, node):
            running.callback(unit.remove)
        head.start()
        _wait(lambda: _listens(gcs), head)
        node.start()
        _wait(lambda: _listens(dashboard), head)
        first_token = _deploy(directory, nodes_env, port, dashboard)
        _wait(lambda: _answers(port), node)
        yield Machines(head, node, port, f"http://{HOST}:{of_node[-1]}/metrics", first_token)


def _unit(name: str, nodes_env: Path, own: list[int], *options: str) -> Unit:
    """A unit with its own ports and folder, on loopback."""
    ports = (f"--{name}={port}" for name, port in zip(_OWN, own, strict=True))
    unit = Unit(name, nodes_env, (*ports, *options), {})
    unit.options += (
        f"--node-ip-address={HOST}",
        f"--temp-dir={unit.home / 'ray'}",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
    )
    variables = one_machine()
    del variables["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"]  # allows only a cluster of one node
    unit.extra = variables
    return unit


def _fill(nodes_env: Path, **values: str) -> None:
    """Fill in the template; the values must be all of its variables."""
    template = (MACHINES / "nodes.env.example").read_text()
    assert environment(MACHINES / "nodes.env.example") == dict.fromkeys(values, "")
    nodes_env.write_text(
        re.sub(r"^(\w+)=$", lambda m: f"{m[0]}{values[m[1]]}", template, flags=re.M)
    )


def _deploy(directory: Path, nodes_env: Path, port: int, dashboard: int) -> str:
    """Run the page's commands; returns the token that the last one prints."""
    described = yaml.safe_load((ROOT / "deployments.yaml").read_text())
    (application,) = described["applications"]
    application["args"]["port"] = port
    (gateway,) = application["deployments"]
    gateway["autoscaling_config"]["min_replicas"] = 1
    file = directory / "deployments.yaml"
    file.write_text(yaml.safe_dump(described))
    page = (ROOT / "docs" / "operations" / "deploy-machines.md").read_text()
    (commands,) = re.findall(
        r"^ *```sh\n((?:(?!```).)*serve deploy deployments\.yaml\n.*?)```", page, re.M | re.S
    )
    commands = commands.replace(NODES_ENV, str(nodes_env)).replace("deployments.yaml", str(file))
    commands = commands.replace("cd /opt/restaurant-qr", f"cd {ROOT}")
    output = subprocess.run(
        ["/bin/sh", "-e", "-c", commands],
        cwd=ROOT,
        env={
            "PATH": PATH,
            "HOME": str(directory),
            "RAY_DASHBOARD_ADDRESS": f"http://{HOST}:{dashboard}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert output.returncode == 0, output.stdout + output.stderr
    return output.stdout.split()[-1]


async def test_the_units_start_a_cluster_that_requires_a_token(machines: Machines) -> None:
    async with machines.http() as http:
        described = {"name": "No. 1", "currency": "EUR", "timezone": "Europe/Rome"}
        created = (await http.post("/restaurants", json=described)).json()
    path = f"restaurants/{created['restaurant_id']}/"
    async with machines.socket(path, machines.first_token) as raw:
        assert (await Socket(raw).next())["data"]["name"] == "No. 1"
    async with machines.socket(path, "invalid") as raw:
        assert await Socket(raw).closed() == UNAUTHENTICATED


async def test_a_node_exports_its_metrics_at_the_port_of_its_unit(machines: Machines) -> None:
    """tests/deploy checks that this is 8080 on a machine of its own."""
    async with httpx.AsyncClient() as http:

        async def has_metrics() -> bool:
            with suppress(httpx.TimeoutException):  # its agent is busy
                return "ray_restaurant_qr_" in (await http.get(machines.metrics)).text
            return False

        assert await eventually(has_metrics, READY_TIMEOUT_S, period_s=0.5)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _wait(check: Callable[[], bool], unit: Unit) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not check():
        assert time.monotonic() < deadline, unit.journal()
        time.sleep(0.2)
