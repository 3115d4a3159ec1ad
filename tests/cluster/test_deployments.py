"""A later deployment on a cluster where hosts of an earlier one still run."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import ray
from ray.experimental.internal_kv import _internal_kv_del

from actors.announced import ANNOUNCED, NAMESPACE, HostConfig, deploy
from actors.ray_hosts import RayHosts
from protocol import commands as c
from protocol.ids import Address
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


async def test_hosts_of_an_earlier_deployment_start_again_as_the_laters(
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
    ray.kill(ray.get_actor(chain.placement.host_of(chain.table), namespace=NAMESPACE))
    assert (await chain.see(chain.table))["zone"] == "A"
    assert _deployed_at(chain, chain.table) == later.deployed_at


def _deployed_at(chain: Chain, address: Address) -> float:
    actor = ray.get_actor(chain.placement.host_of(address), namespace=NAMESPACE)
    answer: Any = ray.get(actor.deployed_at.remote())
    return float(answer)
