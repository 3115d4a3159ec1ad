"""A background job runs again after an unexpected exception."""

import asyncio

import pytest

from engine.metrics import JOB_FAILURES
from engine.periodic import every
from tests.eventually import eventually


@pytest.mark.parametrize("immediately", [True, False])
async def test_a_failing_job_is_counted_logged_and_run_again(
    caplog: pytest.LogCaptureFixture, *, immediately: bool
) -> None:
    JOB_FAILURES.drain()
    runs = 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ArithmeticError("a bug, by the test")

    running = asyncio.create_task(every(0.001, job, name="job", immediately=immediately))
    await eventually(lambda: runs >= 3)
    running.cancel()
    assert JOB_FAILURES.drain() == {"job": 1}
    [line] = caplog.records
    assert line.__dict__["job"] == "job"
    assert line.exc_info


@pytest.mark.parametrize(("immediately", "runs"), [(True, 1), (False, 0)])
async def test_a_job_runs_before_the_first_period_only_if_immediately(
    *, immediately: bool, runs: int
) -> None:
    calls: list[None] = []

    async def job() -> None:
        calls.append(None)

    running = asyncio.create_task(every(3600.0, job, name="job", immediately=immediately))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(calls) == runs
    running.cancel()


async def test_a_job_that_turns_its_cancellation_into_an_error_ends() -> None:
    started = asyncio.Event()

    async def job() -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ConnectionError from None

    running = asyncio.create_task(every(3600, job, name="job", immediately=True))
    await started.wait()
    running.cancel()
    await asyncio.wait({running}, timeout=10)
    assert running.cancelled()
