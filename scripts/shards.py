"""Lists and migrates shards: `./restaurant-qr shards`, on any node of the cluster."""

import asyncio
import logging
import os
from typing import Any

import ray
from ray._private import ray_constants, services
from ray.exceptions import RayError

from actors import cluster_config
from actors.cluster_config import NAMESPACE
from actors.ray_hosts import RayHosts
from actors.rebalancing import (
    HostInfo,
    MigrationFailed,
    draining_nodes,
    eligible_nodes,
    migrate,
    shard_locations,
)
from engine.placement import Mode, balanced

SAMPLE_S = 1.0
"""Seconds over which CPU use is measured."""


class CannotMigrate(Exception):
    """The request cannot be carried out on this cluster. The message has the reason."""


CANNOT = (CannotMigrate, MigrationFailed, ConnectionError, RayError)
"""Errors that prevent listing or migrating shards. The message has the reason."""


def changed(move: tuple[int, str] | None = None, *, balance: bool = False) -> dict[str, Any]:
    """Move a shard to a node, or balance the nodes; returns the moves and the status of all shards
    and nodes. Raises the errors of CANNOT.
    """
    # Ray replaces a loopback address with the machine's own, on which `make run` does not listen.
    addresses = [os.environ.get("RAY_ADDRESS", ""), *services.find_gcs_addresses()]
    if any(each.startswith("127.0.0.1:") for each in addresses):
        ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init(address="auto", namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    return asyncio.run(_changed(move, balance))


async def _changed(move: tuple[int, str] | None, balance: bool) -> dict[str, Any]:
    config = cluster_config.latest()
    if config is None:
        raise CannotMigrate("The application has not been deployed on this cluster.")
    if config.placement.mode is not Mode.SHARD:
        raise CannotMigrate(f"The placement is {config.placement.mode}: only shards can be moved.")
    hosts = RayHosts(config, "shards")
    moves: dict[int, str] = {}
    if move is not None:
        shard, name = move
        moves[shard] = _node(name)
        if moves[shard] not in eligible_nodes(draining_nodes()):
            raise CannotMigrate(
                f"{moves[shard]} is draining, or a head without CPUs: a shard would leave it "
                "immediately."
            )
    elif balance:
        locations = await shard_locations(hosts, config.placement)
        nodes = {shard: info.node for shard, info in locations.items()}
        moves = dict(balanced(nodes, eligible_nodes(draining_nodes())))
    for shard, node in moves.items():
        await migrate(hosts, shard, node)
    return {"moved": moves, **await _status(hosts)}


def _node(wanted: str) -> str:
    """The id of the live node with this id prefix or IP address. Raises CannotMigrate."""
    nodes: list[dict[str, Any]] = [node for node in ray.nodes() if node["Alive"]]
    named = [
        str(node["NodeID"])
        for node in nodes
        if node["NodeID"].startswith(wanted) or node["NodeManagerAddress"] == wanted
    ]
    if len(named) != 1:
        ids = [node["NodeID"] for node in nodes]
        raise CannotMigrate(f"{wanted} matches {len(named)} of the nodes {ids}, instead of one.")
    return named[0]


async def _status(hosts: RayHosts) -> dict[str, Any]:
    """All shards and nodes; `cpu` is in cores, and None if the shard is not running."""
    placement = await hosts.fetch_placement()
    before = await shard_locations(hosts, placement)
    await asyncio.sleep(SAMPLE_S)
    after = await shard_locations(hosts, placement)
    draining = draining_nodes()
    shards = [
        {
            "shard": shard,
            "actor": actor,
            **_row(before.get(shard), after.get(shard)),
            "pinned": [each for each, own in sorted(placement.pinned) if own == shard],
        }
        for shard, actor in placement.actors().items()
    ]
    nodes = [
        {
            "node": node,
            "shards": sum(found.node == node for found in after.values()),
            "draining": node in draining,
        }
        for node in eligible_nodes(())
    ]
    return {"shards": shards, "nodes": nodes}


def _row(before: HostInfo | None, after: HostInfo | None) -> dict[str, Any]:
    if after is None:
        return dict.fromkeys(("node", "pid", "entities", "cpu"))
    used = after.cpu_s - before.cpu_s if before is not None and before.pid == after.pid else 0.0
    return {
        "node": after.node,
        "pid": after.pid,
        "entities": after.entities,
        "cpu": used / SAMPLE_S,
    }


def text(status: dict[str, Any]) -> str:
    """The status as text, one line per move, shard and node."""
    lines = [f"moved shard {shard} to {node}" for shard, node in status["moved"].items()]
    lines.append(
        f"{'shard':<7}{'actor':<14}{'node':<58}{'pid':>8}{'entities':>10}{'CPU':>6}  pinned"
    )
    for row in status["shards"]:
        location = (
            f"{row['node']:<58}{row['pid']:>8}{row['entities']:>10}{row['cpu']:>6.0%}"
            if row["node"]
            else f"{'not running: starts with its first message':<82}"
        )
        pinned = ", ".join(map(str, row["pinned"]))
        lines.append(f"{row['shard']:<7}{row['actor']:<14}{location}  {pinned}")
    for node in status["nodes"]:
        draining = ", draining" if node["draining"] else ""
        lines.append(f"node {node['node']}: {node['shards']} shards{draining}")
    return "\n".join(lines)
