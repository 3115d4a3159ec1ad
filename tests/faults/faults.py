"""The faults: each is prepared first, then injected, and healed at the end."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path

from engine.placement import Mode, Placement
from protocol.ids import Address
from scripts.environment import ROOT
from tests.faults.cluster import Actor, Cluster
from tests.faults.node import Node

STORE_DOWN_S = 2.0
STORE_STOPPED_S = 10.0
ACTOR_STOPPED_S = 30.0
NODE_STOPPED_S = 60.0
NODE_CUT_S = 45.0
HEAD_DOWN_S = 20.0
DISK_FULL_S = 10.0


class NoTarget(Exception):
    """The fault would hit no observed session: Ray has placed them elsewhere."""


Injection = Callable[[], None]
"""Injects the fault; returns when it is healed as far as it will be."""


@dataclass(frozen=True)
class Deployed:
    """Arguments of a deployment; `is_previous` uses the previous version's code."""

    placement: Mode
    shards: int = 2
    idle_timeout_s: float = 300.0
    is_previous: bool = False

    def deploy_to(self, cluster: Cluster) -> None:
        """Deploy it; does not wait."""
        args = asdict(self)
        code = previous_version() if args.pop("is_previous") else None
        cluster.deploy(code, **args)

    def host_of(self, address: Address) -> str:
        return Placement(self.placement, self.shards).host_of(address)


SHARD = Deployed(Mode.SHARD)
PREVIOUS = Deployed(Mode.SHARD, is_previous=True)
ENTITY = Deployed(Mode.ENTITY, idle_timeout_s=20.0)


PRODUCT = (
    "serve_app.py",
    "service_settings.py",
    "actors",
    "domain",
    "engine",
    "gateway",
    "protocol",
    "storage",
)


