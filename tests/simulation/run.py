"""Runs one seed: a workload with faults, then recovery, then the final checks."""

import asyncio
import logging
import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.client_view import Violation
from tests.simulation.fault_injector import FaultInjector
from tests.simulation.final_checks import check_final_state
from tests.simulation.loop import SimLoop
from tests.simulation.randomness import deterministic, random_stream
from tests.simulation.shared_caches import shared_caches
from tests.simulation.trace import Trace
from tests.simulation.workload import Workload
from tests.simulation.world import SimWorld, eventually

WORKLOAD_S = 25.0
DRAIN_S = 120.0
QUIESCE_S = 60.0
TIMERS_S = 3000.0
"""Longer than the longest timer: an empty session closes after 45 minutes if it is not set."""


@dataclass(slots=True)
class Report:
    """The result of a seed; `failure` is None if all guarantees held."""

    seed: int
    failure: str | None = None
    steps: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    trace: Trace | None = None


def simulate(seed: int, *, log_all: bool = False) -> Report:
    """Run a seed. The report has any failure; `log_all` adds the product's logs to the trace."""
    report = Report(seed)
    order = random_stream(seed, "order")
    loop = SimLoop(order if order.random() < 0.5 else None)  # type: ignore[abstract]  # enough of one
    errors = _Errors(report, log_all)
    logging.getLogger().addHandler(errors)
    logging.disable(logging.INFO if log_all else logging.WARNING)
    try:
        with deterministic(seed, loop), shared_caches():
            try:
                loop.run(_run_workload(seed, loop, report))
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
    """Collects errors that the product logs: each is a failure."""

    def __init__(self, report: Report, log_all: bool) -> None:
        super().__init__(logging.WARNING if log_all else logging.ERROR)
        self.found: list[str] = []
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        details = {name: getattr(record, name) for name in _DETAILS if hasattr(record, name)}
        error = record.exc_info[1] if record.exc_info else None
        error_text = "".join(traceback.format_exception(error)) if error else ""
        is_expected = (
            record.msg in _EXPECTED_AFTER_DATA_LOSS and self._report.counts["store_data_loss"]
        )
        if record.levelno >= logging.ERROR and not is_expected:
            self.found.append(f"logged: {record.getMessage()} {details} {error_text}")
        if self._report.trace is not None:
            self._report.trace.add("log", record.getMessage(), details, error_text)


_EXPECTED_AFTER_DATA_LOSS = (
    "store has lost acknowledged writes",
    "effect refused and dropped",
)
_DETAILS = ("entity", "source", "message_type", "answer", "host", "why", "restaurant")


async def _run_workload(seed: int, loop: SimLoop, report: Report) -> None:
    world = SimWorld(seed, loop)
    report.trace, report.counts = world.trace, world.faults.counts
    injector = FaultInjector(world)
    workload = Workload(world, requests=world.rngs["world"].choice((5, 10, 20)))
    workload_task = asyncio.create_task(workload.run())
    injection = asyncio.create_task(injector.run())
    await asyncio.wait({workload_task}, timeout=WORKLOAD_S)
    world.trace.add("calm")
    world.faults.are_disabled = True
    injection.cancel()
    await injector.heal()
    await asyncio.wait({workload_task}, timeout=DRAIN_S)
    if not workload_task.done():
        unanswered = [str(request) for request in world.requests if request.is_open]
        raise Violation(f"no response: {unanswered}")
    workload_task.result()
    await _wait_until_quiescent(world)
    if seed % 4 == 0:
        await _wait_for_timers(world)
    check_final_state(world)


async def _wait_until_quiescent(world: SimWorld) -> None:
    """Wait until all effects are delivered and all clients are up to date."""

    def delivered() -> bool:
        """No effect is under way, nor about to be: no order is in its grace period."""
        under_way = (b"e:", b"t:ready")
        return not any(entry.startswith(under_way) for _, entry in world.outboxes())

    def up_to_date() -> bool:
        return not any(client.is_open and client.view.missing_events for client in world.clients)

    if not await eventually(world, delivered, QUIESCE_S):
        raise Violation(f"never delivered: {list(world.outboxes())}")

    def all_left() -> bool:
        return not any(client.is_open and client.has_closed_session for client in world.clients)

    if not await eventually(world, all_left, QUIESCE_S):
        remaining = [
            f"{client.name} on {client.topic}"
            for client in world.clients
            if client.is_open and client.has_closed_session
        ]
        raise Violation(f"guests of a closed session are still connected: {remaining}")
    if not await eventually(world, up_to_date, QUIESCE_S):
        behind = [
            f"{client.name} on {client.topic}: without {client.view.missing_events} events"
            for client in world.clients
            if client.is_open and client.view.missing_events
        ]
        raise Violation(f"not up to date: {behind}")
    for client in world.clients:
        client.close()


async def _wait_for_timers(world: SimWorld) -> None:
    """Wait until every timer has fired."""
    if not await eventually(world, lambda: not any(world.outboxes()), TIMERS_S):
        raise Violation(f"timers did not fire: {list(world.outboxes())}")
