"""Injects faults of processes, store, clocks and placement, second by second."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from engine.placement import Mode
from protocol.ids import NUMBERED
from storage import keys
from tests.simulation.cluster import Incarnation
from tests.simulation.faults import WORLD_FAULTS
from tests.simulation.world import SimWorld, change_shards, random_placement


class FaultInjector:
    """Injects faults until cancelled; `heal` restores what the final checks need."""

    def __init__(self, world: SimWorld) -> None:
        self._world = world
        self._rng = world.rngs["disasters"]
        self._faults: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            name: getattr(self, f"_{name}") for name in WORLD_FAULTS
        }
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._rng.random())
            for kind, inject in self._faults.items():
                if self._world.faults.happens(kind):
                    self._tasks.append(asyncio.create_task(inject()))

    async def heal(self) -> None:
        """Make the store available and leave only gateways of the current placement mode."""
        world = self._world
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        world.store_link.is_down = False
        mode = world.cluster.announced.mode
        for gateway in list(world.gateways):
            if gateway.watcher.placement.mode is not mode or gateway.is_draining:
                gateway.kill()
        while len([gateway for gateway in world.gateways if gateway.is_open]) < 2:
            world.start_gateway()
            world.gateways = [gateway for gateway in world.gateways if gateway.is_open]

    def _some_incarnation(self) -> Incarnation | None:
        running = [each for each in self._world.cluster.running if each.host is not None]
        return self._rng.choice(running) if running else None

    # --- each of them ----------------------------------------------------------------------------

    async def _host_killed(self) -> None:
        incarnation = self._some_incarnation()
        if incarnation is not None:
            self._world.cluster.kill(incarnation, "kill")

    async def _host_duplicated(self) -> None:
        cluster = self._world.cluster
        incarnation = self._some_incarnation()
        if incarnation is None or not cluster.is_current(incarnation):
            return
        self._world.may_have_two_owners = True
        callers = [gateway.network for gateway in self._world.gateways]
        callers += [each.network for each in cluster.running if each is not incarnation]
        cut_off = [caller for caller in callers if self._rng.random() < 0.6]
        cluster.start_duplicate(incarnation, cut_off)
        if self._rng.random() < 0.5:
            return  # the old incarnation keeps running
        await asyncio.sleep(self._rng.random() * 20.0)
        if incarnation.process.alive:
            cluster.kill(incarnation, "kill")

    async def _gateway_killed(self) -> None:
        gateway = self._world.pick_gateway(self._rng)
        if gateway is not None:
            self._world.trace.add("kill", gateway.name)
            gateway.kill()
            await asyncio.sleep(self._rng.random() * 3.0)
            self._world.start_gateway()

    async def _gateway_restarted(self) -> None:
        gateway = self._world.pick_gateway(self._rng)
        if gateway is not None:
            self._world.trace.add("restart", gateway.name)
            self._world.start_gateway()
            await gateway.restart()

    async def _store_unavailable(self) -> None:
        self._world.trace.add("away")
        self._world.store_link.is_down = True
        await asyncio.sleep(self._rng.random() * 6.0)
        self._world.store_link.is_down = False
        self._world.trace.add("back")

    async def _store_data_loss(self) -> None:
        """Restart the store without its last acknowledged writes."""
        world = self._world
        if not all(world.server.value_of(keys.counter(kind)) for kind in NUMBERED):
            return  # without any counter, ids would be issued twice
        replication_id, dump, commit_log = (
            world.server.replication_id,
            world.server.dump(),
            world.commit_log.snapshot(),
        )
        await asyncio.sleep(self._rng.random() * 2.0)
        if world.server.replication_id != replication_id:
            return  # restarted meanwhile: the dump is outdated
        world.trace.add("lose")
        world.store_link.is_down = True
        world.server.restart_with(dump)
        world.commit_log.restore(commit_log)
        await asyncio.sleep(self._rng.random() * 2.0)
        world.store_link.is_down = False
        world.trace.add("back")

    async def _store_forgets_scripts(self) -> None:
        self._world.server.forget_scripts()

    async def _clock_set_back(self) -> None:
        incarnation = self._some_incarnation()
        if incarnation is not None:
            incarnation.clock.offset_s -= self._rng.random() * 3.0

    async def _placement_changed(self) -> None:
        """Restart gateways with another placement, one by one; actors keep their entities until
        redirected."""
        world = self._world
        world.spans_hosts = True
        world.announce(random_placement(self._rng))
        for gateway in [gateway for gateway in world.gateways if gateway.is_open]:
            world.start_gateway()
            await gateway.restart()
            await asyncio.sleep(self._rng.random() * 3.0)

    async def _shards_changed(self) -> None:
        """Change the number of shards, pin a restaurant or move a shard, without restarts."""
        placement = self._world.cluster.announced
        if placement.mode is Mode.SHARD:
            self._world.announce(change_shards(placement, self._rng))