@cache
def previous_version() -> Path:
    """A folder with the code before the last commit that changed the product."""
    last = subprocess.run(
        ["git", "rev-list", "-1", "HEAD", "--", *PRODUCT],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="rqf-previous-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = subprocess.run(
        ["git", "archive", f"{last}~1"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


@dataclass(frozen=True)
class Target:
    """The cluster, and the sessions under observation."""

    cluster: Cluster
    sessions: Sequence[Address]
    deployed: Deployed

    def hosts(self) -> list[Actor]:
        """The Ray actors that carry the sessions; of a moved shard, the latest."""
        names = {self.deployed.host_of(session) for session in self.sessions}
        actors = [actor for actor in self.cluster.actors() if actor.host in names]
        return list({each.host: each for each in sorted(actors, key=attrgetter("moves"))}.values())


@dataclass(frozen=True)
class Fault:
    """`before` is the deployment, `after` the one that the fault leaves.

    If `is_gradual`, there is no moment of failure: only the longest wait is reported.
    """

    name: str
    description: str
    prepare: Callable[[Target], Injection]
    before: Deployed = SHARD
    after: Deployed | None = None
    is_gradual: bool = False
    needs_own_cluster: bool = False
    """Whether it needs its own cluster, which is discarded afterwards."""
    persistent_head: bool = False
    """Whether the cluster must survive its head."""
    network: bool = False
    """Whether nodes need their own addresses and network."""
    small_disk: bool = False
    """Whether the store must be on a small disk."""
    in_every_run: bool = False
    """Whether it is part of every test run."""


def _kill(*pids: int) -> Injection:
    def inject() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    return inject


def _kill_host(target: Target) -> Injection:
    return _kill(target.hosts()[0].pid)


def _kill_gateway(target: Target) -> Injection:
    return _kill(target.cluster.of_class("ServeReplica:restaurant-qr:Gateway")[0].pid)


def _kill_controller(target: Target) -> Injection:
    return _kill(target.cluster.actor("SERVE_CONTROLLER_ACTOR").pid)


def _kill_store(target: Target) -> Injection:
    def inject() -> None:
        target.cluster.store.kill()
        time.sleep(STORE_DOWN_S)
        target.cluster.store.start()

    return inject


def _stop_store(target: Target) -> Injection:
    return _paused(target.cluster.store.signal, STORE_STOPPED_S)


def _fill_disk(target: Target) -> Injection:
    def inject() -> None:
        with target.cluster.store.full_disk():
            time.sleep(DISK_FULL_S)

    return inject


def _stop_host(target: Target) -> Injection:
    pid = target.hosts()[0].pid
    return _paused(lambda number: os.kill(pid, number), ACTOR_STOPPED_S)


def _node_of_host(target: Target) -> Node:
    """The worker that carries most of the sessions. Raises NoTarget if the head has them all."""
    nodes = [target.cluster.node_of(host) for host in target.hosts()]
    node = max(target.cluster.workers, key=nodes.count)
    if node not in nodes:
        raise NoTarget(f"{node.name} carries none of the sessions")
    return node


def _kill_node(target: Target) -> Injection:
    return _node_of_host(target).kill


def _stop_node(target: Target) -> Injection:
    return _paused(_node_of_host(target).signal_all, NODE_STOPPED_S)


def _cut_node(target: Target) -> Injection:
    node = _node_of_host(target)

    def inject() -> None:
        with target.cluster.partitioned(node):
            time.sleep(NODE_CUT_S)

    return inject


def _drain_node(target: Target) -> Injection:
    node = _node_of_host(target)
    node_id = _id_of(node, target)

    def inject() -> None:
        target.cluster.drain(node_id)
        target.cluster.wait_until_empty(node_id)
        node.kill()

    return inject


def _add_node(target: Target) -> Injection:
    host = target.hosts()[0]
    shard = int(host.host.partition(":")[2])

    def inject() -> None:
        added = target.cluster.add_worker()
        output = target.cluster.move(shard, added)
        (moved,) = (
            actor
            for actor in target.cluster.of_class(host.class_name)
            if actor.host == host.host and actor.pid != host.pid
        )
        assert moved.node_id == added, f"{moved} is not on {added}:\n{output}"

    return inject


def _restart_head(target: Target) -> Injection:
    def inject() -> None:
        target.cluster.head.kill()
        time.sleep(HEAD_DOWN_S)
        target.cluster.restart_head()
        target.cluster.wait_for_nodes()
        target.cluster.wait_until_serving()

    return inject


def _id_of(node: Node, target: Target) -> str:
    pids = node.processes()
    (found,) = {actor.node_id for actor in target.cluster.actors() if actor.pid in pids}
    return found


def _paused(send: Callable[[signal.Signals], None], seconds: float) -> Injection:
    def inject() -> None:
        send(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            send(signal.SIGCONT)

    return inject


def _deploy(deployed: Deployed) -> Callable[[Target], Injection]:
    def prepare(target: Target) -> Injection:
        def inject() -> None:
            deployed.deploy_to(target.cluster)
            target.cluster.wait_until_serving()

        return inject

    return prepare


def _change(name: str, description: str, after: Deployed) -> Fault:
    return Fault(name, description, _deploy(after), after=after, is_gradual=True)


FAULTS = (
    Fault("shard", "`kill -9` of a shard's actor", _kill_host, in_every_run=True),
    Fault(
        "gateway", "`kill -9` of a gateway replica (one of three)", _kill_gateway,
        in_every_run=True,
    ),
    Fault("controller", "`kill -9` of Serve's controller", _kill_controller),
    Fault(
        "store", f"`kill -9` of the store, which is back after {STORE_DOWN_S:.0f} s", _kill_store,
        in_every_run=True,
    ),
    Fault("store-stopped", f"the store hangs for {STORE_STOPPED_S:.0f} s", _stop_store),
    Fault(
        "disk-full", f"the store's disk is full for {DISK_FULL_S:.0f} s", _fill_disk,
        is_gradual=True, needs_own_cluster=True, small_disk=True,
    ),
    Fault(
        "shard-stopped", f"a shard's actor hangs for {ACTOR_STOPPED_S:.0f} s", _stop_host
    ),
    Fault(
        "node", "`kill -9` of a worker node, all of its processes", _kill_node,
        needs_own_cluster=True,
    ),
    Fault(
        "node-stopped",
        f"a worker node hangs for {NODE_STOPPED_S:.0f} s, then resumes as a zombie",
        _stop_node,
        needs_own_cluster=True,
    ),
    Fault(
        "node-cut",
        f"a worker node is partitioned from all but its clients for {NODE_CUT_S:.0f} s",
        _cut_node,
        needs_own_cluster=True,
        network=True,
    ),
    Fault(
        "drain", "a worker node is drained, and killed when it is empty", _drain_node,
        is_gradual=True, needs_own_cluster=True,
    ),
    Fault(
        "node-added", "a worker node is added, and a shard moved to it", _add_node,
        is_gradual=True, needs_own_cluster=True,
    ),
    Fault(
        "head", f"`kill -9` of the head, which is back after {HEAD_DOWN_S:.0f} s",
        _restart_head, is_gradual=True, needs_own_cluster=True, persistent_head=True,
    ),
    Fault(
        "upgrade", "a rolling upgrade from the previous version",
        _deploy(SHARD), PREVIOUS, SHARD, is_gradual=True,
    ),
    _change("deploy", "a rolling `serve deploy`", Deployed(Mode.SHARD, idle_timeout_s=200.0)),
    _change("shards", "a change from 2 to 3 shards", Deployed(Mode.SHARD, shards=3)),
    _change("placement", "a change of placement from `shard` to `entity`", ENTITY),
    Fault("entity", "`kill -9` of a session's own actor", _kill_host, ENTITY),
    Fault(
        "entity-stopped",
        f"a session's own actor hangs for {ACTOR_STOPPED_S:.0f} s",
        _stop_host,
        ENTITY,
    ),
    Fault(
        "entity-node", "`kill -9` of a worker node, placement `entity`", _kill_node, ENTITY,
        needs_own_cluster=True,
    ),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
