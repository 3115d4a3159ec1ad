"""Entities that are created without a claim: their first commit finds out whether they exist."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import redis

from actors.messages import Done, Read, Submit, View
from actors.placement import Mode, Placement
from protocol import commands as c
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel, Kind
from storage.store import EntityCommit, Store, StoreUnavailable, new_owner
from tests.actors.chain import LocalChain
from tests.actors.faulty_store import FaultyStore
from tests.local_hosts import LocalHosts
from tests.storage.commits import (
    ORDER,
    SESSION,
    commit_of,
    event,
    everything,
    seconds_left,
)


def created(owner: int, **changed: object) -> EntityCommit:
    """The first commit of an order that nobody has claimed."""
    state = {"status": b'"pending"'}
    return commit_of(ORDER, owner, unclaimed=True, state=state, **{**event(1), **changed})


# --- the store -----------------------------------------------------------------------------------


async def test_what_nobody_claimed_belongs_to_who_created_it(store: Store) -> None:
    owner = new_owner()
    assert await store.commit([created(owner)]) == frozenset()
    assert await store.commit([commit_of(ORDER, owner, 2, **event(2))]) == frozenset()
    [loaded] = await store.claim([ORDER])
    assert (loaded.version, loaded.events, loaded.seqs) == (2, 2, {"order": 2})
    assert loaded.state == {"status": b'"pending"'}


async def test_what_was_created_in_this_life_of_the_server_keeps_its_epoch(store: Store) -> None:
    """Its creator has claimed its restaurant before, and so knows the life."""
    await store.claim([SESSION])
    await store.commit([created(new_owner())])
    [loaded] = await store.claim([ORDER])
    assert loaded.epoch == "e1"


async def test_of_two_who_create_the_same_the_second_is_fenced(
    store: Store, client: redis.Redis
) -> None:
    first, second = new_owner(), new_owner()
    assert await store.commit([created(first)]) == frozenset()
    before = everything(client)
    assert await store.commit([created(second, epoch="e2")]) == {2}
    assert everything(client) == before
    assert await store.commit([commit_of(ORDER, first, 2)]) == frozenset()


async def test_what_another_host_owns_cannot_be_created(store: Store, client: redis.Redis) -> None:
    await store.commit([created(new_owner())])
    [claimed] = await store.claim([ORDER])
    before = everything(client)
    assert await store.commit([created(new_owner())]) == {2}
    assert everything(client) == before
    assert await store.commit([commit_of(ORDER, claimed.owner, 2)]) == frozenset()


async def test_who_claimed_nothing_is_fenced_by_the_creation(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    owner = new_owner()
    assert await store.commit([created(owner)]) == frozenset()
    assert await store.commit([commit_of(ORDER, claimed.owner)]) == {2}
    assert await store.commit([commit_of(ORDER, owner, 2)]) == frozenset()


async def test_a_creation_is_stored_with_what_caused_it_or_not_at_all(
    store: Store, client: redis.Redis
) -> None:
    [stale] = await store.claim([SESSION])
    [claimed] = await store.claim([SESSION])
    before = everything(client)
    assert await store.commit([commit_of(SESSION, stale.owner), created(new_owner())]) == {2}
    assert everything(client) == before
    group = [commit_of(SESSION, claimed.owner), created(new_owner())]
    assert await store.commit(group) == frozenset()


async def test_what_was_created_after_a_claim_of_nothing_lasts(
    store: Store, client: redis.Redis
) -> None:
    await store.claim([ORDER])
    await store.commit([created(new_owner(), results=[b"{}"], history=[b"{}"])])
    left = seconds_left(client)
    assert {left[key] for key in left if ":j:" not in key} == {-1}


async def test_history_counted_by_an_earlier_version_goes_on(
    store: Store, client: redis.Redis
) -> None:
    """Which wrote the count with HINCRBY, and cut its lists with every commit."""
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
    assert loaded.events == 8
    log = [b"8", b"9"]
    await store.commit([commit_of(ORDER, loaded.owner, 9, events=10, history=log)])
    assert await store.history(ORDER, limit=3) == [(7, b"7"), (8, b"8"), (9, b"9")]


async def test_rings_are_cut_before_they_grow_by_more_than_a_tenth(
    store: Store, client: redis.Redis
) -> None:
    [claimed] = await store.claim([ORDER])
    lengths = []
    for number in range(1, 40):
        one = {"history": [b"%d" % number], "events": number, **event(number)}
        await store.commit([commit_of(ORDER, claimed.owner, number, **one)])
        lengths.append(
            (client.llen("rq:{2}:order:123:j:order"), client.llen("rq:{2}:order:123:log"))
        )
    assert max(length for length, _ in lengths) == 5
    assert max(length for _, length in lengths) == 6


async def test_any_bytes_and_numbers_come_back_as_they_were(store: Store) -> None:
    [claimed] = await store.claim([ORDER])
    name = 'Crème brûlée 🍮 \u2028 "\\" \x00'
    state = {f"items/{name}": name.encode(), "raw": b"\xff\x00\xc1", "long": b"x" * 70_000}
    await store.commit(
        [
            commit_of(
                ORDER, claimed.owner, 2**53 - 1, state=state, last_effect=2**53 - 1,
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
    """While `late`, commits time out, and arrive only when the test says so."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.late = False
        self.on_their_way: list[Sequence[EntityCommit]] = []

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        if not self.late:
            return await super().commit(commits)
        self.on_their_way.append(commits)
        raise StoreUnavailable("timed out by the test")

    async def arrive(self) -> frozenset[int]:
        self.late = False
        return await super().commit(self.on_their_way.pop())


