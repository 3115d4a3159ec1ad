"""What befalls the world as a whole, second by second."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.placement import Mode
from protocol.ids import Kind
from storage import keys
from tests.simulation.faults import DISASTERS
from tests.simulation.life import Life
from tests.simulation.world import World, changed, some_placement


class Disasters:
    """Strikes until it is cancelled; `mend` leaves nothing behind that must not be there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance["disasters"]
        self._strikes: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            name: getattr(self, f"_{name}") for name in DISASTERS
        }
        self._under_way: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._chance.random())
            for kind, strike in self._strikes.items():
                if self._world.faults.happens(kind):
                    self._under_way.append(asyncio.create_task(strike()))

    async def mend(self) -> None:
        """No second life of a name, gateways of one mode. What else there is finds its way."""
        world = self._world
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        world.way.away = False
        mode = world.cluster.announced.mode
        for front in list(world.fronts):
            if front.whereabouts.placement.mode is not mode or front.leaving:
                front.kill()
        while len([front for front in world.fronts if front.open]) < 2:
            world.open_front()
            world.fronts = [front for front in world.fronts if front.open]
        for life in list(world.cluster.lives):
            if not world.cluster.is_current(life):
                world.cluster.kill(life, "mend")

    def _some_life(self) -> Life | None:
        lives = [life for life in self._world.cluster.lives if life.host is not None]
        return self._chance.choice(lives) if lives else None

    # --- each of them ----------------------------------------------------------------------------

    async def _host_killed(self) -> None:
        life = self._some_life()
        if life is not None:
            self._world.cluster.kill(life, "kill")

    async def _host_doubled(self) -> None:
        cluster = self._world.cluster
        life = self._some_life()
        if life is None or not cluster.is_current(life):
            return
        self._world.two_owners = True
        callers = [front.caller for front in self._world.fronts]
        cut_off = [caller for caller in callers if self._chance.random() < 0.6]
        others = [each for each in cluster.lives if each.caller is not None and each is not life]
        cut_off += [each.caller for each in others if each.caller and self._chance.random() < 0.6]
        cluster.double(life, cut_off)
        await asyncio.sleep(self._chance.random() * 20.0)
        if life.process.alive:
            cluster.kill(life, "kill")

    async def _gateway_killed(self) -> None:
        front = self._world.front(self._chance)
        if front is not None:
            self._world.trace.tell("kill", front.name)
            front.kill()
            await asyncio.sleep(self._chance.random() * 3.0)
            self._world.open_front()

    async def _gateway_restarted(self) -> None:
        front = self._world.front(self._chance)
        if front is not None:
            self._world.trace.tell("restart", front.name)
            self._world.open_front()
            await front.restart()

    async def _store_away(self) -> None:
        self._world.trace.tell("away")
        self._world.way.away = True
        await asyncio.sleep(self._chance.random() * 6.0)
        self._world.way.away = False
        self._world.trace.tell("back")

    async def _store_loses(self) -> None:
        """The store starts again without its last writes, all of which were acknowledged."""
        world = self._world
        if not all(world.server.look(keys.counter(kind)) for kind in Kind):
            return  # who loses the first ids that there ever were gives them out again
        life, kept, truth = world.server.life, world.server.kept(), world.truth.kept()
        await asyncio.sleep(self._chance.random() * 2.0)
        if world.server.life != life:
            return  # another loss was quicker: what was kept is of a life that is over
        world.trace.tell("lose")
        world.way.away = True
        world.server.begin_life_with(kept)
        world.truth.fall_back(truth)
        await asyncio.sleep(self._chance.random() * 2.0)
        world.way.away = False
        world.trace.tell("back")

    async def _store_forgets_scripts(self) -> None:
        self._world.server.forget_scripts()

    async def _clock_put_back(self) -> None:
        life = self._some_life()
        if life is not None:
            life.clock.off_s -= self._chance.random() * 3.0

    async def _placement_changed(self) -> None:
        """Gateways come up with another placement, one by one; actors stay what they were, until
        somebody asks them for what is not theirs any more."""
        world = self._world
        world.apart = True
        world.announce(some_placement(self._chance))
        for front in [front for front in world.fronts if front.open]:
            world.open_front()
            await front.restart()
            await asyncio.sleep(self._chance.random() * 3.0)

    async def _shards_changed(self) -> None:
        """There are more of them, or fewer, one is pinned, or one moves: nobody starts again."""
        placement = self._world.cluster.announced
        if placement.mode is Mode.SHARD:
            self._world.announce(changed(placement, self._chance))
