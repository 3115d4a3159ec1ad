"""Migrates shards between nodes, and rolls out new placements.

A shard migrates in three steps: its next actor starts on the new node; a placement with that actor
is published; the old actor is notified, hands its entities over, and exits when it gets no more
messages. Actor names are unique in Ray and published versions are numbered, so of two processes
that migrate the same shard at the same time only one succeeds.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, Protocol

import ray
from ray.exceptions import RayError
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from actors import cluster_config
from actors.cluster_config import HostConfig
from engine.placement import Mode, Placement, balanced
from engine.placement_watcher import PlacementWatcher

log = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
RETRY_S = 1.0
INFO_TIMEOUT_S = 2.0
HEAD = "node:__internal_head__"
"""A resource that only the head's node has."""


class HostInfo(NamedTuple):
    """A running host: the id of its Ray node, its process id, its number of entities in memory, and
    the CPU time of its process in seconds."""

    node: str
    pid: int
    entities: int
    cpu_s: float


class Actors(Protocol):
    """Finds and starts the Ray actors of hosts."""

    config: HostConfig

    async def find_or_start(self, host: str, node: str) -> Any:
        """The handle of a host's actor, which is started on `node` if it is not running."""

    async def find_running(self, host: str) -> Any:
        """The handle of a host's actor. Raises ValueError if it is not running."""

    async def start(self, hosts: Iterable[str]) -> None:
        """Start hosts before their first message."""

    async def notify_generation(self, hosts: Iterable[str], generation: int) -> None:
        """Have those of these hosts that are running adopt the placement of that number."""


class MigrationFailed(Exception):
    """This call has not migrated the shard. Another process may have migrated it: read its location
    before the next attempt."""


async def roll_out(hosts: Actors, watcher: PlacementWatcher, config: HostConfig) -> None:
    """Publish a configuration, and adopt the current placement.

    New shards are started before the placement is published. Hosts of the previous placement are
    notified before this process adopts the new one, so that they do not claim entities again that
    they have just handed over."""
    before = watcher.placement
    if before.mode is config.placement.mode is Mode.SHARD:
        running = before.actors()
        next_actors = replace(config.placement, moves=before.moves).actors()
        await hosts.start(actor for shard, actor in next_actors.items() if shard not in running)
    placement = (await asyncio.to_thread(cluster_config.publish, config)).placement
    if placement.generation > before.generation:
        if before.mode is Mode.SHARD:
            await hosts.notify_generation(before.actors().values(), placement.generation)
        watcher.update(placement)


async def migrate(hosts: Actors, shard: int, node: str) -> None:
    """Migrate a shard to another node. Raises MigrationFailed."""
    config = await asyncio.to_thread(cluster_config.current, hosts.config)
    placement = config.placement
    if placement.mode is not Mode.SHARD or shard not in placement.actors():
        raise MigrationFailed(
            f"cannot migrate shard {shard}: placement {placement.generation} does not have it"
        )
    old, successor = (each.actors()[shard] for each in (placement, placement.moved(shard)))
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await _start(hosts, successor, node)
    except (RayError, ValueError, TimeoutError) as error:
        raise MigrationFailed(
            f"cannot start {successor} on node {node}: {type(error).__name__}"
        ) from error

    def change(latest: HostConfig | None) -> HostConfig | None:
        if latest is None or latest.placement.actors().get(shard) != old:
            return None
        return replace(latest, placement=latest.placement.moved(shard))

    published = await asyncio.to_thread(cluster_config.compare_and_set, change)
    if published is None:
        raise MigrationFailed(
            f"cannot migrate shard {shard}: another process has migrated or removed it"
        )
    await hosts.notify_generation([old], published.placement.generation)
    log.warning("shard migrated", extra={"host": successor, "node": node})


async def _start(hosts: Actors, host: str, node: str) -> None:
    """Start a host on a node. Node affinity is soft, so that Ray can restart the actor elsewhere if
    its node is lost; an actor that first starts elsewhere is killed and started again. Raises
    MigrationFailed."""
    while True:
        handle = await hosts.find_or_start(host, node)
        info: HostInfo = await handle.info.remote()
        if info.node == node:
            return
        config = await asyncio.to_thread(cluster_config.current, hosts.config)
        if host in config.placement.actors().values():
            raise MigrationFailed(
                f"cannot start {host}: another process has migrated it to node {info.node}"
            )
        log.warning(
            "actor started on another node; starting it again", extra={"host": host, "node": node}
        )
        ray.kill(handle)
        await asyncio.sleep(RETRY_S)


async def shard_locations(hosts: Actors, placement: Placement) -> dict[int, HostInfo]:
    """The running actor of each shard. Shards whose actor is not running or does not answer within
    INFO_TIMEOUT_S are omitted."""

    async def info_of(host: str) -> HostInfo | None:
        try:
            async with asyncio.timeout(INFO_TIMEOUT_S):
                handle = await hosts.find_running(host)
                info: HostInfo = await handle.info.remote()
                return info
        except (RayError, ValueError, TimeoutError):
            return None

    actors = placement.actors()
    infos = await asyncio.gather(*map(info_of, actors.values()))
    return {shard: info for shard, info in zip(actors, infos, strict=True) if info}


async def evacuate_node(hosts: Actors, host: str) -> None:
    """Migrate the shard of this actor if its node is draining or not eligible: Ray can restart an
    actor on any node. Raises MigrationFailed."""
    here = ray.get_runtime_context().get_node_id()
    draining = await asyncio.to_thread(draining_nodes)
    if here not in draining and await asyncio.to_thread(_is_for_shards, here):
        return
    eligible = await asyncio.to_thread(eligible_nodes, draining)
    if here in eligible:
        return
    if not eligible:
        raise MigrationFailed(
            f"cannot evacuate {host}: its node is draining, and no other node is eligible"
        )
    placement = (await asyncio.to_thread(cluster_config.current, hosts.config)).placement
    shards = [shard for shard, actor in placement.actors().items() if actor == host]
    locations = await shard_locations(hosts, placement)
    nodes = {shard: info.node for shard, info in locations.items()} | dict.fromkeys(shards, here)
    moves = balanced(nodes, eligible)
    for shard in shards:
        await migrate(hosts, shard, moves[shard])


def draining_nodes() -> set[str]:
    """The ids of the draining nodes. Blocks."""
    return set(internal_kv_get_gcs_client().get_draining_nodes(timeout=INFO_TIMEOUT_S))


@cache
def _is_for_shards(node: str) -> bool:
    """Whether a live node may run shards, which never changes. Blocks."""
    return any(each["NodeID"] == node and _may_run_shards(each) for each in ray.nodes())


def _may_run_shards(node: Mapping[str, Any]) -> bool:
    """Whether a node is not a head without CPUs. Other nodes without CPUs are for actors."""
    return HEAD not in node["Resources"] or bool(node["Resources"].get("CPU"))


def eligible_nodes(draining: Collection[str]) -> list[str]:
    """The ids of the nodes that may run shards. A head without CPUs is eligible only if there is no
    other node. Blocks."""
    alive = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in draining]
    eligible = [node for node in alive if _may_run_shards(node)]
    return [node["NodeID"] for node in eligible or alive]
