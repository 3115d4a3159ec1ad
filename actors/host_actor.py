"""The Ray actors that hold entities: thin wrappers of `engine.host.Host`.

Ray names, starts and restarts them; messages arrive on streams (`engine/streams.py`). An actor that
has held no entity for some time exits, and the next message to its name starts another one. This
module does not interpret messages.
"""

import asyncio
import logging
import os
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import ray
from ray.exceptions import RayError

from actors import cluster_config, gc_tuning
from actors.cluster_config import HostConfig
from actors.ray_hosts import RayHosts
from actors.ray_metrics import RayMetrics
from actors.rebalancing import HostInfo, MigrationFailed, evacuate_node
from engine import tracing
from engine.host import Host
from engine.metrics import COMMON, HOST
from engine.peers import Peers
from engine.periodic import every
from engine.placement import Mode
from engine.placement_watcher import PlacementWatcher
from engine.stream_sockets import StreamListener
from protocol.ids import Kind

log = logging.getLogger(__name__)

IDLE_CHECK_PERIOD_S = 5.0
EVACUATION_CHECK_PERIOD_S = 1.0


class WallClock:
    """The machine's clock, to the millisecond."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class HostActor:
    """Runs a `Host` in a Ray actor. Ray calls its methods by name, also from processes of other
    releases, so a renamed method breaks rolling upgrades."""

    def __init__(self, name: str, config: HostConfig) -> None:
        self._name = name
        current = cluster_config.current(config)
        is_same_code = current.deployment == config.deployment
        self._config = current if is_same_code else config
        self._hosts = RayHosts(self._config, f"{name} {uuid4().hex}")
        self._peers = Peers(self._hosts)
        self._watcher = PlacementWatcher(self._config.placement, self._hosts.fetch_placement)
        self._host: Host | None = None
        self._is_exiting = False
        self._jobs: list[asyncio.Task[None]] = []

    async def deployment(self) -> int:
        """The number of the deployment whose settings and code this actor uses."""
        return self._config.deployment

    async def endpoint(self, node: str) -> tuple[str | tuple[str, int], bytes, str, int]:
        """The fields of the `Endpoint` to which a process on that node connects."""
        self._started_host()
        address, secret, incarnation, protocol = await self._listener.endpoint(node)
        return address, secret, incarnation, protocol

    async def info(self) -> HostInfo:
        """The node and process of this host, once the host is ready for messages. Raises
        StoreUnavailable."""
        host = self._started_host()
        await self._store.ping()
        node = ray.get_runtime_context().get_node_id()
        return HostInfo(node, os.getpid(), host.entities, time.process_time())

    async def set_generation(self, generation: int) -> None:
        """Fetch a placement of at least that generation, and hand over the entities that other
        hosts hold in it."""
        await self._watcher.refresh(generation)

    async def exit_if_idle(self) -> None:
        """End this actor, unless it holds entities again."""
        if self._host is not None and self._host.evict_idle():
            ray.actor.exit_actor()
        self._is_exiting = False

    def _started_host(self) -> Host:
        """The host. The first call starts it, on the actor's own event loop."""
        if self._host is None:
            gc_tuning.tune()
            tracing.install(self._config.trace_sample_rate, self._name)
            self._store = self._config.store.open()
            self._host = Host(
                self._name,
                self._store,
                self._peers,
                self._watcher,
                WallClock(),
                self._config.host,
            )
            context = ray.get_runtime_context()
            self._listener = StreamListener(
                context.get_node_id(),
                ray.util.get_node_ip_address(),
                self._host.attach,
                range(*self._config.stream_ports),
            )
            self._start_jobs(self._host)
        return self._host

    def _start_jobs(self, host: Host) -> None:
        idle_check_s = min(IDLE_CHECK_PERIOD_S, self._config.host.idle_s / 4)
        jobs: list[Coroutine[Any, Any, None]] = [
            every(idle_check_s, self._exit_when_idle, name="exit_when_idle"),
            self._export_metrics(host),
            self._watcher.run(),
        ]
        if self._name.startswith("shard:"):
            evacuate = self._evacuate_if_draining
            jobs.append(every(EVACUATION_CHECK_PERIOD_S, evacuate, name="evacuate_if_draining"))
        self._jobs = [asyncio.create_task(job) for job in jobs]

    async def _export_metrics(self, host: Host) -> None:
        """Export metrics with the host's name as label. With placement `entity` the label is the
        entity's kind, because a time series per entity would be too many."""
        is_per_entity = self._config.placement.mode is Mode.ENTITY
        name = self._name.partition(":")[0] if is_per_entity else self._name
        await RayMetrics("host", name, HOST, COMMON).run(host.measure)

    async def _evacuate_if_draining(self) -> None:
        """Migrate the shard if its node is draining or not eligible. Until that succeeds, the shard
        continues to work here."""
        try:
            await evacuate_node(self._hosts, self._name)
        except MigrationFailed as error:
            log.warning(
                "shard still on an ineligible node",
                extra={"host": self._name, "why": str(error)},
            )
        except RayError as error:  # for example, because the head is restarting
            log.warning(
                "cannot check whether the node is eligible for shards",
                extra={"host": self._name, "why": str(error)},
            )

    async def _exit_when_idle(self) -> None:
        assert self._host is not None
        self._peers.close_old()
        if self._is_exiting:
            return
        if self._host.evict_idle() and not self._host.is_required:
            self._is_exiting = True  # an actor with pending calls to itself would never end
            ray.get_runtime_context().current_actor.exit_if_idle.remote()


class OrderActor(HostActor):
    """Holds one order."""


class TableActor(HostActor):
    """Holds one table."""


class SessionActor(HostActor):
    """Holds one session."""


class WaiterActor(HostActor):
    """Holds one waiter."""


class MenuActor(HostActor):
    """Holds one menu."""


class RestaurantActor(HostActor):
    """Holds one restaurant. With placement `restaurant`, holds all entities of that restaurant."""


class ShardActor(HostActor):
    """Holds all entities of the restaurants in its shard."""


CLASSES: dict[str, type[HostActor]] = {
    Kind.ORDER: OrderActor,
    Kind.TABLE: TableActor,
    Kind.SESSION: SessionActor,
    Kind.WAITER: WaiterActor,
    Kind.MENU: MenuActor,
    Kind.RESTAURANT: RestaurantActor,
    "shard": ShardActor,
}
"""Actor classes by the prefix of a host's name, up to its colon."""
