"""Shards that move to another node, and everybody who is told of a new placement.

A shard's next actor is started first, on the node where it is to be. Then a placement that names it
is announced; its old actor, told of that, hands over and ends when nobody asks it any more. Names
are unique in Ray and announcements are numbered: of two who move the same shard at the same time,
one does.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, Protocol

import ray
from ray.exceptions import RayError
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from actors.announced import HostConfig, amend, in_force
from actors.placement import Mode, Placement, balanced
from actors.whereabouts import Whereabouts

log = logging.getLogger(__name__)

START_TIMEOUT_S = 60.0
RETRY_S = 1.0
LOOK_TIMEOUT_S = 2.0
HEAD = "node:__internal_head__"
"""A resource that Ray gives the head's node, and no other."""


class Found(NamedTuple):
    """What a host says of itself: its node, how many entities it has in memory, the CPU seconds
    that its process has used."""

    node: str
    pid: int
    entities: int
    cpu_s: float


class Actors(Protocol):
    """The hosts' Ray actors."""

    config: HostConfig

    async def find_on(self, host: str, node: str) -> Any:
        """The handle of a host's actor; where there is none, it starts on that node."""

    async def find_running(self, host: str) -> Any:
        """The handle of a host's actor. Raises ValueError where there is none."""

    async def warm(self, hosts: Iterable[str]) -> None:
        """Start hosts, so that their first message finds them ready."""

    async def tell(self, hosts: Iterable[str], generation: int) -> None:
        """Have those of the hosts that run know the placement of that number."""


class NotMoved(Exception):
    """The shard is where it was, or where somebody else has moved it. Look, then try again."""


async def follow(
    hosts: Actors,
    whereabouts: Whereabouts,
    announce: Callable[[HostConfig], HostConfig],
    config: HostConfig,
) -> None:
    """Announce, and adopt what holds. Shards that are new run before anybody goes there; the hosts
    that have something to let go of know it first, so that none of them claims it again."""
    before = whereabouts.placement
    if before.mode is config.placement.mode is Mode.SHARD:
        running = before.actors()
        wanted = replace(config.placement, moves=before.moves).actors()
        await hosts.warm(actor for shard, actor in wanted.items() if shard not in running)
    holds = (await asyncio.to_thread(announce, config)).placement
    if holds.generation > before.generation:
        if before.mode is Mode.SHARD:
            await hosts.tell(before.actors().values(), holds.generation)
        whereabouts.learn(holds)


async def move(hosts: Actors, shard: int, node: str) -> None:
    """Let a shard live on another node. Raises NotMoved."""
    config = await asyncio.to_thread(in_force, hosts.config)
    placement = config.placement
    if placement.mode is not Mode.SHARD or shard not in placement.actors():
        raise NotMoved(f"there is no shard {shard}")
    old, successor = (each.actors()[shard] for each in (placement, placement.moved(shard)))
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await _start(hosts, successor, node)
    except (RayError, ValueError, TimeoutError) as error:
        raise NotMoved(
            f"{successor} did not start on node {node}: {type(error).__name__}"
        ) from error

    def change(holds: HostConfig | None) -> HostConfig | None:
        if holds is None or holds.placement.actors().get(shard) != old:
            return None
        return replace(holds, placement=holds.placement.moved(shard))

    announced = await asyncio.to_thread(amend, change)
    if announced is None:
        raise NotMoved(f"shard {shard} was moved, or given up, by somebody else")
    await hosts.tell([old], announced.placement.generation)
    log.warning("a shard has moved", extra={"host": successor, "node": node})


async def _start(hosts: Actors, host: str, node: str) -> None:
    """Until it is there. Ray takes the node as a wish, so that an actor outlives it."""
    while True:
        handle = await hosts.find_on(host, node)
        found: Found = await handle.found.remote()
        if found.node == node:
            return
        holds = await asyncio.to_thread(in_force, hosts.config)
        if host in holds.placement.actors().values():
            raise NotMoved(f"somebody else has moved it to {found.node}")
        log.warning("a shard's next actor started elsewhere", extra={"host": host, "node": node})
        ray.kill(handle)
        await asyncio.sleep(RETRY_S)


async def residents(hosts: Actors, placement: Placement) -> dict[int, Found]:
    """Shard -> what its actor says of itself; shards that do not run are left out."""

    async def ask(host: str) -> Found | None:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                handle = await hosts.find_running(host)
                found: Found = await handle.found.remote()
                return found
        except (RayError, ValueError, TimeoutError):
            return None

    actors = placement.actors()
    answers = await asyncio.gather(*map(ask, actors.values()))
    return {shard: found for shard, found in zip(actors, answers, strict=True) if found}


async def leave_unfit_node(hosts: Actors, host: str) -> None:
    """Let the shard that lives in this very actor move where its node is draining, or is a head
    that is to carry nothing: Ray may start it again on any. Raises NotMoved."""
    here = ray.get_runtime_context().get_node_id()
    draining = await asyncio.to_thread(draining_nodes)
    if here not in draining and await asyncio.to_thread(_carries_shards, here):
        return
    fit = await asyncio.to_thread(eligible, draining)
    if here in fit:
        return
    if not fit:
        raise NotMoved("its node is draining, and there is no other")
    placement = (await asyncio.to_thread(in_force, hosts.config)).placement
    shards = [shard for shard, actor in placement.actors().items() if actor == host]
    homes = {shard: found.node for shard, found in (await residents(hosts, placement)).items()}
    goals = balanced(homes | dict.fromkeys(shards, here), fit)
    for shard in shards:
        await move(hosts, shard, goals[shard])


def draining_nodes() -> set[str]:
    """The ids of the nodes that are to end; blocks."""
    return set(internal_kv_get_gcs_client().get_draining_nodes(timeout=LOOK_TIMEOUT_S))


@cache
def _carries_shards(node: str) -> bool:
    """Whether a live node may, for all its life; blocks."""
    return any(each["NodeID"] == node and _may_carry(each) for each in ray.nodes())


def _may_carry(node: Mapping[str, Any]) -> bool:
    """Any node but a head that offers no CPU. Others without CPUs are meant for actors alone."""
    return HEAD not in node["Resources"] or bool(node["Resources"].get("CPU"))


def eligible(draining: Collection[str]) -> list[str]:
    """The nodes that shards may live on: the head without CPUs only where it is alone; blocks."""
    alive = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in draining]
    working = [node for node in alive if _may_carry(node)]
    return [node["NodeID"] for node in working or alive]
