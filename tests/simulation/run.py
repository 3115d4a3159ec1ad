"""One seed from its beginning to its end: an evening with faults, then calm, then the reckoning."""

import asyncio
import logging
import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.chance import sealed, stream
from tests.simulation.disasters import Disasters
from tests.simulation.loop import SimLoop
from tests.simulation.people import People
from tests.simulation.reckoning import reckon
from tests.simulation.thrift import thrifty
from tests.simulation.trace import Trace
from tests.simulation.view import Violation
from tests.simulation.world import World, eventually

EVENING_S = 25.0
LAST_ORDERS_S = 120.0
QUIET_S = 60.0
CALLS_S = 200.0


@dataclass(slots=True)
class Report:
    """What came of a seed; `failure` is None where all guarantees held."""

    seed: int
    failure: str | None = None
    steps: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    trace: Trace | None = None


def simulate(seed: int, *, listen: bool = False) -> Report:
    """Run a seed. Whatever goes wrong is in the report; `listen` adds what the product logs."""
    report = Report(seed)
    order = stream(seed, "order")
    loop = SimLoop(order if order.random() < 0.5 else None)  # type: ignore[abstract]  # enough of one
    errors = _Errors(report, listen)
    logging.getLogger().addHandler(errors)
    logging.disable(logging.INFO if listen else logging.WARNING)
    try:
        with sealed(seed, loop), thrifty():
            try:
                loop.run(_evening(seed, loop, report))
                if errors.found:
                    raise Violation(errors.found[0])
            finally:
                report.seconds, report.steps = loop.time(), loop.steps
    except Exception as error:
        report.failure = f"{type(error).__name__}: {error}"
        if not isinstance(error, Violation):
            report.failure += "\n" + "".join(traceback.format_exception(error))
    finally:
        logging.getLogger().removeHandler(errors)
        logging.disable(logging.NOTSET)
    return report


class _Errors(logging.Handler):
    """What the product logs as an error is one: it should never have come to that."""

    def __init__(self, report: Report, listen: bool) -> None:
        super().__init__(logging.WARNING if listen else logging.ERROR)
        self.found: list[str] = []
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        details = {name: getattr(record, name) for name in _DETAILS if hasattr(record, name)}
        error = record.exc_info[1] if record.exc_info else None
        where = "".join(traceback.format_exception(error)) if error else ""
        after_a_loss = record.msg in _AFTER_A_LOSS and self._report.counts["store_loses"]
        if record.levelno >= logging.ERROR and not after_a_loss:
            self.found.append(f"logged: {record.getMessage()} {details} {where}")
        if self._report.trace is not None:
            self._report.trace.tell("log", record.getMessage(), details, where)


_AFTER_A_LOSS = (
    "the store has lost what it acknowledged: did it restart, or fail over?",
    "an effect was refused and is dropped",
)
_DETAILS = ("entity", "source", "message_type", "answer", "host", "why", "restaurant")


async def _evening(seed: int, loop: SimLoop, report: Report) -> None:
    world = World(seed, loop)
    report.trace, report.counts = world.trace, world.faults.counts
    disasters = Disasters(world)
    people = People(world, wishes=world.chance["world"].choice((5, 10, 20)))
    evening = asyncio.create_task(people.spend_the_evening())
    striking = asyncio.create_task(disasters.run())
    await asyncio.wait({evening}, timeout=EVENING_S)
    world.trace.tell("calm")
    world.faults.calm = True
    striking.cancel()
    await disasters.mend()
    await asyncio.wait({evening}, timeout=LAST_ORDERS_S)
    if not evening.done():
        asked = [str(wish) for wish in world.wishes if wish.is_open]
        raise Violation(f"never answered: {asked}")
    evening.result()
    await _quiet(world)
    if seed % 4 == 0:
        await _after_the_last_call(world)
    reckon(world)


async def _quiet(world: World) -> None:
    """Everything delivered, everybody up to date."""

    def delivered() -> bool:
        return not any(entry.startswith(b"e:") for _, entry in world.outboxes())

    def up_to_date() -> bool:
        return not any(device.is_open and device.view.behind for device in world.devices)

    if not await eventually(world, delivered, QUIET_S):
        raise Violation(f"never delivered: {list(world.outboxes())}")

    def gone() -> bool:
        return not any(device.is_open and device.has_overstayed for device in world.devices)

    if not await eventually(world, gone, QUIET_S):
        stayed = [
            f"{device.name} on {device.topic}"
            for device in world.devices
            if device.is_open and device.has_overstayed
        ]
        raise Violation(f"guests of a closed session are still there: {stayed}")
    if not await eventually(world, up_to_date, QUIET_S):
        behind = [
            f"{device.name} on {device.topic}: {device.view.last} of {len(device.view.stored)}"
            for device in world.devices
            if device.is_open and device.view.behind
        ]
        raise Violation(f"never told: {behind}")
    for device in world.devices:
        device.leave()


async def _after_the_last_call(world: World) -> None:
    """Until every call has taken its last step."""
    if not await eventually(world, lambda: not any(world.outboxes()), CALLS_S):
        raise Violation(f"never rang: {list(world.outboxes())}")
