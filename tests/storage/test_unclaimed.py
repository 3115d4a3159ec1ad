"""Entities that are created without a claim: their first commit checks that they do not exist."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import redis

from engine.messages import Done, Read, Submit, View
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Channel, Kind
from storage.store import EntityCommit, Store, StoreUnavailable, new_fencing_token
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver
from tests.local_hosts import LocalHosts
from tests.storage.commits import (
    ORDER,
    SESSION,
    commit_of,
    dump_all,
    event,
    seconds_left,
)


def created(owner: int, **changed: object) -> EntityCommit:
    """The first commit of an unclaimed order."""
    state = {"status": b'"pending"'}
    return commit_of(ORDER, owner, unclaimed=True, state=state, **{**event(1), **changed})


# --- the store -----------------------------------------------------------------------------------


async def test_creator_of_an_unclaimed_entity_owns_it(store: Store) -> None:
    owner = new_fencing_token()
    assert await store.commit([created(owner)]) == frozenset()
    assert await store.commit([commit_of(ORDER, owner, 2, **event(2))]) == frozenset()
    [loaded] = await store.claim([ORDER])
    assert (loaded.version, loaded.history_length, loaded.seqs) == (2, 2, {"order": 2})
    assert loaded.state == {"status": b'"pending"'}


async def test_entity_created_since_the_servers_restart_keeps_its_epoch(store: Store) -> None:
    """The creator knows the store's replication id from a claim of the restaurant."""
    await store.claim([SESSION])
    await store.commit([created(new_fencing_token())])
    [loaded] = await store.claim([ORDER])
    assert loaded.epoch == "e1"


async def test_the_second_of_two_creators_is_fenced(store: Store, client: redis.Redis) -> None:
    first, second = new_fencing_token(), new_fencing_token()
    assert await store.commit([created(first)]) == frozenset()
    before = dump_all(client)
    assert await store.commit([created(second, epoch="e2")]) == {2}
    assert dump_all(client) == before
    assert await store.commit([commit_of(ORDER, first, 2)]) == frozenset()


async def test_creating_an_entity_owned_by_another_host_is_fenced(
    store: Store, client: redis.Redis
) -> None:
    await store.commit([created(new_fencing_token())])
    [claimed] = await store.claim([ORDER])
    before = dump_all(client)
    assert await store.commit([created(new_fencing_token())]) == {2}
    assert dump_all(client) == before
    assert await store.commit([commit_of(ORDER, claimed.fencing_token, 2)]) == frozenset()


