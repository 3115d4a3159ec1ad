"""Ids, the directory, session codes and named creations."""

import asyncio
import itertools

import pytest
import redis

from protocol.caller import Role, subject_of
from protocol.ids import Address, Kind
from storage import keys
from storage.directory import NUMBERS_KEPT_S
from storage.store import OrderNumbers, Store
from tests.storage.commits import ORDER, SESSION, seconds_left

RETENTION_S = 3600
DAY_S = 86_400


async def test_ids_start_at_one_for_each_kind(store: Store) -> None:
    assert await store.reserve({Kind.ORDER: 2, Kind.TABLE: 1}) == {
        Kind.ORDER: range(1, 3),
        Kind.TABLE: range(1, 2),
    }
    assert await store.reserve({Kind.ORDER: 1}) == {Kind.ORDER: range(3, 4)}
    assert await store.reserve({}) == {}


async def test_order_numbers_start_at_one_for_each_restaurant_and_date(store: Store) -> None:
    tonight, next_day, elsewhere = (
        OrderNumbers(1, "2026-12-01"), OrderNumbers(1, "2026-12-02"), OrderNumbers(2, "2026-12-01"),
    )  # fmt: skip
    assert await store.reserve({tonight: 2, Kind.ORDER: 1, elsewhere: 1}) == {
        tonight: range(1, 3),
        Kind.ORDER: range(1, 2),
        elsewhere: range(1, 2),
    }
    assert await store.reserve({next_day: 1, tonight: 1}) == {
        next_day: range(1, 2),
        tonight: range(3, 4),
    }


async def test_the_last_order_number_of_a_date_is_kept_for_a_week(
    store: Store, client: redis.Redis
) -> None:
    await store.reserve({OrderNumbers(1, "2026-12-01"): 2})
    left = seconds_left(client)
    assert 0 < left[keys.order_numbers(1, "2026-12-01")] <= NUMBERS_KEPT_S


async def test_concurrently_reserved_ids_are_unique(store: Store) -> None:
    answers = await asyncio.gather(*(store.reserve({Kind.ORDER: n % 5 + 1}) for n in range(100)))
    ids = list(itertools.chain.from_iterable(answer[Kind.ORDER] for answer in answers))
    assert len(ids) == len(set(ids)) == 300


async def test_directory_returns_the_restaurant_of_registered_ids(store: Store) -> None:
    addresses = [Address(Kind.ORDER, number, number % 9 + 1) for number in range(1, 1500, 7)]
    await store.register([*addresses, Address(Kind.TABLE, 1, 99)])
    wanted = [(address.kind, address.id) for address in addresses]
    assert await store.restaurant_of(wanted) == [address.restaurant for address in addresses]
    assert await store.restaurant_of([(Kind.TABLE, 1), (Kind.TABLE, 2), (Kind.WAITER, 1)]) == [
        99, None, None,
    ]  # fmt: skip
    assert await store.restaurant_of([]) == []


async def test_all_restaurants_are_listed(store: Store) -> None:
    assert await store.restaurants() == []
    [ids] = (await store.reserve({Kind.RESTAURANT: 1100})).values()
    listed = [1, 2, 511, 512, 513, 1024, 1100]
    assert set(listed) <= set(ids)
    await store.register([Address(Kind.RESTAURANT, id_, id_) for id_ in listed])
    assert await store.restaurants() == listed


async def test_a_code_belongs_to_the_session_that_took_it_first(store: Store) -> None:
    assert await store.session_of_code("ABC234") is None
    assert await store.reserve_code("ABC234", SESSION)
    assert not await store.reserve_code("ABC234", Address(Kind.SESSION, 8, 3))
    assert await store.session_of_code("ABC234") == SESSION


async def test_a_code_outlives_its_session(store: Store, client: redis.Redis) -> None:
    await store.reserve_code("ABC234", SESSION)
    [left] = seconds_left(client).values()
    assert left > RETENTION_S + DAY_S


async def test_a_repeated_creation_with_one_key_gets_one_id(store: Store) -> None:
    assert await store.idempotent_id("waiter:10", "key-1", 5) == 5
    assert await store.idempotent_id("waiter:10", "key-1", 6) == 5
    assert await store.idempotent_id("waiter:10", "key-2", 7) == 7
    assert await store.idempotent_id("waiter:11", "key-1", 8) == 8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("admin:a:b", "c"), ("admin:a", "b:c"), id="colon_in_the_subject_or_the_key"),
        pytest.param(("admin:a", "b%3Ac"), ("admin:a", "b:c"), id="escaped_or_not"),
        pytest.param(("admin:a", "b%3Ac"), ("admin:a", "b%253Ac"), id="escaped_twice"),
        pytest.param(
            (subject_of(Role.ADMIN, "x" * 200 + "a"), "k"),
            (subject_of(Role.ADMIN, "x" * 200 + "b"), "k"),
            id="long_subjects",
        ),
    ],
)
async def test_idempotency_fields_differ_for_each_caller_and_key(
    store: Store, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert await store.idempotent_id(*one, 5) == 5
    assert await store.idempotent_id(*other, 6) == 6
    assert await store.idempotent_id(*one, 7) == 5


@pytest.mark.parametrize(
    ("name", "caller", "key"),
    [
        pytest.param("rq:named:admin:a:key-1", "admin:a", "key-1", id="plain"),
        pytest.param("rq:named:admin:a:b:c", "admin:a", "b:c", id="colon"),
        pytest.param("rq:named:admin:a:b%c", "admin:a", "b%c", id="percent"),
        pytest.param(
            f"rq:named:admin:{'x' * 114}:k",
            subject_of(Role.ADMIN, "x" * 200),
            "k",
            id="long_subject",
        ),
    ],
)
async def test_an_idempotency_field_of_the_previous_release_is_found(
    store: Store, client: redis.Redis, name: str, caller: str, key: str
) -> None:
    client.set(name, 5)
    assert await store.idempotent_id(caller, key, 6) == 5


async def test_a_plain_key_keeps_the_field_that_the_previous_release_reads(
    store: Store, client: redis.Redis
) -> None:
    await store.idempotent_id("admin:a", "5f0c-key_1", 5)
    kept = client.get("rq:named:admin:a:5f0c-key_1")
    assert isinstance(kept, bytes)
    assert int(kept) == 5


async def test_idempotency_key_expires_after_a_day(store: Store, client: redis.Redis) -> None:
    await store.idempotent_id("waiter:10", "key-1", 5)
    assert list(seconds_left(client).values()) == [DAY_S]


async def test_concurrent_creations_with_one_key_get_one_id(store: Store) -> None:
    ids = await asyncio.gather(*(store.idempotent_id("waiter:10", "key", n) for n in range(1, 31)))
    assert len(set(ids)) == 1


async def test_registering_an_id_does_not_create_its_entity(store: Store) -> None:
    await store.register([ORDER])
    [loaded] = await store.claim([ORDER])
    assert not loaded.exists