@pytest.fixture
async def chain(store: Store) -> AsyncIterator[LocalChain]:
    hosts = LocalHosts(store, Placement(Mode.SHARD), wrap=LateStore)
    chain = LocalChain(hosts)
    await chain.open()
    yield chain
    for name in list(hosts.hosts):
        hosts.kill(name)


def late(chain: LocalChain) -> LateStore:
    assert isinstance(chain.hosts.store, LateStore)
    return chain.hosts.store


def place_order(chain: LocalChain, session: int, request_id: str = "r") -> Submit:
    line = c.FreeLine(name="Soup", unit_price=650)
    return chain.submit(
        chain.at(Kind.SESSION, session),
        c.PlaceOrder(items=(line,)),
        request_id=request_id,
        supplies=chain.fresh(Kind.ORDER),
    )


async def test_creating_costs_no_claim(chain: LocalChain) -> None:
    session = await chain.occupy()
    before = late(chain).claims
    await chain.order(session)
    await chain.do(chain.home, c.AddWaiter(name="Bo"), supplies=chain.fresh(Kind.WAITER))
    assert late(chain).claims == before


async def test_a_creation_that_was_refused_by_the_store_can_be_repeated(chain: LocalChain) -> None:
    session = await chain.occupy()
    command = place_order(chain, session.id)
    late(chain).refuse_commits = 1
    assert await chain.send(command) == [UNAVAILABLE]
    assert await chain.see(chain.at(Kind.ORDER, command.supplies.id or 0)) == {}
    [done] = await chain.send(command)
    assert isinstance(done, Done)
    assert (await chain.see(chain.at(Kind.ORDER, command.supplies.id or 0)))["items_count"] == 1


async def test_a_creation_whose_answer_was_lost_is_made_once(chain: LocalChain) -> None:
    session = await chain.occupy()
    command = place_order(chain, session.id)
    late(chain).forget_answers = 1
    assert await chain.send(command) == [UNAVAILABLE]
    [done] = await chain.send(command)
    assert isinstance(done, Done)
    order = chain.at(Kind.ORDER, command.supplies.id or 0)
    assert (await chain.see(order))["version"] == 1
    assert len((await chain.see(session))["orders"]) == 1


async def test_a_creation_that_arrives_after_its_repetition_is_fenced(chain: LocalChain) -> None:
    session = await chain.occupy()
    command = place_order(chain, session.id)
    late(chain).late = True
    assert await chain.send(command) == [UNAVAILABLE]
    delayed = late(chain).on_their_way.pop()
    late(chain).late = False
    [done] = await chain.send(command)
    assert isinstance(done, Done)
    assert await late(chain).commit(delayed) == {chain.restaurant}
    assert len((await chain.see(session))["orders"]) == 1


async def test_a_late_creation_is_not_hidden_by_who_asked_for_it_too_early(
    chain: LocalChain,
) -> None:
    """The host has looked for the order in vain before the commit in doubt arrives after all."""
    session = await chain.occupy()
    command = place_order(chain, session.id)
    order = chain.at(Kind.ORDER, command.supplies.id or 0)
    late(chain).late = True
    assert await chain.send(command) == [UNAVAILABLE]
    assert await chain.see(order) == {}
    stored = not await late(chain).arrive()
    [done] = await chain.send(command)
    assert isinstance(done, Done)
    assert done.result["order_id"] == order.id, f"stored: {stored}"
    [reply] = await chain.send(Read(order, Channel.ORDER))
    assert isinstance(reply, View), "acknowledged, stored, and not found"


async def test_what_was_looked_for_before_it_was_created_elsewhere_is_found_then(
    store: Store, chain: LocalChain
) -> None:
    """A host that has lost its restaurant to another one may still be asked to create there."""
    session = await chain.occupy()
    successor = LocalChain(LocalHosts(store, chain.hosts.placement), chain.restaurant)
    command = place_order(chain, session.id)
    order = chain.at(Kind.ORDER, command.supplies.id or 0)
    assert await successor.see(order) == {}
    [done] = await chain.send(command)
    assert isinstance(done, Done)
    assert (await successor.see(order)).get("version") == 1
    for name in list(successor.hosts.hosts):
        successor.hosts.kill(name)


async def test_a_creation_that_failed_leaves_nothing_that_hides_a_later_one(
    store: Store, chain: LocalChain
) -> None:
    """The rule failed half-way: the entity was held, and nothing of it was ever stored."""
    session = await chain.occupy()
    refused = place_order(chain, session.id)
    order = chain.at(Kind.ORDER, refused.supplies.id or 0)
    [host] = chain.hosts.hosts.values()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("actors.turn.MAX_CASCADE", 1)
        assert await chain.send(refused) == [UNAVAILABLE]
    assert await chain.see(order) == {}
    [done] = await chain.send(refused)
    assert isinstance(done, Done)
    assert (await chain.see(order))["version"] == 1
    held = host.get(order)
    assert held is not None
    assert not held.unclaimed
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    assert (await chain.see(order))["version"] == 1
    await asyncio.sleep(0)
