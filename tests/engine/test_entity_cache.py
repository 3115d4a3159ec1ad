"""Entities in memory: claimed once, checked for ownership, and compared with the store."""

from typing import Any

import pytest

from engine import entity_cache
from engine.entity import LoadedEntity
from engine.entity_cache import EntityCache
from engine.metrics import EVICTIONS, LOST_WRITES, UNREADABLE
from protocol.ids import Address, Kind
from storage.store import Store, StoreUnavailable
from tests.engine.faulty_store import FaultyStore

TABLE = Address(Kind.TABLE, 5, 1)
SESSION = Address(Kind.SESSION, 7, 1)
COUNTERS = (EVICTIONS, LOST_WRITES, UNREADABLE)


@pytest.fixture(autouse=True)
def _reset_counters() -> None:
    for counter in COUNTERS:
        counter.drain()


@pytest.fixture
def faulty(store: Store) -> FaultyStore:
    return FaultyStore(store)


@pytest.fixture
def cache(faulty: FaultyStore) -> EntityCache:
    return EntityCache(faulty)


def add(cache: EntityCache, version: int, *, settled: bool = False) -> LoadedEntity:
    """An entity in memory of which the store has nothing."""
    entity = LoadedEntity.new(TABLE)
    entity.version, entity.is_final = version, settled
    cache.add(entity)
    return entity


async def test_entities_are_claimed_in_one_round_trip_and_only_once(
    cache: EntityCache, faulty: FaultyStore
) -> None:
    loaded = await cache.load([TABLE, SESSION])
    assert [resident.entity.address for resident in loaded] == [TABLE, SESSION]
    assert await cache.load([TABLE, SESSION]) == []
    assert faulty.claims == 1
    assert cache.get(TABLE) is loaded[0].entity


async def test_nothing_is_loaded_while_the_store_is_unavailable(
    cache: EntityCache, faulty: FaultyStore
) -> None:
    faulty.refuse_claims = 1
    with pytest.raises(StoreUnavailable):
        await cache.load([TABLE])
    assert cache.get(TABLE) is None


async def test_an_unreadable_entity_is_counted_and_the_others_are_loaded(
    cache: EntityCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = LoadedEntity.from_store

    def failing(address: Address, *rest: Any) -> LoadedEntity:
        if address == TABLE:
            raise ValueError("a field of a later version")
        return read(address, *rest)

    monkeypatch.setattr(LoadedEntity, "from_store", failing)
    assert [each.entity.address for each in await cache.load([TABLE, SESSION])] == [SESSION]
    assert cache.get(TABLE) is None
    assert UNREADABLE.drain() == {"": 1}


async def test_missing_entities_are_listed_once(cache: EntityCache) -> None:
    await cache.load([TABLE])
    assert cache.absent() == [TABLE]
    assert cache.absent() == []


async def test_an_entity_that_was_created_meanwhile_is_not_missing(cache: EntityCache) -> None:
    [resident] = await cache.load([TABLE])
    resident.entity.state = object()
    assert cache.absent() == []


async def test_ownership_is_checked_again_only_after_its_ttl(
    cache: EntityCache, faulty: FaultyStore, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cache.load([TABLE])
    await store.claim([TABLE])
    assert await cache.find_lost([TABLE]) == []
    assert faulty.ownership_checks == 0
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", -1.0)
    assert await cache.find_lost([TABLE]) == [TABLE]
    assert faulty.ownership_checks == 1


async def test_an_entity_that_is_still_owned_is_not_lost(
    cache: EntityCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    [resident] = await cache.load([TABLE])
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", -1.0)
    before = resident.entity.verified_at
    assert await cache.find_lost([TABLE, SESSION]) == []
    assert resident.entity.verified_at >= before
    assert cache.get(TABLE) is resident.entity


@pytest.mark.parametrize(
    ("settled", "lost"), [(False, {"": 1}), (True, {})], ids=["open", "settled and expired"]
)
async def test_an_evicted_entity_is_compared_with_the_store_when_it_is_loaded(
    cache: EntityCache, settled: bool, lost: dict[str, float]
) -> None:
    add(cache, version=3, settled=settled)
    cache.evict(TABLE)
    assert cache.get(TABLE) is None
    await cache.load([TABLE])
    assert EVICTIONS.drain() == {"": 1}
    assert LOST_WRITES.drain() == lost


async def test_a_forgotten_entity_is_not_compared_with_the_store(cache: EntityCache) -> None:
    add(cache, version=3)
    cache.forget(TABLE)
    await cache.load([TABLE])
    assert EVICTIONS.drain() == {}
    assert LOST_WRITES.drain() == {}


@pytest.mark.parametrize(("older_than_s", "lost"), [(0.0, {}), (60.0, {"": 1})])
async def test_old_evictions_are_no_longer_compared_with_the_store(
    cache: EntityCache, older_than_s: float, lost: dict[str, float]
) -> None:
    add(cache, version=3)
    cache.evict(TABLE)
    cache.forget_evictions(older_than_s)
    await cache.load([TABLE])
    assert LOST_WRITES.drain() == lost
