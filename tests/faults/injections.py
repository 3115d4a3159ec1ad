"""Injections of faults: each function prepares one on its target."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from protocol.ids import Address
from tests.faults.cluster import Actor, Cluster
from tests.faults.deployed import Deployed
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


def _kill(*pids: int) -> Injection:
    def inject() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    return inject


def kill_host(target: Target) -> Injection:
    return _kill(target.hosts()[0].pid)


def kill_gateway(target: Target) -> Injection:
    return _kill(target.cluster.of_class("ServeReplica:restaurant-qr:Gateway")[0].pid)


def kill_controller(target: Target) -> Injection:
    return _kill(target.cluster.actor("SERVE_CONTROLLER_ACTOR").pid)


def kill_store(target: Target) -> Injection:
    def inject() -> None:
        target.cluster.store.kill()
        time.sleep(STORE_DOWN_S)
        target.cluster.store.start()

    return inject


def stop_store(target: Target) -> Injection:
    return _paused(target.cluster.store.signal, STORE_STOPPED_S)


def fill_disk(target: Target) -> Injection:
    def inject() -> None:
        with target.cluster.store.full_disk():
            time.sleep(DISK_FULL_S)

    return inject


def stop_host(target: Target) -> Injection:
    pid = target.hosts()[0].pid
    return _paused(lambda number: os.kill(pid, number), ACTOR_STOPPED_S)


def _node_of_host(target: Target) -> Node:
    """The worker that carries most of the sessions. Raises NoTarget if the head has them all."""
    nodes = [target.cluster.node_of(host) for host in target.hosts()]
    node = max(target.cluster.workers, key=nodes.count)
    if node not in nodes:
        raise NoTarget(f"{node.name} carries none of the sessions")
    return node


def kill_node(target: Target) -> Injection:
    return _node_of_host(target).kill


def stop_node(target: Target) -> Injection:
    return _paused(_node_of_host(target).signal_all, NODE_STOPPED_S)


def cut_node(target: Target) -> Injection:
    node = _node_of_host(target)

    def inject() -> None:
        with target.cluster.partitioned(node):
            time.sleep(NODE_CUT_S)

    return inject


def drain_node(target: Target) -> Injection:
    node = _node_of_host(target)
    node_id = _id_of(node, target)

    def inject() -> None:
        target.cluster.drain(node_id)
        target.cluster.wait_until_empty(node_id)
        node.kill()

    return inject


def add_node(target: Target) -> Injection:
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


def restart_head(target: Target) -> Injection:
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


def deploy(deployed: Deployed) -> Callable[[Target], Injection]:
    def prepare(target: Target) -> Injection:
        def inject() -> None:
            deployed.deploy_to(target.cluster)
            target.cluster.wait_until_serving()

        return inject

    return prepare
