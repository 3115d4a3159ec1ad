"""The outbox and its index: acknowledged effects are removed, and due entities found."""

import asyncio
from typing import Any

from protocol.ids import Address, Kind
from storage.store import Store
from tests.eventually import eventually
from tests.storage.commits import ORDER, OTHER_RESTAURANT, SESSION, commit_of


async def _commit(store: Store, address: Address, due: float | None, **changed: Any) -> None:
    [claimed] = await store.claim([address])
    await store.commit([commit_of(address, claimed.fencing_token, due=due, **changed)])


async def test_overdue_returns_exactly_the_due_entities(store: Store) -> None:
    await _commit(store, ORDER, 100.5, outbox={"e:1": b"{}"})
    await _commit(store, SESSION, 200.5, outbox={"t:late": b"{}"})
    await _commit(store, OTHER_RESTAURANT, 50.5, outbox={"e:1": b"{}"})
    assert await store.overdue([2, 3, 4], 100, 10) == [OTHER_RESTAURANT]
    assert await store.overdue([2, 3], 101, 10) == [ORDER, OTHER_RESTAURANT]
    assert await store.overdue([2], 300, 10) == [ORDER, SESSION]
    assert await store.overdue([2, 3], 300, 2) == [ORDER, SESSION]
    assert await store.overdue([], 300, 2) == []


async def test_a_commit_that_clears_the_outbox_removes_the_entity_from_the_index(
    store: Store,
) -> None:
    await _commit(store, ORDER, 100.0, outbox={"t:late": b"{}", "t:later": b"{}"})
    await _commit(store, ORDER, 200.0, cleared=["t:late"])
    assert await store.overdue([2], 150, 10) == []
    assert await store.overdue([2], 250, 10) == [ORDER]
    await _commit(store, ORDER, None, cleared=["t:later"])
    assert await store.overdue([2], 999, 10) == []


async def test_a_commit_without_outbox_changes_does_not_change_the_index(store: Store) -> None:
    await _commit(store, ORDER, 100.0, outbox={"e:1": b"{}"})
    await _commit(store, ORDER, 999.0, state={"a": b"1"})
    assert await store.overdue([2], 150, 10) == [ORDER]


async def test_acknowledged_effects_are_removed_and_timers_kept(store: Store) -> None:
    await _commit(store, ORDER, 100.0, outbox={"e:1": b"1", "e:2": b"2", "t:late": b"3"})
    await store.acknowledge_outbox([(ORDER, ["e:1", "e:2"], 200.0)])
    [loaded] = await store.claim([ORDER])
    assert loaded.outbox == {"t:late": b"3"}
    assert await store.overdue([2], 150, 10) == []
    assert await store.overdue([2], 250, 10) == [ORDER]
    await store.acknowledge_outbox([(ORDER, ["t:late"], 200.0)])
    [loaded] = await store.claim([ORDER])
    assert loaded.outbox == {}
    assert await store.overdue([2], 999, 10) == []


async def test_an_effect_added_meanwhile_stays_due(store: Store) -> None:
    """A commit may add an effect between the delivery of another effect and its clearing."""
    await _commit(store, ORDER, 100.0, outbox={"e:1": b"1", "t:late": b"3"})
    await _commit(store, ORDER, 100.0, outbox={"e:2": b"2"})
    await store.acknowledge_outbox([(ORDER, ["e:1"], 200.0)])
    assert await store.overdue([2], 150, 10) == [ORDER]
    await store.acknowledge_outbox([(ORDER, [], None)])
    assert await store.overdue([2], 150, 10) == [ORDER]


async def test_acknowledging_missing_outbox_entries_does_nothing(store: Store) -> None:
    await store.acknowledge_outbox([(ORDER, ["e:1"], None), (OTHER_RESTAURANT, ["e:9"], 5.0)])
    assert await store.overdue([2, 3], 999, 10) == []
    await store.acknowledge_outbox([])


async def test_a_lease_has_one_holder_at_a_time(store: Store) -> None:
    assert await store.lease("sweep", "a", 0.2)
    assert not await store.lease("sweep", "b", 0.2)
    assert await store.lease("sweep", "a", 0.2)
    assert await store.lease("other", "b", 0.2)
    await eventually(lambda: store.lease("sweep", "b", 60))
    assert not await store.lease("sweep", "a", 60)


async def test_one_of_many_concurrent_callers_gets_a_lease(store: Store) -> None:
    holders = [f"gateway-{number}" for number in range(20)]
    answers = await asyncio.gather(*(store.lease("sweep", holder, 60) for holder in holders))
    assert answers.count(True) == 1


async def test_overdue_returns_addresses_of_every_kind(store: Store) -> None:
    addresses = [Address(kind, 5, 9) for kind in Kind]
    for address in addresses:
        await _commit(store, address, 1.0, outbox={"e:1": b"{}"})
    assert set(await store.overdue([9], 2.0, 10)) == set(addresses)
