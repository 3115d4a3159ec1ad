"""Shards migrate by a published placement, or stay where they are."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import ray

from actors import cluster_config, rebalancing
from actors.cluster_config import HostConfig, StoreSettings
from actors.rebalancing import HostInfo, MigrationFailed
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from tests.actors.conftest import KeyValues

PLACEMENT = Placement(Mode.SHARD, shards=2, generation=1)
CONFIG = HostConfig(StoreSettings("redis://localhost"), PLACEMENT)
OLD, NEW = "shard:0", "shard:0#1"


class Handle:
    """The handle of an actor, whose only method is `info`."""

    def __init__(self, node: str) -> None:
        self.node = node

    @property
    def info(self) -> "Handle":
        return self

    async def remote(self) -> HostInfo:
        return HostInfo(self.node, pid=1, entities=0, cpu_s=0.0)


class Hosts:
    """Running actors by name. Actors start on the first of `starts_on`, or else as asked."""

    def __init__(self, **running: str) -> None:
        self.config = CONFIG
        self.running = {name.replace("_", ":"): Handle(node) for name, node in running.items()}
        self.starts_on: list[str] = []
        self.fails_to_start = False
        self.events: list[tuple[Any, ...]] = []

    async def find_or_start(self, host: str, node: str) -> Handle:
        if self.fails_to_start:
            raise ValueError("by the test")
        if host not in self.running:
            self.running[host] = Handle(self.starts_on.pop(0) if self.starts_on else node)
            self.events.append(("start", host, self.running[host].node))
        return self.running[host]

    async def find_running(self, host: str) -> Handle:
        if host not in self.running:
            raise ValueError(host)
        return self.running[host]

    async def start(self, hosts: Iterable[str]) -> None:
        self.events.append(("start", *hosts))

    async def notify_generation(self, hosts: Iterable[str], generation: int) -> None:
        self.events.append(("notify", *hosts, generation))

    def kill(self, handle: Handle) -> None:
        self.events.append(("kill", handle.node))
        self.running = {name: each for name, each in self.running.items() if each is not handle}


@pytest.fixture(autouse=True)
def _published(key_values: KeyValues) -> None:
    cluster_config.compare_and_set(lambda before: CONFIG)


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Both shards on node `a`."""
    hosts = Hosts(shard_0="a", shard_1="a")
    monkeypatch.setattr(ray, "kill", hosts.kill)
    monkeypatch.setattr(rebalancing, "RETRY_S", 0.0)
    return hosts


def in_force() -> Placement:
    return cluster_config.current(CONFIG).placement


async def test_a_migration_starts_the_successor_publishes_it_and_notifies_the_old_host(
    hosts: Hosts,
) -> None:
    await rebalancing.migrate(hosts, 0, "b")
    assert hosts.events == [("start", NEW, "b"), ("notify", OLD, 2)]
    assert in_force() == replace(PLACEMENT.moved(0), generation=2)


async def test_an_unknown_shard_cannot_be_migrated(hosts: Hosts) -> None:
    with pytest.raises(MigrationFailed, match="cannot migrate shard 2: placement"):
        await rebalancing.migrate(hosts, 2, "b")
    assert in_force() == PLACEMENT
    assert hosts.events == []


async def test_a_shard_stays_if_its_successor_does_not_start(hosts: Hosts) -> None:
    hosts.fails_to_start = True
    with pytest.raises(MigrationFailed, match=r"cannot start .* on node b: ValueError"):
        await rebalancing.migrate(hosts, 0, "b")
    assert in_force() == PLACEMENT


async def test_a_successor_that_starts_on_another_node_is_killed_and_started_again(
    hosts: Hosts,
) -> None:
    hosts.starts_on = ["c"]
    await rebalancing.migrate(hosts, 0, "b")
    assert hosts.events[:3] == [("start", NEW, "c"), ("kill", "c"), ("start", NEW, "b")]
    assert in_force().actors()[0] == NEW


