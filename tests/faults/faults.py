"""What is broken, and how: each fault is aimed first, then strikes, and is healed at the end."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path

from actors.placement import Mode, Placement
from protocol.ids import Address
from scripts.environment import ROOT
from tests.faults.cluster import Actor, Cluster
from tests.faults.node import Node

STORE_AWAY_S = 2.0
STORE_STOPPED_S = 10.0
ACTOR_STOPPED_S = 30.0
NODE_STOPPED_S = 60.0
NODE_CUT_S = 45.0
HEAD_AWAY_S = 20.0
DISK_FULL_S = 10.0


class Missed(Exception):
    """The fault would hit nothing that is watched: Ray has placed it elsewhere."""


Strike = Callable[[], None]
"""Breaks something; returns when there is nothing more to do about it."""


@dataclass(frozen=True)
class Deployed:
    """The arguments that the application is deployed with; `is_previous`: its code is older."""

    placement: Mode
    shards: int = 2
    idle_s: float = 300.0
    is_previous: bool = False

    def on(self, cluster: Cluster) -> None:
        """Have it deployed; returns when that is told."""
        args = asdict(self)
        code = previous_version() if args.pop("is_previous") else None
        cluster.deploy(code, **args)

    def host_of(self, address: Address) -> str:
        return Placement(self.placement, self.shards).host_of(address)


SHARD = Deployed(Mode.SHARD)
PREVIOUS = Deployed(Mode.SHARD, is_previous=True)
ENTITY = Deployed(Mode.ENTITY, idle_s=20.0)


PRODUCT = ("serve_app.py", "actors", "domain", "gateway", "protocol", "storage")


@cache
def previous_version() -> Path:
    """A folder with the code of before the last commit that changed what is deployed."""
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
class Site:
    """Where a fault strikes: the cluster, and the sessions that are watched."""

    cluster: Cluster
    sessions: Sequence[Address]
    deployed: Deployed

    def hosts(self) -> list[Actor]:
        """The Ray actors that carry the sessions; of a shard that has moved, its last."""
        names = {self.deployed.host_of(session) for session in self.sessions}
        actors = [actor for actor in self.cluster.actors() if actor.host in names]
        return list({each.host: each for each in sorted(actors, key=attrgetter("moves"))}.values())


@dataclass(frozen=True)
class Fault:
    """`before` is how the application is deployed, `after` what a fault leaves in its place.

    What `lasts` is no moment: only how long commands waited says something.
    """

    name: str
    says: str
    aim: Callable[[Site], Strike]
    before: Deployed = SHARD
    after: Deployed | None = None
    lasts: bool = False
    alone: bool = False
    """Whether it takes a cluster of its own, which is not whole again afterwards."""
    lasting_head: bool = False
    """Whether the cluster outlives its head."""
    network: bool = False
    """Whether its nodes need addresses of their own, and wires that can be cut."""
    small_disk: bool = False
    """Whether the store must be on a disk that can be filled."""
    brief: bool = False
    """Whether it is part of every run of the tests."""


def _kill(*pids: int) -> Strike:
    def strike() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    return strike


def _kill_host(site: Site) -> Strike:
    return _kill(site.hosts()[0].pid)


def _kill_gateway(site: Site) -> Strike:
    return _kill(site.cluster.of_class("ServeReplica:restaurant-qr:Gateway")[0].pid)


def _kill_haproxy(site: Site) -> Strike:
    return _kill(*(pid for node in site.cluster.nodes for pid in _named("haproxy", node)))


def _kill_proxies(site: Site) -> Strike:
    return _kill(*(actor.pid for actor in site.cluster.of_class("HAProxyManager", "ProxyActor")))


def _kill_controller(site: Site) -> Strike:
    return _kill(site.cluster.actor("SERVE_CONTROLLER_ACTOR").pid)


def _kill_store(site: Site) -> Strike:
    def strike() -> None:
        site.cluster.store.kill()
        time.sleep(STORE_AWAY_S)
        site.cluster.store.start()

    return strike


def _stop_store(site: Site) -> Strike:
    return _paused(site.cluster.store.signal, STORE_STOPPED_S)


def _fill_disk(site: Site) -> Strike:
    def strike() -> None:
        with site.cluster.store.full_disk():
            time.sleep(DISK_FULL_S)

    return strike


def _stop_host(site: Site) -> Strike:
    pid = site.hosts()[0].pid
    return _paused(lambda number: os.kill(pid, number), ACTOR_STOPPED_S)


def _node_of_host(site: Site) -> Node:
    """The worker that carries most of the sessions. Raises Missed where the head has them all."""
    nodes = [site.cluster.node_of(host) for host in site.hosts()]
    node = max(site.cluster.workers, key=nodes.count)
    if node not in nodes:
        raise Missed(f"{node.name} carries none of the sessions")
    return node


def _kill_node(site: Site) -> Strike:
    return _node_of_host(site).kill


def _stop_node(site: Site) -> Strike:
    return _paused(_node_of_host(site).signal_all, NODE_STOPPED_S)


def _cut_node(site: Site) -> Strike:
    node = _node_of_host(site)

    def strike() -> None:
        with site.cluster.cut_off(node):
            time.sleep(NODE_CUT_S)

    return strike


def _drain_node(site: Site) -> Strike:
    node = _node_of_host(site)
    node_id = _id_of(node, site)

    def strike() -> None:
        site.cluster.drain(node_id)
        site.cluster.wait_until_left(node_id)
        node.kill()

    return strike


def _add_node(site: Site) -> Strike:
    host = site.hosts()[0]
    shard = int(host.host.partition(":")[2])

    def strike() -> None:
        added = site.cluster.add_worker()
        shown = site.cluster.move(shard, added)
        (moved,) = (
            actor
            for actor in site.cluster.of_class(host.class_name)
            if actor.host == host.host and actor.pid != host.pid
        )
        assert moved.node_id == added, f"{moved} is not on {added}:\n{shown}"

    return strike


def _restart_head(site: Site) -> Strike:
    def strike() -> None:
        site.cluster.head.kill()
        time.sleep(HEAD_AWAY_S)
        site.cluster.restart_head()
        site.cluster.wait_for_nodes()
        site.cluster.wait_until_serving()

    return strike


def _id_of(node: Node, site: Site) -> str:
    pids = node.processes()
    (found,) = {actor.node_id for actor in site.cluster.actors() if actor.pid in pids}
    return found


def _paused(send: Callable[[signal.Signals], None], seconds: float) -> Strike:
    def strike() -> None:
        send(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            send(signal.SIGCONT)

    return strike


def _deploy(deployed: Deployed) -> Callable[[Site], Strike]:
    def aim(site: Site) -> Strike:
        def strike() -> None:
            deployed.on(site.cluster)
            site.cluster.wait_until_serving()

        return strike

    return aim


def _change(name: str, says: str, after: Deployed) -> Fault:
    return Fault(name, says, _deploy(after), after=after, lasts=True)


def _named(program: str, node: Node) -> Iterator[int]:
    for pid in node.processes():
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name == program:
            yield pid


FAULTS = (
    Fault("shard", "`kill -9` of a shard's actor", _kill_host, brief=True),
    Fault("gateway", "`kill -9` of a gateway replica (one of three)", _kill_gateway, brief=True),
    Fault("haproxy", "`kill -9` of HAProxy, on every node at once", _kill_haproxy),
    Fault("proxies", "`kill -9` of Serve's proxy actors, on every node at once", _kill_proxies),
    Fault("controller", "`kill -9` of Serve's controller", _kill_controller),
    Fault(
        "store", f"`kill -9` of the store; it is back after {STORE_AWAY_S:.0f} s", _kill_store,
        brief=True,
    ),
    Fault("store-stopped", f"the store stands still for {STORE_STOPPED_S:.0f} s", _stop_store),
    Fault(
        "disk-full", f"the store's disk is full for {DISK_FULL_S:.0f} s", _fill_disk,
        lasts=True, alone=True, small_disk=True,
    ),
    Fault(
        "shard-stopped", f"a shard's actor stands still for {ACTOR_STOPPED_S:.0f} s", _stop_host
    ),
    Fault("node", "`kill -9` of a worker node, all of its processes", _kill_node, alone=True),
    Fault(
        "node-stopped",
        f"a worker node stands still for {NODE_STOPPED_S:.0f} s, and goes on as a zombie",
        _stop_node,
        alone=True,
    ),
    Fault(
        "node-cut",
        f"a worker node is cut off from all but its clients for {NODE_CUT_S:.0f} s",
        _cut_node,
        alone=True,
        network=True,
    ),
    Fault(
        "drain", "a worker node is drained, and killed when it is empty", _drain_node,
        lasts=True, alone=True,
    ),
    Fault(
        "node-added", "a worker node is added, and a shard moved to it", _add_node,
        lasts=True, alone=True,
    ),
    Fault(
        "head", f"`kill -9` of the head, which is back after {HEAD_AWAY_S:.0f} s",
        _restart_head, lasts=True, alone=True, lasting_head=True,
    ),
    Fault(
        "upgrade", "a rolling upgrade from the version before to this one",
        _deploy(SHARD), PREVIOUS, SHARD, lasts=True,
    ),
    _change("deploy", "a rolling `serve deploy`", Deployed(Mode.SHARD, idle_s=200.0)),
    _change("shards", "a change from 2 to 3 shards", Deployed(Mode.SHARD, shards=3)),
    _change("placement", "a change of placement from `shard` to `entity`", ENTITY),
    Fault("entity", "`kill -9` of a session's own actor", _kill_host, ENTITY),
    Fault(
        "entity-stopped",
        f"a session's own actor stands still for {ACTOR_STOPPED_S:.0f} s",
        _stop_host,
        ENTITY,
    ),
    Fault(
        "entity-node", "`kill -9` of a worker node, placement `entity`", _kill_node, ENTITY,
        alone=True,
    ),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
