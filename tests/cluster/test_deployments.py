"""A later deployment on a cluster where hosts of an earlier one still run."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.experimental.internal_kv import _internal_kv_del

from actors.announced import ANNOUNCED, NAMESPACE, HostConfig, deploy
from actors.placement import Mode, Placement
from actors.ray_hosts import RayHosts
from protocol import commands as c
from protocol.ids import Address
from scripts.environment import ROOT
from tests.actors.chain import Chain

pytestmark = pytest.mark.cluster


@pytest.fixture
def later(chain: Chain) -> Iterator[HostConfig]:
    """A later deployment's configuration, announced until the test is over."""
    assert isinstance(chain.hosts, RayHosts)
    config = replace(chain.hosts.config, deployed_at=1.0)
    deploy(config)
    yield config
    _internal_kv_del(ANNOUNCED, del_by_prefix=True, namespace=NAMESPACE)


async def test_hosts_of_an_earlier_deployment_are_replaced_by_the_laters(
    chain: Chain, later: HostConfig
) -> None:
    assert _deployed_at(chain, chain.table) == 0.0
    asker = Chain(RayHosts(later), chain.placement, chain.restaurant)
    assert (await asker.see(chain.table))["zone"] == "A"
    assert _deployed_at(chain, chain.table) == later.deployed_at
    await chain.do(chain.table, c.ChangeTable(zone="B"))  # by way of an earlier gateway
    assert (await asker.see(chain.table))["zone"] == "B"
    assert _deployed_at(chain, chain.table) == later.deployed_at


async def test_a_host_that_an_earlier_gateway_starts_is_the_laters_all_the_same(
    chain: Chain, later: HostConfig
) -> None:
    await _end(chain, chain.table)
    assert (await chain.see(chain.table))["zone"] == "A"
    assert _deployed_at(chain, chain.table) == later.deployed_at


@pytest.mark.parametrize("placement", [Placement(Mode.SHARD)], ids=["shard"])
async def test_hosts_have_the_code_of_the_latest_deployment(chain: Chain, tmp_path: Path) -> None:
    assert isinstance(chain.hosts, RayHosts)
    for package in ("actors", "domain", "protocol", "storage"):
        (tmp_path / package).symlink_to(ROOT / package)
    release = {"working_dir": f"local://{tmp_path}"}
    later = replace(chain.hosts.config, deployed_at=1.0)
    ray.get(ray.remote(deploy).options(runtime_env=release).remote(later))
    try:
        await _end(chain, chain.table)
        assert (await chain.see(chain.table))["zone"] == "A"
        folder = ray.get(_actor(chain, chain.table).__ray_call__.remote(lambda _: os.getcwd()))
        assert folder == str(tmp_path)
    finally:
        _internal_kv_del(ANNOUNCED, del_by_prefix=True, namespace=NAMESPACE)


async def _end(chain: Chain, address: Address) -> None:
    """Kill the host of an entity; until nobody can find it, for Ray kills in its own time."""
    ray.kill(_actor(chain, address))
    with suppress(ValueError):
        while _actor(chain, address):
            await asyncio.sleep(0.01)


def _deployed_at(chain: Chain, address: Address) -> float:
    answer: Any = ray.get(_actor(chain, address).deployed_at.remote())
    return float(answer)


def _actor(chain: Chain, address: Address) -> Any:
    return ray.get_actor(chain.placement.host_of(address), namespace=NAMESPACE)
