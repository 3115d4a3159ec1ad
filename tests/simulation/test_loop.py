"""The loop and its processes: time that jumps, order that a seed decides, ends that are final."""

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


def test_nothing_of_a_process_runs_once_it_is_killed() -> None:
    told: list[str] = []

    async def live() -> None:
        try:
            told.append("begun")
            await asyncio.sleep(10)
            told.append("over")
        finally:
            told.append("finally")

    async def kill() -> list[str]:
        process = Process("a")
        process.spawn(live())
        process.later(3, told.append, "timer")
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(100)
        return list(told)

    assert loop_of(None).run(kill()) == ["begun"]


def test_what_a_process_starts_is_its_own() -> None:
    told: list[str] = []

    async def child() -> None:
        await asyncio.sleep(2)
        told.append("child")

    async def live() -> None:
        asyncio.create_task(child())  # noqa: RUF006  # it belongs to its process
        asyncio.get_running_loop().call_later(2, told.append, "timer")

    async def kill() -> list[str]:
        process = Process("a")
        process.spawn(live())
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(100)
        return list(told)

    assert loop_of(None).run(kill()) == []


def order(seed: int | None) -> list[int]:
    told: list[int] = []

    async def tell() -> list[int]:
        await asyncio.gather(*(say(number) for number in range(8)))
        return told

    async def say(number: int) -> None:
        told.append(number)

    return loop_of(seed).run(tell())


def test_a_seed_decides_who_comes_first() -> None:
    assert order(None) == list(range(8))
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == list(range(8))


def test_waiting_for_nothing_is_an_error() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="everybody waits"):
        loop_of(None).run(wait())


def test_an_error_that_nobody_takes_is_not_lost() -> None:
    async def fail() -> None:
        raise ValueError("lost")

    async def start() -> Any:
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        return task.done()

    with pytest.raises(ValueError, match="lost"):
        loop_of(None).run(start())
