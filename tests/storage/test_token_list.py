"""The store's list of registered tokens, and the epochs of all tokens."""

import time

from storage.backup import after_restore
from storage.store import Store


async def test_a_new_store_has_no_epochs_and_records_once_when_registration_began(
    store: Store,
) -> None:
    first = await store.credentials()
    assert (first.token_epoch, first.code_epoch) == ("", "")
    assert abs(first.registering_since - time.time()) < 60
    assert await store.credentials() == first


async def test_a_token_is_listed_until_it_is_removed(store: Store) -> None:
    await store.register_token(1, b"one")
    await store.register_token(2, b"two")
    assert await store.tokens() == {1: b"one", 2: b"two"}
    assert await store.lists_tokens([2, 3, 1]) == [True, False, True]
    assert await store.remove_tokens([1, 3]) == 1
    assert await store.remove_tokens([]) == 0
    assert await store.tokens() == {2: b"two"}


async def test_a_restored_store_starts_new_epochs(store: Store, redis_url: str) -> None:
    await store.register_token(1, b"one")
    seen = [await store.credentials()]
    for void_codes in (False, True, True):
        await after_restore(redis_url, void_codes=void_codes)
        seen.append(await store.credentials())
    assert await store.tokens() == {}
    assert len({each.token_epoch for each in seen}) == 4
    codes = [each.code_epoch for each in seen]
    assert codes[:2] == ["", ""]
    assert len({*codes[1:]}) == 3
    assert {each.registering_since for each in seen} == {seen[0].registering_since}
