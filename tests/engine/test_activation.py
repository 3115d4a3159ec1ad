"""The sweep activates entities that the index of due entities names."""

import time

import redis

from engine.messages import ACCEPTED, Activate
from engine.placement import Mode, Placement
from storage import keys
from storage.embedded import EmbeddedStore
from storage.store import Store
from tests.engine.chain import LocalChain
from tests.engine.faulty_store import FaultyStore
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


async def test_an_entity_without_effects_or_timers_leaves_the_index(
    store: Store, valkey: EmbeddedStore
) -> None:
    chain = LocalChain(LocalHosts(store, Placement(Mode.SHARD, shards=1)))
    await chain.open()
    with redis.Redis.from_url(valkey.url) as client:
        client.zadd(keys.due(chain.restaurant), {str(chain.table): 1})
    assert await store.overdue([chain.restaurant], time.time(), 10) == [chain.table]
    assert await chain.send(Activate(chain.table)) == [ACCEPTED]

    async def is_cleared() -> bool:
        return not await store.overdue([chain.restaurant], time.time(), 10)

    await eventually(is_cleared)
    chain.hosts.kill("shard:0")


async def test_activation_is_refused_while_the_store_does_not_answer(store: Store) -> None:
    chain = LocalChain(LocalHosts(store, Placement(Mode.SHARD, shards=1), wrap=FaultyStore))
    await chain.open()
    faulty = chain.hosts.store
    assert isinstance(faulty, FaultyStore)
    faulty.refuse_claims = 1
    assert await chain.send(Activate(chain.table)) != [ACCEPTED]
    assert await chain.send(Activate(chain.table)) == [ACCEPTED]
    chain.hosts.kill("shard:0")
