"""A cluster of four nodes with the application on it: a head, and three workers that carry it.

Deployed as a chain does it: `serve deploy` with `deployments.yaml`, HAProxy on every node, an
outside store. The head has no CPU to offer, so that gateways live on the workers.
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

from actors.announced import NAMESPACE
from load_tests.bench.servers import SECRET
from scripts.environment import ROOT
from tests.faults.network import LOOPBACK, Network, Place
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
        """The name of what it carries; a shard that has moved keeps it, and counts its moves."""
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
        lasting_head: bool = False,
        network: Network | None = None,
    ) -> None:
        """What the head knows is kept in the store where it is a `lasting_head`. With a network
        each node has an address of its own; else all are on loopback."""
        self.store = store
        self._network = network
        self._directory = directory
        self._token = secrets.token_hex(32)
        gcs, self._dashboard, client, *http = free_ports(5 + WORKERS)
        here = self._place()
        self._gcs = f"{here.address}:{gcs}"
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
            "--dashboard-host", here.address, "--dashboard-port", str(self._dashboard),
        )  # fmt: skip
        worker = ("--address", self._gcs, "--num-cpus", str(WORKER_CPUS))
        kept = {"RAY_REDIS_ADDRESS": store.url.removeprefix("redis://").partition("/")[0]}
        self.head = Node("head", environment | (kept if lasting_head else {}), head, http[0], here)
        made = [
            Node(f"worker {n}", environment, worker, port, self._place())
            for n, port in enumerate(http[1:], 1)
        ]
        self._spare = made.pop()
        self.workers = made

    def _place(self) -> Place:
        return self._network.place() if self._network else LOOPBACK

    @property
    def nodes(self) -> list[Node]:
        return [self.head, *self.workers]

    def ways_in(self) -> list[str]:
        """Of the nodes that listen: the head, and workers with a gateway. A load balancer would
        stand before them."""
        return [node.url for node in self.nodes if _answers(node.url)]

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
        """As `systemd` does on the same machine: the address is the old one."""
        (self.head.directory / "ray" / "ray_current_cluster").unlink(missing_ok=True)
        self.head.start()

    def add_worker(self) -> str:
        """Start one more; the id of its node."""
        before = self.live_nodes().keys()
        self.workers.append(self._spare)
        self._spare.start()
        self.wait_for_nodes()
        (added,) = self.live_nodes().keys() - before
        return added

    def drain(self, node_id: str) -> None:
        """Have a node left by all that runs on it."""
        self._do(
            str(RAY), "drain-node", "--address", self._gcs, "--node-id", node_id,
            "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "a test",
            "--deadline-remaining-seconds", "600",
        )  # fmt: skip

    @contextmanager
    def cut_off(self, node: Node) -> Iterator[None]:
        """All that this node and the others send each other is lost, while inside."""
        assert self._network is not None
        self._network.cut(node.place)
        try:
            yield
        finally:
            self._network.mend(node.place)

    def move(self, shard: int, node_id: str) -> str:
        """What the operator is shown."""
        return self._do(
            sys.executable, "-m", "scripts.shards", "--move", str(shard), "--to", node_id,
            RAY_ADDRESS=self._gcs,
        )  # fmt: skip

    def _do(self, *command: str, **environment: str) -> str:
        done = subprocess.run(
            (*self.head.place.enter, *command),
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
        """`serve deploy` with these arguments of the application, and the code of a folder other
        than this one; returns when it is told."""
        described = yaml.safe_load((ROOT / "deployments.yaml").read_text())
        described["http_options"] |= {"port": self.head.http_port}
        if self._network is None:
            described["http_options"] |= {"host": LOOPBACK.address}
        (application,) = described["applications"]
        application["args"] |= {name: str(value) for name, value in args.items()}
        if code is not None:
            application["runtime_env"] = {"working_dir": f"local://{code}"}
        (gateway,) = application["deployments"]
        gateway["autoscaling_config"]["min_replicas"] = WORKERS
        path = self._directory / "deployments.yaml"
        path.write_text(yaml.safe_dump(described))
        self._do(str(SERVE), "deploy", str(path), "--address", self._api(""))

    def wait_until_left(self, node_id: str) -> None:
        """Until neither a gateway nor a shard is on a node."""
        leave = ("ServeReplica:restaurant-qr:Gateway", "ShardActor")
        self._wait(
            lambda: all(actor.node_id != node_id for actor in self.of_class(*leave)),
            "a node to be left",
        )

    def wait_until_serving(self) -> None:
        """Until the application runs as deployed, and the way in leads to it."""
        self._wait(self._is_running, "the application")
        self._wait(lambda: len(self.ways_in()) > 1, "the ways in")
        (head,) = (id_ for id_, row in self.live_nodes().items() if row["is_head_node"])
        self.wait_until_left(head)  # where shards start now and then, and do not stay

    def _is_running(self) -> bool:
        details = self.ask("/api/serve/applications/")
        application = details["applications"].get(NAMESPACE, {})
        if application.get("status") != "RUNNING":
            return False
        gateway = application["deployments"]["Gateway"]
        replicas = [replica["state"] for replica in gateway["replicas"]]
        proxies = [proxy["status"] for proxy in details["proxies"].values()]
        return (
            gateway["status"] == "HEALTHY"
            and replicas == ["RUNNING"] * WORKERS
            and set(proxies) == {"HEALTHY"}
        )

    # --- looking ---------------------------------------------------------------------------------

    def ask(self, path: str) -> Any:
        """What Ray's dashboard answers. Raises OSError."""
        request = urllib.request.Request(
            self._api(path), headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def live_nodes(self) -> dict[str, Any]:
        """Node id -> what Ray knows of it."""
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
        """Raises ValueError where the actor has just ended."""
        (home,) = [node for node in self.nodes if actor.pid in node.processes()]
        return home

    def _list(self, what: str) -> list[dict[str, Any]]:
        answer = self.ask(f"/api/v0/{what}?detail=true&limit=10000")
        rows: list[dict[str, Any]] = answer["data"]["result"]["result"]
        return rows

    def _api(self, path: str) -> str:
        return f"http://{self.head.place.address}:{self._dashboard}{path}"

    def _wait(self, check: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                if check():
                    return
            except (OSError, KeyError, TypeError):
                pass
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
