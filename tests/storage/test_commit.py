"""Claims and commits, which are atomic per restaurant."""

import asyncio
from typing import Any

import redis

from protocol.ids import Address, Kind
from storage import keys
from storage.redis_store import open_store
from storage.store import Store, next_fencing_token
from tests.storage.commits import (
    ORDER,
    OTHER_RESTAURANT,
    SESSION,
    commit_of,
    dump_all,
    event,
    frame,
    seconds_left,
)
from tests.storage.conftest import RETENTION_S

DAY_S = 86_400
ORDER_KEY = keys.entity(ORDER)
ORDER_KEYS = (ORDER_KEY, f"{ORDER_KEY}:log", f"{ORDER_KEY}:req")


async def test_a_claim_of_a_missing_entity_returns_an_empty_one(store: Store) -> None:
    [loaded] = await store.claim([ORDER])
    assert not loaded.exists
    assert (loaded.version, loaded.epoch, loaded.last_effect) == (0, "", 0)
    assert (loaded.state, loaded.seqs, loaded.seen, loaded.outbox) == ({}, {}, {}, {})
    assert loaded.results == []


async def test_a_claim_returns_the_committed_state(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    fenced = await store.commit(
        [
            commit_of(
                ORDER,
                claimed.fencing_token,
                version=3,
                epoch="abc",
                state={"status": b'"ready"', "items/1": b'{"n":"caf\xc3\xa9 \\"1\\""}'},
                journal={"order": [frame(1), frame(2)], "items": [frame(1)]},
                seqs={"order": 2, "items": 1},
                history=[b'{"type":"OrderReady"}'],
                results=[b'{"request_id":"r1"}', b'{"request_id":"r2"}'],
                outbox={"e:4": b'{"to":1}', "t:late": b'{"due":2}'},
                last_effect=4,
                seen={"session:7": 9},
                due=17.5,
            )
        ]
    )
    assert fenced == frozenset()
    [loaded] = await store.claim([ORDER])
    assert loaded.exists
    assert (loaded.version, loaded.epoch, loaded.last_effect) == (3, "abc", 4)
    assert loaded.state == {"status": b'"ready"', "items/1": b'{"n":"caf\xc3\xa9 \\"1\\""}'}
    assert loaded.seqs == {"order": 2, "items": 1}
    assert loaded.seen == {"session:7": 9}
    assert loaded.results == [b'{"request_id":"r1"}', b'{"request_id":"r2"}']
    assert loaded.outbox == {"e:4": b'{"to":1}', "t:late": b'{"due":2}'}


async def test_a_commit_keeps_fields_that_it_does_not_write(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    first = commit_of(
        ORDER,
        claimed.fencing_token,
        state={"a": b"1", "b/1": b"2", "b/2": b"3"},
        seen={"s": 1, "t": 2},
    )
    await store.commit([first])
    second = commit_of(
        ORDER, claimed.fencing_token, 2, state={"b/1": None, "b/3": b"4"}, seen={"s": None, "t": 5}
    )
    await store.commit([second])
    [loaded] = await store.claim([ORDER])
    assert loaded.state == {"a": b"1", "b/2": b"3", "b/3": b"4"}
    assert loaded.seen == {"t": 5}
    assert loaded.version == 2


async def test_a_commit_may_be_larger_than_a_script_can_unpack(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    state: dict[str, bytes | None] = {f"table/{number}": b"%d" % number for number in range(9000)}
    outbox = {f"e:{number}": b"{}" for number in range(9000)}
    commit = commit_of(ORDER, claimed.fencing_token, state=state, outbox=outbox, due=1.0)
    assert await store.commit([commit]) == frozenset()
    [loaded] = await store.claim([ORDER])
    assert loaded.state == state
    assert loaded.outbox == outbox
    await store.acknowledge_outbox([(ORDER, list(outbox), None)])
    [loaded] = await store.claim([ORDER])
    assert loaded.outbox == {}


async def test_many_entities_of_many_restaurants_are_committed_in_one_call(store: Store) -> None:
    addresses = [Address(Kind.TABLE, number, number % 7 + 1) for number in range(1, 60)]
    claims = await store.claim(addresses)
    commits = [
        commit_of(address, claim.fencing_token, state={"number": b"%d" % address.id})
        for address, claim in zip(addresses, claims, strict=True)
    ]
    assert await store.commit(commits) == frozenset()
    for address, loaded in zip(addresses, await store.claim(addresses), strict=True):
        assert loaded.state == {"number": b"%d" % address.id}


async def test_empty_claim_or_commit_sends_nothing(store: Store) -> None:
    assert await store.claim([]) == []
    assert await store.commit([]) == frozenset()


async def test_an_older_claimant_is_fenced(store: Store, client: redis.Redis) -> None:
    [older] = await store.claim([ORDER])
    await store.commit([commit_of(ORDER, older.fencing_token, state={"a": b"1"}, **event(1))])
    [newer] = await store.claim([ORDER])
    before = dump_all(client)
    late = commit_of(
        ORDER, older.fencing_token, 2, state={"a": b"2"}, results=[b"{}"], history=[b"{}"],
        outbox={"e:1": b"{}"}, due=1.0, **event(2),
    )  # fmt: skip
    assert await store.commit([late]) == {2}
    assert dump_all(client) == before
    assert (
        await store.commit([commit_of(ORDER, newer.fencing_token, 2, state={"a": b"3"})])
        == frozenset()
    )


async def test_a_late_commit_after_a_reload_is_fenced(store: Store, redis_url: str) -> None:
    """A host claims again after a time-out, so that its earlier commit is fenced."""
    [first] = await store.claim([ORDER])
    again = open_store(redis_url, retention_s=3600)
    [second] = await again.claim([ORDER])
    assert first.fencing_token != second.fencing_token
    assert (
        await again.commit([commit_of(ORDER, second.fencing_token, state={"a": b"2"})])
        == frozenset()
    )
    assert await store.commit([commit_of(ORDER, first.fencing_token, state={"a": b"1"})]) == {2}
    [loaded] = await store.claim([ORDER])
    assert loaded.state == {"a": b"2"}
    await again.close()


async def test_a_repeated_commit_is_fenced(store: Store, client: redis.Redis) -> None:
    [claimed] = await store.claim([ORDER])
    once = commit_of(
        ORDER,
        claimed.fencing_token,
        state={"a": b"1"},
        next_fencing_token=next_fencing_token(claimed.fencing_token),
        **event(1),
    )
    assert await store.commit([once]) == frozenset()
    before = dump_all(client)
    assert await store.commit([once]) == {2}
    assert dump_all(client) == before
    assert await store.fencing_tokens([ORDER]) == [next_fencing_token(claimed.fencing_token)]
    next_one = commit_of(ORDER, next_fencing_token(claimed.fencing_token), 2, state={"a": b"2"})
    assert await store.commit([next_one]) == frozenset()


async def test_a_commit_onto_an_older_state_is_refused(store: Store, client: redis.Redis) -> None:
    """A server that lost its last second has also lost the latest fencing token."""
    [claimed] = await store.claim([ORDER])
    second, third = (
        next_fencing_token(claimed.fencing_token),
        next_fencing_token(next_fencing_token(claimed.fencing_token)),
    )
    key = "rq:{2}:order:123"
    await store.commit(
        [commit_of(ORDER, claimed.fencing_token, state={"a": b"1"}, next_fencing_token=second)]
    )
    older: Any = client.dump(key)
    await store.commit([commit_of(ORDER, second, 2, state={"a": b"2"}, next_fencing_token=third)])
    client.restore(key, 0, older, replace=True)
    assert await store.commit([commit_of(ORDER, third, 3, state={"b": b"3"})]) == {2}


async def test_commit_to_a_deleted_entity_is_fenced(store: Store, client: redis.Redis) -> None:
    [claimed] = await store.claim([ORDER])
    client.flushdb()
    assert await store.commit([commit_of(ORDER, claimed.fencing_token, state={"a": b"1"})]) == {2}
    assert dump_all(client) == {}


async def test_a_new_claim_after_expiry_does_not_revive_an_old_token(
    store: Store, client: redis.Redis
) -> None:
    [older] = await store.claim([ORDER])
    client.flushdb()
    await store.claim([ORDER])
    before = dump_all(client)
    assert await store.commit([commit_of(ORDER, older.fencing_token, state={"a": b"1"})]) == {2}
    assert dump_all(client) == before


async def test_one_fenced_entity_fails_its_restaurants_commit(
    store: Store, client: redis.Redis
) -> None:
    order, session = await store.claim([ORDER, SESSION])
    await store.claim([SESSION])
    before = dump_all(client)
    commits = [
        commit_of(ORDER, order.fencing_token, state={"a": b"1"}, **event(1)),
        commit_of(SESSION, session.fencing_token, state={"a": b"1"}, **event(1, "session")),
    ]
    assert await store.commit(commits) == {2}
    assert await store.commit(commits[::-1]) == {2}
    assert dump_all(client) == before


async def test_a_fenced_restaurant_does_not_block_commits_of_another(store: Store) -> None:
    here, there = await store.claim([ORDER, OTHER_RESTAURANT])
    await store.claim([ORDER])
    commits = [
        commit_of(ORDER, here.fencing_token, state={"a": b"1"}),
        commit_of(OTHER_RESTAURANT, there.fencing_token, state={"a": b"1"}),
    ]
    assert await store.commit(commits) == {2}
    refused, stored = await store.claim([ORDER, OTHER_RESTAURANT])
    assert not refused.exists
    assert stored.state == {"a": b"1"}


async def test_only_the_last_of_concurrent_claimants_can_commit(
    store: Store, redis_url: str
) -> None:
    stores = [store, *(open_store(redis_url, retention_s=3600) for _ in range(3))]
    for _ in range(10):
        claims = [claim for [claim] in await asyncio.gather(*(s.claim([ORDER]) for s in stores))]
        answers = await asyncio.gather(
            *(
                each.commit(
                    [
                        commit_of(
                            ORDER, claim.fencing_token, state={"by": b"%d" % claim.fencing_token}
                        )
                    ]
                )
                for each, claim in zip(stores, claims, strict=True)
            )
        )
        winners = [claim for claim, fenced in zip(claims, answers, strict=True) if not fenced]
        assert len(winners) == 1
        [loaded] = await store.claim([ORDER])
        assert loaded.state == {"by": b"%d" % winners[0].fencing_token}
    for other in stores[1:]:
        await other.close()


async def test_evicted_results_are_removed_and_others_keep_their_order(
    store: Store,
) -> None:
    [claimed] = await store.claim([ORDER])
    await store.commit([commit_of(ORDER, claimed.fencing_token, results=[b"1", b"2", b"3"])])
    await store.commit(
        [
            commit_of(
                ORDER, claimed.fencing_token, 2, results=[b"4", b"5"], dropped_results=[b"2", b"4"]
            )
        ]
    )
    [loaded] = await store.claim([ORDER])
    assert loaded.results == [b"1", b"3", b"5"]


async def test_a_claim_of_a_missing_entity_expires(store: Store, client: redis.Redis) -> None:
    await store.claim([ORDER])
    assert seconds_left(client) == {"rq:{2}:order:123": DAY_S}


async def test_stored_rejection_for_a_missing_entity_expires(
    store: Store, client: redis.Redis
) -> None:
    [claimed] = await store.claim([ORDER])
    await store.commit(
        [commit_of(ORDER, claimed.fencing_token, 0, epoch="", results=[b'"not_found"'])]
    )
    assert set(seconds_left(client).values()) == {DAY_S}
    [loaded] = await store.claim([ORDER])
    assert not loaded.exists
    assert loaded.results == [b'"not_found"']


async def test_the_first_commit_makes_an_entity_persistent(
    store: Store, client: redis.Redis
) -> None:
    """Also with a version above 1: a turn may create an entity and change it before the commit."""
    [claimed] = await store.claim([ORDER])
    await store.commit(
        [commit_of(ORDER, claimed.fencing_token, 0, epoch="", results=[b'"not_found"'])]
    )
    commit = commit_of(
        ORDER,
        claimed.fencing_token,
        2,
        state={"a": b"1"},
        history=[b"{}"],
        results=[b"{}"],
        **event(1),
    )
    await store.commit([commit])
    lasting = dict.fromkeys(ORDER_KEYS, -1)
    for _ in range(2):
        left = seconds_left(client)
        assert 0 < left.pop(f"{ORDER_KEY}:j:order") <= RETENTION_S * 17 / 16
        assert left == lasting
        await store.claim([ORDER])


def expiries(client: redis.Redis) -> dict[str, set[int]]:
    """Seconds until the keys expire; those of a journal are rounded down by a sixteenth."""
    left = seconds_left(client)
    journals = {key: seconds for key, seconds in left.items() if ":j:" in key}
    entity = {seconds for key, seconds in left.items() if key not in journals}
    return {"entity": entity, "journals": set(journals.values())}


async def test_final_entity_expires_and_persists_again_after_a_change(
    store: Store, client: redis.Redis
) -> None:
    [claimed] = await store.claim([ORDER])
    created = commit_of(
        ORDER, claimed.fencing_token, state={"a": b"1"}, history=[b"{}"], results=[b"{}"],
        journal={"order": [frame(1)], "items": [frame(1)]}, seqs={"order": 1, "items": 1},
    )  # fmt: skip
    await store.commit([created])
    await store.commit([commit_of(ORDER, claimed.fencing_token, 2, is_final=True, **event(2))])
    assert len(seconds_left(client)) == 5
    assert expiries(client) == {"entity": {3600}, "journals": {3825}}
    await store.claim([ORDER])
    assert expiries(client) == {"entity": {3600}, "journals": {3825}}
    await store.commit([commit_of(ORDER, claimed.fencing_token, 3, was_final=True)])
    assert expiries(client) == {"entity": {3600}, "journals": {3825}}, "fenced: nothing changed"
    [claimed] = await store.claim([ORDER])
    await store.commit([commit_of(ORDER, claimed.fencing_token, 3, was_final=True)])
    left = seconds_left(client)
    assert {key: left[key] for key in ORDER_KEYS} == dict.fromkeys(ORDER_KEYS, -1)
