"""The faults, one trial each: what is deployed, what breaks, and what the trial needs."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.placement import Mode
from tests.faults.deployed import ENTITY, PREVIOUS, SHARD, Deployed
from tests.faults.injections import (
    ACTOR_STOPPED_S,
    DISK_FULL_S,
    HEAD_DOWN_S,
    NODE_CUT_S,
    NODE_STOPPED_S,
    STORE_DOWN_S,
    STORE_STOPPED_S,
    Injection,
    Target,
    add_node,
    cut_node,
    deploy,
    drain_node,
    fill_disk,
    kill_controller,
    kill_gateway,
    kill_host,
    kill_node,
    kill_store,
    restart_head,
    stop_host,
    stop_node,
    stop_store,
)


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


def _change(name: str, description: str, after: Deployed) -> Fault:
    return Fault(name, description, deploy(after), after=after, is_gradual=True)


FAULTS = (
    Fault("shard", "`kill -9` of a shard's actor", kill_host, in_every_run=True),
    Fault(
        "gateway", "`kill -9` of a gateway replica (one of three)", kill_gateway,
        in_every_run=True,
    ),
    Fault("controller", "`kill -9` of Serve's controller", kill_controller),
    Fault(
        "store", f"`kill -9` of the store, which is back after {STORE_DOWN_S:.0f} s", kill_store,
        in_every_run=True,
    ),
    Fault("store-stopped", f"the store hangs for {STORE_STOPPED_S:.0f} s", stop_store),
    Fault(
        "disk-full", f"the store's disk is full for {DISK_FULL_S:.0f} s", fill_disk,
        is_gradual=True, needs_own_cluster=True, small_disk=True,
    ),
    Fault(
        "shard-stopped", f"a shard's actor hangs for {ACTOR_STOPPED_S:.0f} s", stop_host
    ),
    Fault(
        "node", "`kill -9` of a worker node, all of its processes", kill_node,
        needs_own_cluster=True,
    ),
    Fault(
        "node-stopped",
        f"a worker node hangs for {NODE_STOPPED_S:.0f} s, then resumes as a zombie",
        stop_node,
        needs_own_cluster=True,
    ),
    Fault(
        "node-cut",
        f"a worker node is partitioned from all but its clients for {NODE_CUT_S:.0f} s",
        cut_node,
        needs_own_cluster=True,
        network=True,
    ),
    Fault(
        "drain", "a worker node is drained, and killed when it is empty", drain_node,
        is_gradual=True, needs_own_cluster=True,
    ),
    Fault(
        "node-added", "a worker node is added, and a shard moved to it", add_node,
        is_gradual=True, needs_own_cluster=True,
    ),
    Fault(
        "head", f"`kill -9` of the head, which is back after {HEAD_DOWN_S:.0f} s",
        restart_head, is_gradual=True, needs_own_cluster=True, persistent_head=True,
    ),
    Fault(
        "upgrade", "a rolling upgrade from the previous version",
        deploy(SHARD), PREVIOUS, SHARD, is_gradual=True,
    ),
    _change("deploy", "a rolling `serve deploy`", Deployed(Mode.SHARD, idle_timeout_s=200.0)),
    _change("shards", "a change from 2 to 3 shards", Deployed(Mode.SHARD, shards=3)),
    _change("placement", "a change of placement from `shard` to `entity`", ENTITY),
    Fault("entity", "`kill -9` of a session's own actor", kill_host, ENTITY),
    Fault(
        "entity-stopped",
        f"a session's own actor hangs for {ACTOR_STOPPED_S:.0f} s",
        stop_host,
        ENTITY,
    ),
    Fault(
        "entity-node", "`kill -9` of a worker node, placement `entity`", kill_node, ENTITY,
        needs_own_cluster=True,
    ),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
