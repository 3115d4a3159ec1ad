"""A cluster of four nodes with the application: a head and three workers.

Deployed as in production: `serve deploy` with `deployments.yaml`, and an external store. The head
has no CPUs, so gateways run on the workers.
"""

import json
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from actors.cluster_config import NAMESPACE
from load_tests.bench.servers import SECRET
from scripts.environment import ROOT
from tests.faults.network import LOOPBACK, Network, NetworkNamespace
from tests.faults.node import RAY, Node
from tests.faults.valkey import Valkey
from tests.storage.servers import free_ports

SERVE = Path(sys.executable).with_name("serve")
READY_TIMEOUT_S = 180.0
WORKERS = 3
WORKER_CPUS = 4


@dataclass(frozen=True)
class Actor:
    """A live Ray actor, as Ray's state API shows it."""

    name: str
    class_name: str
    pid: int
    node_id: str

    @property
    def host(self) -> str:
        """The name of the host it carries, without the count of a shard's moves."""
        return self.name.partition("#")[0]

    @property
    def moves(self) -> int:
        return int(self.name.partition("#")[2] or 0)


class Cluster:
    """Head, workers, store and the deployed application."""

    def __init__(
        self,
        store: Valkey,
        directory: Path,
        *,
        persistent_head: bool = False,
        network: Network | None = None,
    ) -> None:
        """With `persistent_head`, the head's state is kept in the store. With a network, each node
        has its own address; otherwise all use loopback."""
        self.store = store
        self._network = network
        self._directory = directory
        self._token = secrets.token_hex(32)
        gcs, self._dashboard, client, port = free_ports(4)
        head_namespace = self._namespace()
        self._gcs = f"{head_namespace.address}:{gcs}"
        token_file = directory / "auth_token"
        token_file.write_text(self._token)
        environment = {
            "RAY_AUTH_TOKEN_PATH": str(token_file),
            "RESTAURANT_QR_REDIS_URL": store.url,
            "RESTAURANT_QR_AUTH_SECRET": SECRET,
        }
        head = (
            "--head", "--port", str(gcs), "--num-cpus", "0",
            "--ray-client-server-port", str(client), "--include-dashboard", "true",
            "--dashboard-host", head_namespace.address, "--dashboard-port", str(self._dashboard),
        )  # fmt: skip
        worker = ("--address", self._gcs, "--num-cpus", str(WORKER_CPUS))
        persistent = {"RAY_REDIS_ADDRESS": store.url.removeprefix("redis://").partition("/")[0]}
        self.head = Node(
            "head",
            environment | (persistent if persistent_head else {}),
            head,
            port,
            head_namespace,
        )
        workers = [
            Node(f"worker {n}", environment, worker, port, self._namespace())
            for n in range(1, WORKERS + 2)
        ]
        self._spare = workers.pop()
        self.workers = workers

    def _namespace(self) -> NetworkNamespace:
        return self._network.namespace() if self._network else LOOPBACK

    @property
    def nodes(self) -> list[Node]:
        return [self.head, *self.workers]

    def gateway_urls(self) -> list[str]:
        """URLs of workers with a gateway. In production a load balancer is in front of them. On
        loopback all gateways share one."""
        return [url for url in dict.fromkeys(node.url for node in self.workers) if _answers(url)]

    # --- starting and ending ---------------------------------------------------------------------

    def start(self) -> None:
        self.head.start()
        self._wait(lambda: len(self.live_nodes()) == 1, "the head")
        for worker in self.workers:
            worker.start()
        self.wait_for_nodes()

    def wait_for_nodes(self) -> None:
        self._wait(lambda: len(self.live_nodes()) == len(self.nodes), "the workers")

    def restart_head(self) -> None:
        """Restart it at its old address, as `systemd` does."""
        (self.head.directory / "ray" / "ray_current_cluster").unlink(missing_ok=True)
        self.head.start()

    def add_worker(self) -> str:
        """Start one more worker; returns its node id."""
        before = self.live_nodes().keys()
        self.workers.append(self._spare)
        self._spare.start()
        self.wait_for_nodes()
        (added,) = self.live_nodes().keys() - before
        return added

    def drain(self, node_id: str) -> None:
        """Drain a node."""
        self._run(
            str(RAY), "drain-node", "--address", self._gcs, "--node-id", node_id,
            "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "a test",
            "--deadline-remaining-seconds", "600",
        )  # fmt: skip

    @contextmanager
    def partitioned(self, node: Node) -> Iterator[None]:
        """Drop all packets between this node and the others while inside."""
        assert self._network is not None
        self._network.cut(node.namespace)
        try:
            yield
        finally:
            self._network.heal(node.namespace)

    def move(self, shard: int, node_id: str) -> str:
        """The command's output."""
        return self._run(
            sys.executable, "-m", "restaurant_qr", "shards", "move", str(shard), "--to", node_id,
            RAY_ADDRESS=self._gcs,
        )  # fmt: skip

    def _run(self, *command: str, **environment: str) -> str:
        done = subprocess.run(
            (*self.head.namespace.enter, *command),
            cwd=ROOT,
            env=self.head.variables() | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self) -> None:
        for node in reversed(self.nodes):
            node.kill()
            node.remove()

    def deploy(self, code: Path | None = None, **args: Any) -> None:
        """Run `serve deploy` with these arguments and, if given, the code of another folder. Does
        not wait."""
        config = yaml.safe_load((ROOT / "deployments.yaml").read_text())
        (application,) = config["applications"]
        application["args"]["port"] = self.head.http_port
        if self._network is None:
            application["args"]["host"] = LOOPBACK.address
        application["args"] |= {name: str(value) for name, value in args.items()}
        if code is not None:
            application["runtime_env"] = {"working_dir": f"local://{code}"}
        (gateway,) = application["deployments"]
        gateway["autoscaling_config"]["min_replicas"] = WORKERS
        path = self._directory / "deployments.yaml"
        path.write_text(yaml.safe_dump(config))
        self._run(str(SERVE), "deploy", str(path), "--address", self._api(""))

    def wait_until_empty(self, node_id: str) -> None:
        """Wait until the node has neither a gateway nor a shard."""
        evacuated = ("ServeReplica:restaurant-qr:Gateway", "ShardActor")
        self._wait(
            lambda: all(actor.node_id != node_id for actor in self.of_class(*evacuated)),
            "evacuation of a node",
        )

    def wait_until_serving(self) -> None:
        """Wait until the application runs as deployed and is reachable."""
        self._wait(self._is_running, "the application")
        self._wait(lambda: bool(self.gateway_urls()), "the gateways")
        (head,) = (id_ for id_, row in self.live_nodes().items() if row["is_head_node"])
        self.wait_until_empty(head)  # shards may start there and are evacuated

    def _is_running(self) -> bool:
        details = self.dashboard("/api/serve/applications/")
        application = details["applications"].get(NAMESPACE, {})
        if application.get("status") != "RUNNING":
            return False
        gateway = application["deployments"]["Gateway"]
        replicas = [replica["state"] for replica in gateway["replicas"]]
        return gateway["status"] == "HEALTHY" and replicas == ["RUNNING"] * WORKERS

    # --- state ------------------------------------------------------------------------------

    def dashboard(self, path: str) -> Any:
        """The response of Ray's dashboard. Raises OSError."""
        request = urllib.request.Request(
            self._api(path), headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def live_nodes(self) -> dict[str, Any]:
        """Node id -> Ray's row of the node."""
        rows = self._list("nodes")
        return {row["node_id"]: row for row in rows if row["state"] == "ALIVE"}

    def actors(self) -> list[Actor]:
        return [
            Actor(row["name"], row["class_name"], row["pid"], row["node_id"])
            for row in self._list("actors")
            if row["state"] == "ALIVE" and row["name"]
        ]

    def actor(self, name: str) -> Actor:
        (found,) = [actor for actor in self.actors() if actor.name == name]
        return found

    def of_class(self, *names: str) -> list[Actor]:
        return [actor for actor in self.actors() if actor.class_name in names]

    def node_of(self, actor: Actor) -> Node:
        """The node of an actor. Raises ValueError if the actor has just ended."""
        (home,) = [node for node in self.nodes if actor.pid in node.processes()]
        return home

    def _list(self, what: str) -> list[dict[str, Any]]:
        answer = self.dashboard(f"/api/v0/{what}?detail=true&limit=10000")
        rows: list[dict[str, Any]] = answer["data"]["result"]["result"]
        return rows

    def _api(self, path: str) -> str:
        return f"http://{self.head.namespace.address}:{self._dashboard}{path}"

    def _wait(self, check: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                if check():
                    return
            except (OSError, KeyError, TypeError):
                pass
            assert time.monotonic() < deadline, f"timed out: {what}"
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
