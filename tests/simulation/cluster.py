"""Ray, as far as the product sees of it: named actors that are started, found, lost and killed.

Each life of an actor is a process with a real `Host`. A caller keeps the handle that it found until
a call fails, so that two lives of one name can both be spoken to.
"""

import asyncio
import pickle
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from actors.host import Host, HostSettings
from actors.messages import Rejoin, Wake
from actors.placement import Placement
from actors.transport import HostGone
from actors.whereabouts import Whereabouts
from storage.store import Store
from tests.simulation.caller import Caller
from tests.simulation.chance import SimClock
from tests.simulation.faults import Faults
from tests.simulation.life import Call, Does, Life
from tests.simulation.loop import Process, SimLoop
from tests.simulation.trace import Trace

REST_PERIOD_S = 5.0
VERY_LATE_S = 16.0
"""Longer than a gateway has patience."""


class Cluster:
    """All actors, and the network between them and their callers."""

    def __init__(
        self,
        loop: SimLoop,
        network: Process,
        chance: Random,
        faults: Faults,
        trace: Trace,
        store: Callable[[], Store],
        settings: HostSettings,
        announced: Placement,
    ) -> None:
        self.faults = faults
        self.announced = announced
        self.lives: list[Life] = []
        self._loop = loop
        self._network = network
        self._chance = chance
        self._trace = trace
        self._store = store
        self._settings = settings
        self._names: dict[str, Life] = {}
        self._born = 0

    async def look(self) -> Placement:
        """The newest placement that is announced."""
        await asyncio.sleep(self._delay())
        return self.announced

    # --- lives -----------------------------------------------------------------------------------

    def find(self, name: str) -> Life:
        """The actor of that name, started where there is none."""
        life = self._names.get(name)
        if life is None:
            self._born += 1
            process = Process(f"{name}#{self._born}")
            ready_at = self._loop.time() + self._chance.random() * self._chance.choice((0.02, 1.5))
            clock = SimClock(self._loop, self._chance.uniform(-0.05, 0.05))
            life = self._names[name] = Life(name, self._born, process, clock, ready_at)
            self.lives.append(life)
            self._trace.tell("start", str(life))
        return life

    def is_current(self, life: Life) -> bool:
        return self._names.get(life.name) is life

    def kill(self, life: Life, why: str) -> None:
        """Its memory is gone, and so is what it was about to do. Who waits learns it in time."""
        self._trace.tell(why, str(life))
        life.process.kill()
        self.lives.remove(life)
        if self.is_current(life):
            del self._names[life.name]
        for call in list(life.calls):
            self._lose(call, self._chance.random() * 0.5)

    def double(self, life: Life, cut_off: Sequence[Caller]) -> None:
        """The actor is taken for dead and started anew, but goes on for those not `cut_off`."""
        self._trace.tell("double", str(life), *(caller.name for caller in cut_off))
        del self._names[life.name]
        for caller in cut_off:
            caller.drop(life)
        for call in list(life.calls):
            if call.caller in cut_off:
                self._lose(call, self._chance.random() * 0.5)

    def _started(self, life: Life) -> Host:
        """The host, made within its own process by the first call."""
        if life.host is None:
            hosts = life.caller = Caller(str(life), self, life.process)
            whereabouts = Whereabouts(self.announced, self.look)
            life.host = life.process.context.run(
                Host, life.name, self._store(), hosts, whereabouts, life.clock, self._settings
            )
            life.process.spawn(whereabouts.run())
            life.process.later(REST_PERIOD_S, self._rest, life)
        return life.host

    def _rest(self, life: Life) -> None:
        """An actor that has carried nothing for a while leaves; callers find its successor."""
        assert life.host is not None
        if life.host.rest() and not life.host.stays:
            self.faults.note("actor_left")
            self._network.later(0.0, self._leave, life)
        else:
            life.process.later(REST_PERIOD_S, self._rest, life)

    def _leave(self, life: Life) -> None:
        if life.process.alive and life.host is not None and life.host.rest():
            self.kill(life, "leave")
        else:
            life.process.later(REST_PERIOD_S, self._rest, life)

    # --- calls -----------------------------------------------------------------------------------

    async def call(self, caller: Caller, life: Life, does: Does, batch: tuple[Any, ...]) -> Any:
        """The answer. HostGone where the call or its answer is lost."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        call = Call(caller, life, does, batch, answer)
        life.calls[call] = None
        happens = self.faults.happens
        delay = self._delay() + max(0.0, life.ready_at - self._loop.time())
        if happens("request_lost"):
            self._lose(call, delay + self._detection())
            return await answer
        self._network.later(delay, self._arrive, call)
        if happens("request_doubled"):
            again = Call(caller, life, does, batch, self._loop.create_future())
            later = delay + self._chance.random() * self._chance.choice((0.01, 0.5))
            self._network.later(later, self._arrive, again)
        return await answer

    def _arrive(self, call: Call) -> None:
        life = call.life
        if not life.process.alive:
            self._lose(call, 0.0)
            return
        self._trace.tell("arrive", str(life), call.caller.name, *call.batch)
        for message in call.batch:
            if isinstance(message, Wake | Rejoin):
                self.faults.note(type(message).__name__.lower())
        task = life.process.spawn(_answered(call.does, self._started(life)))
        task.add_done_callback(lambda done: self._return(call, done), context=self._network.context)

    def _return(self, call: Call, done: asyncio.Task[Any]) -> None:
        if done.cancelled():
            return
        packed = done.result()
        happens = self.faults.happens
        if happens("reply_lost"):
            self._lose(call, self._detection())
        else:
            self._network.later(self._delay(), self._given, call, packed)

    def _given(self, call: Call, packed: bytes) -> None:
        call.life.calls.pop(call, None)
        if not call.answer.done():
            call.answer.set_result(pickle.loads(packed))

    def _lose(self, call: Call, delay: float) -> None:
        self._network.later(delay, self._lost, call)

    def _lost(self, call: Call) -> None:
        call.life.calls.pop(call, None)
        call.caller.drop(call.life)
        if not call.answer.done():
            call.answer.set_exception(HostGone(f"{call.life.name}: lost"))
            call.answer.exception()  # who asked may be dead and never look

    def _delay(self) -> float:
        if self.faults.happens("message_very_late"):
            return VERY_LATE_S + self._chance.random() * 4.0
        if self.faults.happens("message_late"):
            return self._chance.random() * 1.0
        return 0.0002 + self._chance.random() * 0.002

    def _detection(self) -> float:
        """How long it takes to learn that a call is lost."""
        return self._chance.random() * self._chance.choice((0.01, 0.5, 3.0))


async def _answered(does: Does, host: Host) -> bytes:
    return pickle.dumps(await does(host), pickle.HIGHEST_PROTOCOL)
