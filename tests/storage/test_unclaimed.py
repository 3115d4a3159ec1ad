"""Entities that are claimed by the commit that creates them."""

import redis

from storage.store import Store, new_owner
from tests.storage.commits import ORDER, SESSION, commit_of, event, everything


async def test_a_first_commit_creates_and_claims(store: Store) -> None:
    owner = new_owner()
    made = commit_of(ORDER, owner, unclaimed=True, state={"id": b"123"}, **event(1))
    assert await store.commit([made]) == frozenset()
    assert await store.commit([commit_of(ORDER, owner, 2, stored_version=1)]) == frozenset()
    [loaded] = await store.claim([ORDER])
    assert loaded.exists
    assert (loaded.version, loaded.state) == (2, {"id": b"123"})


async def test_what_exists_is_not_created_again(store: Store, client: redis.Redis) -> None:
    first = commit_of(ORDER, new_owner(), unclaimed=True, state={"id": b"123"})
    await store.commit([first])
    before = everything(client)
    second = commit_of(ORDER, new_owner(), unclaimed=True, state={"id": b"999"})
    assert await store.commit([second]) == frozenset({ORDER.restaurant})
    assert everything(client) == before


async def test_a_refused_creation_takes_the_rest_of_its_restaurant_along(
    store: Store, client: redis.Redis
) -> None:
    await store.commit([commit_of(ORDER, new_owner(), unclaimed=True, state={"id": b"123"})])
    [session] = await store.claim([SESSION])
    before = everything(client)
    again = commit_of(ORDER, new_owner(), unclaimed=True, state={"id": b"999"})
    mine = commit_of(SESSION, session.owner, state={"id": b"7"})
    assert await store.commit([mine, again]) == frozenset({ORDER.restaurant})
    assert everything(client) == before


async def test_a_claim_of_nothing_does_not_stand_in_the_way(store: Store) -> None:
    [reader] = await store.claim([ORDER])
    owner = new_owner()
    made = commit_of(ORDER, owner, unclaimed=True, state={"id": b"123"})
    assert await store.commit([made]) == frozenset()
    assert await store.commit([commit_of(ORDER, reader.owner, 2)]) == frozenset({ORDER.restaurant})
