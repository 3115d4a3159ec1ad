"""The pool of idle workers of a real raylet: requested, used, refilled, and unavailable."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ray

from actors import warm_workers
from actors.cluster_config import NAMESPACE
from actors.warm_workers import WarmWorkers
from engine.metrics import WARM_FAILURES, WARM_WORKERS
from engine.placement import Mode
from tests.cluster.conftest import RayDriver
from tests.eventually import eventually

pytestmark = pytest.mark.cluster

SIZE = 2
TIMEOUT_S = 30


class Keeper:
    """An actor that keeps a pool, as a gateway does."""

    def __init__(self) -> None:
        self._pool = WarmWorkers(SIZE)

    def refill(self) -> tuple[bool, float]:
        """Whether it succeeded, and how many workers were idle."""
        return self._pool.refill(), WARM_WORKERS.values[""]


class PoolUser:
    """An actor that needs a worker."""

    def pid(self) -> int:
        return os.getpid()


async def test_warm_worker_pool_is_requested_used_and_refilled(cluster: Path) -> None:
    keeper = ray.remote(num_cpus=0)(Keeper).remote()
    user_class: Any = ray.remote(num_cpus=0)(PoolUser)
    await _until(keeper, lambda idle: idle >= SIZE)
    users = [
        user_class.options(lifetime="detached", name=f"user {n}", namespace=NAMESPACE).remote()
        for n in range(SIZE)
    ]
    try:
        assert len({await user.pid.remote() for user in users}) == SIZE
        await _until(keeper, lambda idle: idle >= SIZE)
    finally:
        for actor in (*users, keeper):
            ray.kill(actor)


@pytest.mark.parametrize("placement", [Mode.ENTITY], indirect=True)
async def test_actors_start_without_the_pool_if_its_interface_fails(
    driver: RayDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(number: int) -> None:
        raise AttributeError("PrestartWorkers")

    monkeypatch.setattr(warm_workers, "_request_workers", fail)
    WARM_FAILURES.drain()
    pool = WarmWorkers(SIZE)
    with caplog.at_level(logging.WARNING):
        assert [pool.refill(), pool.refill()] == [False, False]
    assert WARM_FAILURES.drain() == {"": 2}
    assert len(caplog.records) == 1
    session = await driver.occupy()
    assert (await driver.snapshot(session))["guests_count"] == 2


async def _until(keeper: Any, holds: Callable[[float], bool]) -> None:
    async def check() -> bool:
        succeeded, idle = await keeper.refill.remote()
        assert succeeded
        return holds(idle)

    await eventually(check, TIMEOUT_S)