async def test_a_successor_that_another_process_published_is_not_killed(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.running[NEW] = Handle("c")
    moved = replace(CONFIG, placement=PLACEMENT.moved(0))

    async def publish_first(host: str, node: str) -> Handle:
        cluster_config.compare_and_set(lambda before: moved)
        return hosts.running[host]

    monkeypatch.setattr(hosts, "find_or_start", publish_first)
    with pytest.raises(MigrationFailed, match="another process has migrated it to node c"):
        await rebalancing.migrate(hosts, 0, "b")
    assert hosts.events == []
    assert in_force().generation == 2


async def test_only_one_of_two_concurrent_migrations_succeeds(hosts: Hosts) -> None:
    results = await asyncio.gather(
        *(rebalancing.migrate(hosts, 0, "b") for _ in range(2)), return_exceptions=True
    )
    assert sorted(map(type, results), key=str) == [type(None), MigrationFailed]
    assert in_force() == replace(PLACEMENT.moved(0), generation=2)


async def test_locations_leave_out_shards_whose_actor_does_not_run(hosts: Hosts) -> None:
    del hosts.running["shard:1"]
    locations = await rebalancing.shard_locations(hosts, PLACEMENT)
    assert {shard: info.node for shard, info in locations.items()} == {0: "a"}


async def test_a_roll_out_starts_new_shards_then_notifies_hosts_then_adopts(hosts: Hosts) -> None:
    watcher = PlacementWatcher(PLACEMENT)
    watcher.subscribe(lambda: hosts.events.append(("adopt", watcher.placement.generation)))
    grown = replace(CONFIG, placement=replace(PLACEMENT, shards=3))
    await rebalancing.roll_out(hosts, watcher, grown)
    assert hosts.events == [
        ("start", "shard:2"),
        ("notify", "shard:0", "shard:1", 2),
        ("adopt", 2),
    ]
    assert in_force().shards == 3


async def test_a_roll_out_without_changes_notifies_no_host(hosts: Hosts) -> None:
    watcher = PlacementWatcher(PLACEMENT)
    await rebalancing.roll_out(hosts, watcher, CONFIG)
    assert hosts.events == [("start",)]
    assert watcher.placement == PLACEMENT


# --- nodes ---------------------------------------------------------------------------------------


def node(name: str, *, head: bool = False, cpus: int = 4, alive: bool = True) -> dict[str, Any]:
    resources = {"CPU": float(cpus)} if cpus else {}
    if head:
        resources[rebalancing.HEAD] = 1.0
    return {"NodeID": name, "Alive": alive, "Resources": resources}


@pytest.mark.parametrize(
    ("nodes", "draining", "eligible"),
    [
        ([node("head", head=True), node("a")], [], ["head", "a"]),
        ([node("head", head=True, cpus=0), node("a")], [], ["a"]),
        ([node("head", head=True, cpus=0)], [], ["head"]),
        ([node("head", head=True, cpus=0), node("a", cpus=0)], [], ["a"]),
        ([node("a"), node("b")], ["b"], ["a"]),
        ([node("a"), node("b", alive=False)], [], ["a"]),
        ([node("a")], ["a"], []),
    ],
    ids=["head with CPUs", "head without CPUs", "head alone", "worker without CPUs", "draining",
         "dead", "all draining"],
)  # fmt: skip
def test_eligible_nodes_are_alive_not_draining_and_no_head_without_cpus(
    monkeypatch: pytest.MonkeyPatch,
    nodes: list[dict[str, Any]],
    draining: list[str],
    eligible: list[str],
) -> None:
    monkeypatch.setattr(ray, "nodes", lambda: nodes)
    assert rebalancing.eligible_nodes(draining) == eligible


class Cluster:
    """Node `a`, where the caller runs, and node `b`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.draining: set[str] = set()
        self.nodes = [node("a"), node("b")]
        rebalancing._is_for_shards.cache_clear()
        monkeypatch.setattr(ray, "nodes", lambda: self.nodes)
        monkeypatch.setattr(ray, "get_runtime_context", lambda: self)
        monkeypatch.setattr(rebalancing, "draining_nodes", lambda: self.draining)

    def get_node_id(self) -> str:
        return "a"


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


async def test_a_shard_stays_on_an_eligible_node(hosts: Hosts, nodes: Cluster) -> None:
    await rebalancing.evacuate_node(hosts, OLD)
    assert hosts.events == []
    assert in_force() == PLACEMENT


async def test_a_shard_leaves_a_draining_node(hosts: Hosts, nodes: Cluster) -> None:
    nodes.draining = {"a"}
    await rebalancing.evacuate_node(hosts, OLD)
    assert hosts.events[0] == ("start", NEW, "b")
    assert in_force().actors() == {0: NEW, 1: "shard:1"}


async def test_a_shard_leaves_a_head_without_cpus(hosts: Hosts, nodes: Cluster) -> None:
    nodes.nodes = [node("a", head=True, cpus=0), node("b")]
    await rebalancing.evacuate_node(hosts, OLD)
    assert hosts.events[0] == ("start", NEW, "b")


async def test_a_shard_stays_on_a_draining_node_without_another_node(
    hosts: Hosts, nodes: Cluster
) -> None:
    nodes.draining = {"a", "b"}
    with pytest.raises(MigrationFailed, match="no other node is eligible"):
        await rebalancing.evacuate_node(hosts, OLD)
    assert in_force() == PLACEMENT
