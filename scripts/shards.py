"""Where the shards live, and moving them: `python -m scripts.shards`, on any node of the cluster.

    python -m scripts.shards                       lists shards and nodes
    python -m scripts.shards --move 1 --to NODE    moves a shard; NODE: how its id begins, or its IP
    python -m scripts.shards --balance             moves few shards, until nodes have equally many

No socket is closed, and nothing is lost; clients wait for a moment.
"""

import argparse
import asyncio
import logging
import sys
from typing import Any

import ray
from ray.exceptions import RayError

from actors.announced import NAMESPACE, announced
from actors.moving import Found, NotMoved, draining_nodes, eligible, move, residents
from actors.placement import Mode, balanced
from actors.ray_hosts import RayHosts

SAMPLE_S = 1.0
"""Between two looks at the processes' CPU time."""


class Wrong(Exception):
    """In a sentence, why nothing can be done."""


def main() -> int:
    arguments = _parsed()
    try:
        ray.init(
            address="auto", namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR
        )
        asyncio.run(_run(arguments))
    except (Wrong, NotMoved, ConnectionError, RayError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m scripts.shards",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--move", type=int, metavar="SHARD")
    parser.add_argument("--to", metavar="NODE")
    parser.add_argument("--balance", action="store_true")
    parsed = parser.parse_args()
    if (parsed.move is None) != (parsed.to is None) or (parsed.balance and parsed.to):
        parser.error("it is --move SHARD --to NODE, or --balance")
    return parsed


async def _run(arguments: argparse.Namespace) -> None:
    config = announced()
    if config is None:
        raise Wrong("The application has not been deployed on this cluster.")
    if config.placement.mode is not Mode.SHARD:
        raise Wrong(f"The placement is {config.placement.mode}: only shards can be moved.")
    hosts = RayHosts(config)
    if arguments.move is not None:
        node = _node(arguments.to)
        if node not in eligible(draining_nodes()):
            raise Wrong(
                f"{node} is draining, or a head without CPUs: shards would leave it at once."
            )
        await move(hosts, arguments.move, node)
    elif arguments.balance:
        homes = {shard: it.node for shard, it in (await residents(hosts, config.placement)).items()}
        for shard, node in balanced(homes, eligible(draining_nodes())).items():
            await move(hosts, shard, node)
            print(f"shard {shard} has moved to {node}")
    await _show(hosts)


def _node(wanted: str) -> str:
    """The id of the live node that this names."""
    nodes: list[dict[str, Any]] = [node for node in ray.nodes() if node["Alive"]]
    named = [
        str(node["NodeID"])
        for node in nodes
        if node["NodeID"].startswith(wanted) or node["NodeManagerAddress"] == wanted
    ]
    if len(named) != 1:
        raise Wrong(f"{wanted} names {len(named)} nodes of {[node['NodeID'] for node in nodes]}.")
    return named[0]


async def _show(hosts: RayHosts) -> None:
    placement = await hosts.look()
    before = await residents(hosts, placement)
    await asyncio.sleep(SAMPLE_S)
    after = await residents(hosts, placement)
    draining = draining_nodes()
    print(f"{'shard':<7}{'actor':<14}{'node':<58}{'pid':>8}{'entities':>10}{'CPU':>6}  pinned")
    for shard, actor in placement.actors().items():
        pinned = ", ".join(str(each) for each, own in sorted(placement.pinned) if own == shard)
        print(f"{shard:<7}{actor:<14}{_row(before.get(shard), after.get(shard))}  {pinned}")
    for node in eligible(()):
        count = sum(found.node == node for found in after.values())
        print(f"node {node}: {count} shards{', draining' if node in draining else ''}")


def _row(before: Found | None, after: Found | None) -> str:
    if after is None:
        return f"{'does not run: it starts with its first message':<82}"
    used = after.cpu_s - before.cpu_s if before is not None and before.pid == after.pid else 0.0
    return f"{after.node:<58}{after.pid:>8}{after.entities:>10}{used / SAMPLE_S:>6.0%}"


if __name__ == "__main__":
    sys.exit(main())
