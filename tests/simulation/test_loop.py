"""The simulated loop: jumping time, seeded order, and processes that can be killed."""

import asyncio
from random import Random
from typing import Any

import pytest

from tests.simulation.loop import Process, SimLoop


def loop_of(seed: int | None) -> SimLoop:
    return SimLoop(None if seed is None else Random(seed))  # type: ignore[abstract]  # enough of one


def test_time_jumps_to_the_next_timer() -> None:
    async def wait() -> float:
        await asyncio.wait({asyncio.ensure_future(asyncio.sleep(3600))}, timeout=1800)
        return asyncio.get_running_loop().time()

    assert loop_of(None).run(wait()) == 1800


def test_killed_process_runs_no_task_timer_or_finally() -> None:
    log: list[str] = []

    async def live() -> None:
        try:
            log.append("begun")
            await asyncio.sleep(10)
            log.append("over")
        finally:
            log.append("finally")

    async def kill() -> list[str]:
        process = Process("a")
        process.spawn(live())
        process.later(3, log.append, "timer")
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(100)
        return list(log)

    assert loop_of(None).run(kill()) == ["begun"]


def test_killed_process_ends_tasks_and_timers_it_started() -> None:
    log: list[str] = []

    async def child() -> None:
        await asyncio.sleep(2)
        log.append("child")

    async def live() -> None:
        asyncio.create_task(child())  # noqa: RUF006  # the process keeps a reference
        asyncio.get_running_loop().call_later(2, log.append, "timer")

    async def kill() -> list[str]:
        process = Process("a")
        process.spawn(live())
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(100)
        return list(log)

    assert loop_of(None).run(kill()) == []


def completion_order(seed: int | None) -> list[int]:
    log: list[int] = []

    async def run_all() -> list[int]:
        await asyncio.gather(*(complete(number) for number in range(8)))
        return log

    async def complete(number: int) -> None:
        log.append(number)

    return loop_of(seed).run(run_all())


def test_seed_determines_order_of_ready_tasks() -> None:
    assert completion_order(None) == list(range(8))
    assert completion_order(1) == completion_order(1)
    assert completion_order(1) != completion_order(2)
    assert sorted(completion_order(1)) == list(range(8))


def test_loop_raises_when_nothing_can_run() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="deadlock"):
        loop_of(None).run(wait())


def test_loop_raises_unretrieved_task_errors() -> None:
    async def fail() -> None:
        raise ValueError("lost")

    async def start() -> Any:
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        return task.done()

    with pytest.raises(ValueError, match="lost"):
        loop_of(None).run(start())
