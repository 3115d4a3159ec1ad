"""A later deployment on a cluster with running hosts of an earlier one."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.experimental.internal_kv import _internal_kv_del

from actors import cluster_config
from actors.cluster_config import (
    CONFIG_PREFIX,
    DEPLOYMENT_PREFIX,
    NAMESPACE,
    HostConfig,
    deploy,
    deployment_number,
    new_deployment,
)
from actors.ray_hosts import RayHosts
from actors.rebalancing import HostInfo
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.ids import Address
from scripts.environment import ROOT
from serve_app import app, host_config
from service_settings import Settings
from tests.cluster.conftest import RayDriver
from tests.eventually import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture
def later(driver: RayDriver) -> Iterator[HostConfig]:
    """A later deployment's configuration, published until the test ends."""
    config = replace(driver.network.config, deployment=1)
    deploy(config)
    yield config
    _internal_kv_del(CONFIG_PREFIX, del_by_prefix=True, namespace=NAMESPACE)


@pytest.fixture
def _no_deployment_before(driver: RayDriver) -> Iterator[None]:
    """A cluster without deployments, in which numbers begin with 1."""
    for keys in (CONFIG_PREFIX, DEPLOYMENT_PREFIX):
        _internal_kv_del(keys, del_by_prefix=True, namespace=NAMESPACE)
    yield
    for keys in (CONFIG_PREFIX, DEPLOYMENT_PREFIX):
        _internal_kv_del(keys, del_by_prefix=True, namespace=NAMESPACE)


@pytest.mark.usefixtures("_no_deployment_before")
@pytest.mark.parametrize("placement", [Placement(Mode.SHARD)], ids=["shard"])
def test_a_deployment_replaces_an_earlier_one_from_a_machine_whose_clock_is_ahead(
    driver: RayDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 86400.0
    in_force = []
    for clock_error, name in ((day, "ahead"), (0.0, "right"), (-day, "behind")):
        now = time.time() + clock_error
        monkeypatch.setattr("time.time", lambda now=now: now)
        application: Any = app(Settings(redis_url=f"redis://{name}:6379"))
        settings, _, deployment = application._bound_deployment.init_args
        config = host_config(settings, settings.redis_url, deployment_number(deployment))
        assert deploy(config).deployment == config.deployment
        monkeypatch.undo()
        found = cluster_config.latest()
        assert found is not None
        in_force.append((found.deployment, found.store.url))
    assert in_force == [
        (1, "redis://ahead:6379"),
        (2, "redis://right:6379"),
        (3, "redis://behind:6379"),
    ]


@pytest.mark.usefixtures("_no_deployment_before")
@pytest.mark.parametrize("placement", [Placement(Mode.SHARD)], ids=["shard"])
def test_a_gateway_of_an_earlier_deployment_that_starts_late_keeps_the_later_configuration(
    driver: RayDriver,
) -> None:
    earlier, later = new_deployment(), new_deployment()
    config = driver.network.config
    deploy(replace(config, deployment=deployment_number(later)))
    answer = deploy(replace(config, deployment=deployment_number(earlier), trace_sample_rate=0.5))
    assert (deployment_number(earlier), deployment_number(later)) == (1, 2)
    assert (answer.deployment, answer.trace_sample_rate) == (2, config.trace_sample_rate)


@pytest.mark.usefixtures("_no_deployment_before")
@pytest.mark.parametrize("placement", [Placement(Mode.SHARD)], ids=["shard"])
def test_deployments_made_at_the_same_time_get_different_numbers(driver: RayDriver) -> None:
    ids = [f"deployment {number}" for number in range(8)]
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(deployment_number, 2 * ids))
    assert sorted(numbers[:8]) == list(range(1, 9))
    assert numbers[8:] == numbers[:8], "the same deployment has one number"


async def test_a_gateway_of_a_later_deployment_replaces_hosts_of_an_earlier_one(
    driver: RayDriver, later: HostConfig
) -> None:
    assert _deployment(driver, driver.table) == 0
    later_driver = RayDriver(RayHosts(later, "test"), driver.placement, driver.restaurant)
    assert (await later_driver.snapshot(driver.table))["zone"] == "A"
    assert _deployment(driver, driver.table) == later.deployment
    await driver.do(driver.table, c.ChangeTable(zone="B"))  # through an earlier gateway
    assert (await later_driver.snapshot(driver.table))["zone"] == "B"
    assert _deployment(driver, driver.table) == later.deployment


async def test_a_host_started_by_an_earlier_gateway_is_of_the_later_deployment(
    driver: RayDriver, later: HostConfig
) -> None:
    await _end(driver, driver.table)
    assert (await driver.snapshot(driver.table))["zone"] == "A"
    assert _deployment(driver, driver.table) == later.deployment


@pytest.mark.parametrize("placement", [Placement(Mode.SHARD)], ids=["shard"])
async def test_hosts_have_the_code_of_the_latest_deployment(
    driver: RayDriver, tmp_path: Path
) -> None:
    for package in ("actors", "domain", "engine", "protocol", "storage"):
        (tmp_path / package).symlink_to(ROOT / package)
    release = {"working_dir": f"local://{tmp_path}"}
    later = replace(driver.network.config, deployment=1)
    ray.get(ray.remote(deploy).options(runtime_env=release).remote(later))
    try:
        await _end(driver, driver.table)
        assert (await driver.snapshot(driver.table))["zone"] == "A"
        folder = ray.get(_actor(driver, driver.table).__ray_call__.remote(lambda _: os.getcwd()))
        assert folder == str(tmp_path)
    finally:
        _internal_kv_del(CONFIG_PREFIX, del_by_prefix=True, namespace=NAMESPACE)


async def _end(driver: RayDriver, address: Address) -> None:
    """Kill the host of an entity and wait until its process has ended."""
    found: HostInfo = await _actor(driver, address).info.remote()
    ray.kill(_actor(driver, address))
    await eventually(lambda: not Path(f"/proc/{found.pid}").exists())


def _deployment(driver: RayDriver, address: Address) -> int:
    answer: Any = ray.get(_actor(driver, address).deployment.remote())
    return int(answer)


def _actor(driver: RayDriver, address: Address) -> Any:
    return ray.get_actor(driver.placement.host_of(address), namespace=NAMESPACE)
