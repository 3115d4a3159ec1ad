"""Bounded lists: limits of entries, bytes and age, and their expiry."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import redis

from protocol.ids import Address, Channel, Kind, Topic
from storage import keys
from storage.commands import commands_to
from storage.commit import SHORT_RETENTION_S, Limits
from storage.redis_store import RedisStore
from storage.store import Store
from tests.storage.commits import ORDER, commit_of, frame, seconds_left
from tests.storage.conftest import LIMITS, RETENTION_S

RESTAURANT = Address(Kind.RESTAURANT, 2, 2)
TABLE = Address(Kind.TABLE, 5, 2)
WAITER = Address(Kind.WAITER, 10, 2)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MENU = Topic(RESTAURANT, Channel.MENU)


async def commit_events(
    store: Store, address: Address, events: Sequence[bytes], now: datetime = NOW
) -> None:
    """Commit events to the history and audit of an entity, each in its own commit."""
    [claimed] = await store.claim([address])
    for number, event in enumerate(events, claimed.history_length + 1):
        commit = commit_of(
            address, claimed.fencing_token, number, history=[event], audit=[event],
            audit_length=number, now=now.timestamp(),
        )  # fmt: skip
        await store.commit([commit])


def event(number: int, size: int, at: datetime = NOW) -> bytes:
    begin = b'{"type":"Seen","at":"%s","n":%d' % (
        at.strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
        number,
    )
    return begin.ljust(size - 1) + b"}"


@pytest.mark.parametrize(
    "address", [ORDER, TABLE, RESTAURANT], ids=lambda address: address.kind.value
)
async def test_a_history_is_limited_in_bytes(
    store: Store, client: redis.Redis, address: Address
) -> None:
    events = [event(number, 300) for number in range(30)]
    await commit_events(store, address, events)
    ring = LIMITS.history_of(address.kind)
    listed = await store.history(address, limit=100)
    assert sum(len(each) for _, each in listed) <= ring.size * 1.1
    assert listed == list(enumerate(events))[-len(listed) :], "the newest events at their positions"
    known = client.hget(keys.entity(address), "size:log")
    assert isinstance(known, bytes)
    assert known.split()[:2] == [b"%d" % len(listed), b"%d" % (300 * len(listed))]


async def test_the_newest_event_is_kept_whatever_its_length(store: Store) -> None:
    await commit_events(store, ORDER, [event(0, 50), event(1, 50), event(2, 5000)])
    assert await store.history(ORDER, limit=9) == [(2, event(2, 5000))]
    await commit_events(store, ORDER, [event(3, 50)])
    assert await store.history(ORDER, limit=9) == [(3, event(3, 50))]


async def test_a_journal_is_limited_in_bytes_and_a_resume_beyond_it_gets_a_snapshot(
    store: Store,
) -> None:
    [claimed] = await store.claim([ORDER])
    frames = [frame(number).ljust(400) for number in range(1, 5)]
    for seq, each in enumerate(frames, 1):
        commit = commit_of(
            ORDER, claimed.fencing_token, seq, journal={"order": [each]}, seqs={"order": seq}
        )
        await store.commit([commit])
    topic = Topic(ORDER, Channel.ORDER)
    assert await store.journal([(topic, 0, 4), (topic, 2, 4)]) == [None, frames[2:]]


async def test_the_journal_of_a_menu_keeps_its_last_two_events(store: Store) -> None:
    [claimed] = await store.claim([RESTAURANT])
    for seq in range(1, 6):
        commit = commit_of(
            RESTAURANT,
            claimed.fencing_token,
            seq,
            journal={"menu": [frame(seq)]},
            seqs={"menu": seq},
        )
        await store.commit([commit])
    assert await store.journal([(MENU, 2, 5), (MENU, 3, 5)]) == [None, [frame(4), frame(5)]]


@pytest.mark.parametrize(
    "address", [TABLE, RESTAURANT, WAITER], ids=lambda address: address.kind.value
)
async def test_entries_older_than_the_retention_are_dropped_from_an_entity_that_never_settles(
    store: Store, client: redis.Redis, address: Address
) -> None:
    days = [datetime(2026, 2, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    old = [event(number, 60, at) for number, at in enumerate(days)]
    await commit_events(store, address, old, days[-1])
    assert await store.audit(address, limit=9) == [(2, old[2])], "events of an hour are kept"
    left = seconds_left(client)
    for name in ("audit", "log"):
        assert 0 < left[f"{keys.entity(address)}:{name}"] <= RETENTION_S * 17 / 16
    await commit_events(store, address, [event(3, 60)])
    assert await store.audit(address, limit=9) == [(3, event(3, 60))]
    assert await store.history(address, limit=9) == [(3, event(3, 60))]


@pytest.mark.parametrize(
    ("later_s", "left_s"),
    [(0, 1000), (RETENTION_S // 16, 1000), (RETENTION_S // 16 + 1, RETENTION_S * 17 // 16)],
    ids=["at_once", "a_sixteenth_later", "after_that"],
)
async def test_the_expiry_of_a_list_is_extended_once_in_a_sixteenth_of_its_ttl(
    store: Store, client: redis.Redis, later_s: int, left_s: int
) -> None:
    await commit_events(store, TABLE, [event(0, 60)])
    log = f"{keys.entity(TABLE)}:log"
    client.expire(log, 1000)  # shows whether the commit extends the expiry
    await commit_events(store, TABLE, [event(1, 60)], NOW + timedelta(seconds=later_s))
    assert left_s - 60 < seconds_left(client)[log] <= left_s


async def test_the_expiry_of_an_expired_list_is_set_again(
    store: Store, client: redis.Redis
) -> None:
    await commit_events(store, TABLE, [event(0, 60)])
    log = f"{keys.entity(TABLE)}:log"
    client.delete(log)
    await commit_events(store, TABLE, [event(1, 60)])
    assert RETENTION_S < seconds_left(client)[log] <= RETENTION_S * 17 / 16


async def test_the_history_of_an_order_is_not_trimmed_by_age(store: Store) -> None:
    old = event(0, 60, datetime(2025, 1, 1, tzinfo=UTC))
    await commit_events(store, ORDER, [old, event(1, 60)])
    assert await store.history(ORDER, limit=9) == [(0, old), (1, event(1, 60))]


async def test_lists_of_an_older_version_are_measured_and_trimmed_once(
    store: Store, client: redis.Redis
) -> None:
    """An older version stored no sizes, and kept ten thousand events of a restaurant."""
    await commit_events(store, RESTAURANT, [event(0, 60)])
    key = keys.entity(RESTAURANT)
    client.hdel(key, "size:log")
    client.rpush(f"{key}:log", *(event(number, 60) for number in range(1, 250)))
    client.hset(key, "events", 250)
    await commit_events(store, RESTAURANT, [event(250, 60)])
    assert [n for n, _ in await store.history(RESTAURANT, limit=9)] == [247, 248, 249, 250]
    known = client.hget(key, "size:log")
    assert isinstance(known, bytes)
    assert known.split()[:2] == [b"4", b"240"]


async def test_a_brief_entity_is_kept_for_a_day(redis_url: str, client: redis.Redis) -> None:
    store = RedisStore(commands_to(redis_url, 2.0), Limits(30 * 86_400))
    [claimed] = await store.claim([ORDER])
    commit = commit_of(
        ORDER,
        claimed.fencing_token,
        state={"a": b"1"},
        history=[b"{}"],
        is_final=True,
        is_short_lived=True,
    )
    await store.commit([commit])
    await store.close()
    assert all(
        SHORT_RETENTION_S - 60 < left <= SHORT_RETENTION_S for left in seconds_left(client).values()
    )