async def test_claimant_of_a_missing_entity_is_fenced_by_its_creation(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    owner = new_fencing_token()
    assert await store.commit([created(owner)]) == frozenset()
    assert await store.commit([commit_of(ORDER, claimed.fencing_token)]) == {2}
    assert await store.commit([commit_of(ORDER, owner, 2)]) == frozenset()


async def test_a_creation_is_stored_together_with_its_cause_or_not_at_all(
    store: Store, client: redis.Redis
) -> None:
    [stale] = await store.claim([SESSION])
    [claimed] = await store.claim([SESSION])
    before = dump_all(client)
    assert await store.commit(
        [commit_of(SESSION, stale.fencing_token), created(new_fencing_token())]
    ) == {2}
    assert dump_all(client) == before
    group = [commit_of(SESSION, claimed.fencing_token), created(new_fencing_token())]
    assert await store.commit(group) == frozenset()


async def test_entity_created_after_an_early_claim_does_not_expire(
    store: Store, client: redis.Redis
) -> None:
    await store.claim([ORDER])
    await store.commit([created(new_fencing_token(), results=[b"{}"], history=[b"{}"])])
    left = seconds_left(client)
    assert {left[key] for key in left if ":j:" not in key} == {-1}


async def test_history_numbers_of_an_earlier_version_are_continued(
    store: Store, client: redis.Redis
) -> None:
    """An earlier version counted with HINCRBY, and trimmed lists with every commit."""
    key = "rq:{2}:order:123"
    old: dict[Any, Any] = {
        "owner": 1,
        "version": 8,
        "epoch": "e1",
        "events": 8,
        "effects": 0,
        "s:status": '"new"',
    }
    client.hset(key, mapping=old)
    client.rpush(f"{key}:log", *(b"%d" % number for number in range(2, 8)))
    [loaded] = await store.claim([ORDER])
    assert loaded.history_length == 8
    log = [b"8", b"9"]
    await store.commit([commit_of(ORDER, loaded.fencing_token, 9, history_length=10, history=log)])
    assert await store.history(ORDER, limit=3) == [(7, b"7"), (8, b"8"), (9, b"9")]


async def test_ring_lists_are_trimmed_before_they_exceed_their_limit_by_a_tenth(
    store: Store, client: redis.Redis
) -> None:
    [claimed] = await store.claim([ORDER])
    lengths = []
    for number in range(1, 40):
        one = {"history": [b"%d" % number], "history_length": number, **event(number)}
        await store.commit([commit_of(ORDER, claimed.fencing_token, number, **one)])
        lengths.append(
            (client.llen("rq:{2}:order:123:j:order"), client.llen("rq:{2}:order:123:log"))
        )
    assert max(length for length, _ in lengths) == 5
    assert max(length for _, length in lengths) == 6


async def test_any_bytes_and_numbers_are_stored_unchanged(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    name = 'Crème brûlée 🍮 \u2028 "\\" \x00'
    state = {f"items/{name}": name.encode(), "raw": b"\xff\x00\xc1", "long": b"x" * 70_000}
    await store.commit(
        [
            commit_of(
                ORDER, claimed.fencing_token, 2**53 - 1, state=state, last_effect=2**53 - 1,
                seen={f"order:{name}": 2**53 - 1}, results=[b"\xc4\x80"],
                outbox={f"t:{name}": b"\xfe"}, due=1_753_500_000.123456,
            )
        ]
    )  # fmt: skip
    [loaded] = await store.claim([ORDER])
    assert loaded.state == state
    assert loaded.version == loaded.last_effect == loaded.seen[f"order:{name}"] == 2**53 - 1
    assert loaded.results == [b"\xc4\x80"]
    assert loaded.outbox == {f"t:{name}": b"\xfe"}
    assert await store.overdue([2], 1_753_500_000.1234, 9) == []
    assert await store.overdue([2], 1_753_500_000.1235, 9) == [ORDER]


# --- hosts ---------------------------------------------------------------------------------------


class LateStore(FaultyStore):
    """While `late`, commits time out, and arrive when the test calls `arrive`."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.late = False
        self.delayed_commits: list[Sequence[EntityCommit]] = []

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        if not self.late:
            return await super().commit(commits)
        self.delayed_commits.append(commits)
        raise StoreUnavailable("timed out by the test")

    async def arrive(self) -> frozenset[int]:
        self.late = False
        return await super().commit(self.delayed_commits.pop())


@pytest.fixture
async def driver(store: Store) -> AsyncIterator[LocalDriver]:
    hosts = LocalHosts(store, Placement(Mode.SHARD), wrap=LateStore)
    driver = LocalDriver(hosts)
    await driver.create_restaurant()
    yield driver
    for name in list(hosts.hosts):
        hosts.kill(name)


def late(driver: LocalDriver) -> LateStore:
    assert isinstance(driver.hosts.store, LateStore)
    return driver.hosts.store


def place_order(driver: LocalDriver, session: int, request_id: str = "r") -> Submit:
    line = c.FreeLine(name="Soup", unit_price=650)
    return driver.submit(
        driver.at(Kind.SESSION, session),
        c.PlaceOrder(items=(line,)),
        request_id=request_id,
        inputs=driver.new_inputs(Kind.ORDER),
    )


async def test_creating_an_entity_needs_no_claim(driver: LocalDriver) -> None:
    session = await driver.occupy()
    before = late(driver).claims
    await driver.order(session)
    await driver.do(
        driver.restaurant_address, c.AddWaiter(name="Bo"), inputs=driver.new_inputs(Kind.WAITER)
    )
    assert late(driver).claims == before


async def test_a_creation_refused_by_the_store_can_be_repeated(driver: LocalDriver) -> None:
    session = await driver.occupy()
    command = place_order(driver, session.id)
    late(driver).refuse_commits = 1
    assert await driver.send(command) == [UNAVAILABLE]
    assert await driver.snapshot(driver.at(Kind.ORDER, command.inputs.id or 0)) == {}
    [done] = await driver.send(command)
    assert isinstance(done, Done)
    assert (await driver.snapshot(driver.at(Kind.ORDER, command.inputs.id or 0)))[
        "items_count"
    ] == 1


async def test_a_creation_whose_reply_was_lost_takes_effect_once(driver: LocalDriver) -> None:
    session = await driver.occupy()
    command = place_order(driver, session.id)
    late(driver).lose_replies = 1
    assert await driver.send(command) == [UNAVAILABLE]
    [done] = await driver.send(command)
    assert isinstance(done, Done)
    order = driver.at(Kind.ORDER, command.inputs.id or 0)
    assert (await driver.snapshot(order))["version"] == 1
    assert len((await driver.snapshot(session))["orders"]) == 1


async def test_a_creation_that_arrives_after_its_retry_is_fenced(driver: LocalDriver) -> None:
    session = await driver.occupy()
    command = place_order(driver, session.id)
    late(driver).late = True
    assert await driver.send(command) == [UNAVAILABLE]
    delayed = late(driver).delayed_commits.pop()
    late(driver).late = False
    [done] = await driver.send(command)
    assert isinstance(done, Done)
    assert await late(driver).commit(delayed) == {driver.restaurant}
    assert len((await driver.snapshot(session))["orders"]) == 1


async def test_late_creation_is_visible_after_an_early_read(
    driver: LocalDriver,
) -> None:
    """The host reads the missing order before the timed-out commit arrives."""
    session = await driver.occupy()
    command = place_order(driver, session.id)
    order = driver.at(Kind.ORDER, command.inputs.id or 0)
    late(driver).late = True
    assert await driver.send(command) == [UNAVAILABLE]
    assert await driver.snapshot(order) == {}
    stored = not await late(driver).arrive()
    [done] = await driver.send(command)
    assert isinstance(done, Done)
    assert done.result["order_id"] == order.id, f"stored: {stored}"
    [reply] = await driver.send(Read(order, Channel.ORDER))
    assert isinstance(reply, View), "an acknowledged, stored order is not found"


async def test_entity_read_before_its_creation_elsewhere_is_found_afterwards(
    store: Store, driver: LocalDriver
) -> None:
    """A host that lost its restaurant to another host may still receive a creating command."""
    session = await driver.occupy()
    successor = LocalDriver(LocalHosts(store, driver.hosts.placement), driver.restaurant)
    command = place_order(driver, session.id)
    order = driver.at(Kind.ORDER, command.inputs.id or 0)
    assert await successor.snapshot(order) == {}
    [done] = await driver.send(command)
    assert isinstance(done, Done)
    assert (await successor.snapshot(order)).get("version") == 1
    for name in list(successor.hosts.hosts):
        successor.hosts.kill(name)


async def test_a_failed_creation_does_not_hide_a_later_one(
    store: Store, driver: LocalDriver
) -> None:
    """The rule fails after the entity was created in memory; nothing of it is stored."""
    session = await driver.occupy()
    refused = place_order(driver, session.id)
    order = driver.at(Kind.ORDER, refused.inputs.id or 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.staging.MAX_CASCADE", 1)
        [reply] = await driver.send(refused)
    assert isinstance(reply, Rejected)
    assert reply.code is Code.INTERNAL_ERROR
    assert await driver.snapshot(order) == {}
    [done] = await driver.send(refused)
    assert isinstance(done, Done)
    assert (await driver.snapshot(order))["version"] == 1
    entity = driver.hosts.entity(order)
    assert entity is not None
    assert not entity.unclaimed
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    assert (await driver.snapshot(order))["version"] == 1
    await asyncio.sleep(0)  # lets the cancelled tasks end
