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
"""The period over which CPU use is measured."""


class CannotMigrate(Exception):
    """The request does not fit the cluster. The message says why."""


CANNOT = (CannotMigrate, MigrationFailed, ConnectionError, RayError)
"""The shards cannot be listed or migrated. The message says why."""


def changed(move: tuple[int, str] | None = None, *, balance: bool = False) -> dict[str, Any]:
    """Moves a shard to a node, or balances the nodes, and returns what `_found` does.

    Raises the errors of CANNOT.
    """
    # Ray replaces a loopback address by the machine's own, where `make run` does not listen.
    addresses = [os.environ.get("RAY_ADDRESS", ""), *services.find_gcs_addresses()]
    if any(each.startswith("127.0.0.1:") for each in addresses):
        ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init(address="auto", namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    return asyncio.run(_changed(move, balance))


async def _changed(wanted: tuple[int, str] | None, balance: bool) -> dict[str, Any]:
    config = cluster_config.latest()
    if config is None:
        raise CannotMigrate("The application has not been deployed on this cluster.")
    if config.placement.mode is not Mode.SHARD:
        raise CannotMigrate(f"The placement is {config.placement.mode}: only shards can be moved.")
    hosts = RayHosts(config, "shards")
    moves: dict[int, str] = {}
    if wanted is not None:
        shard, name = wanted
        moves[shard] = _node(name)
        if moves[shard] not in eligible_nodes(draining_nodes()):
            raise CannotMigrate(
                f"{moves[shard]} is draining, or a head without CPUs: shards would leave it at "
                "once."
            )
    elif balance:
        locations = await shard_locations(hosts, config.placement)
        nodes = {shard: info.node for shard, info in locations.items()}
        moves = dict(balanced(nodes, eligible_nodes(draining_nodes())))
    for shard, node in moves.items():
        await migrate(hosts, shard, node)
    return {"moved": moves, **await _found(hosts)}


def _node(wanted: str) -> str:
    """The id of the live node that this names."""
    nodes: list[dict[str, Any]] = [node for node in ray.nodes() if node["Alive"]]
    named = [
        str(node["NodeID"])
        for node in nodes
        if node["NodeID"].startswith(wanted) or node["NodeManagerAddress"] == wanted
    ]
    if len(named) != 1:
        ids = [node["NodeID"] for node in nodes]
        raise CannotMigrate(f"{wanted} names {len(named)} nodes of {ids}.")
    return named[0]


async def _found(hosts: RayHosts) -> dict[str, Any]:
    """Shards and nodes; `cpu` is in cores, and None if the shard does not run."""
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


def text(found: dict[str, Any]) -> str:
    """Shards and nodes as text, one line each."""
    lines = [f"shard {shard} has moved to {node}" for shard, node in found["moved"].items()]
    lines.append(
        f"{'shard':<7}{'actor':<14}{'node':<58}{'pid':>8}{'entities':>10}{'CPU':>6}  pinned"
    )
    for row in found["shards"]:
        home = (
            f"{row['node']:<58}{row['pid']:>8}{row['entities']:>10}{row['cpu']:>6.0%}"
            if row["node"]
            else f"{'does not run: it starts with its first message':<82}"
        )
        pinned = ", ".join(map(str, row["pinned"]))
        lines.append(f"{row['shard']:<7}{row['actor']:<14}{home}  {pinned}")
    for node in found["nodes"]:
        draining = ", draining" if node["draining"] else ""
        lines.append(f"node {node['node']}: {node['shards']} shards{draining}")
    return "\n".join(lines)
