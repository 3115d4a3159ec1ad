"""The sweep activates entities that the index of due entities names."""

import time

import redis

from engine.messages import ACCEPTED, Activate
from engine.placement import Mode, Placement
from storage import keys
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


async def test_an_entity_without_effects_or_timers_leaves_the_index(
    store: Store, valkey: EmbeddedStore
) -> None:
    driver = LocalDriver(LocalHosts(store, Placement(Mode.SHARD, shards=1)))
    await driver.create_restaurant()
    with redis.Redis.from_url(valkey.url) as client:
        client.zadd(keys.due(driver.restaurant), {str(driver.table): 1})
    assert await store.overdue([driver.restaurant], time.time(), 10) == [driver.table]
    assert await driver.send(Activate(driver.table)) == [ACCEPTED]

    async def is_cleared() -> bool:
        return not await store.overdue([driver.restaurant], time.time(), 10)

    await eventually(is_cleared)
    driver.hosts.kill("shard:0")


async def test_activation_is_refused_while_the_store_does_not_answer(store: Store) -> None:
    driver = LocalDriver(LocalHosts(store, Placement(Mode.SHARD, shards=1), wrap=FaultyStore))
    await driver.create_restaurant()
    faulty = driver.hosts.store
    assert isinstance(faulty, FaultyStore)
    faulty.refuse_claims = 1
    assert await driver.send(Activate(driver.table)) != [ACCEPTED]
    assert await driver.send(Activate(driver.table)) == [ACCEPTED]
    driver.hosts.kill("shard:0")
