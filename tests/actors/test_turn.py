"""The turn: batches, one commit, and nothing told before it is stored."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

import domain.behaviours
from actors.held import held_from
from actors.messages import Done, Feed, Submit
from actors.placement import Mode, Placement
from domain.entity import Behaviour, Origin
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus, PaymentMethod
from storage.store import Store
from tests.actors.chain import MANAGER, LocalChain, sequence
from tests.actors.faulty_store import FaultyStore
from tests.local_hosts import LocalHosts

GUEST = Caller(Role.GUEST, "guest:1")


@pytest.fixture
async def faulty(store: Store, placement: Placement) -> FaultyStore:
    return FaultyStore(store)


@pytest.fixture
async def hosts(faulty: FaultyStore, placement: Placement) -> AsyncIterator[LocalHosts]:
    hosts = LocalHosts(faulty, placement)
    yield hosts
    for name in list(hosts.hosts):
        hosts.kill(name)


async def test_a_batch_is_committed_in_one_round_trip(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    before = len(faulty.commits)
    batch = [chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 103)]
    replies = await chain.send(*batch)
    assert [reply.version for reply in replies if isinstance(reply, Done)] == list(
        range(replies[0].version, replies[0].version + 100)  # type: ignore[union-attr]
    )
    touching = [
        commit
        for commit in faulty.commits[before:]
        if any(entity.address == session for entity in commit)
    ]
    assert len(touching) == 1
    assert (await chain.see(session))["guests_count"] == 102


async def test_a_refused_commit_changes_nothing_and_tells_nobody(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    await chain.join(Topic(session, Channel.SESSION))
    before = await chain.see(session)
    faulty.refuse_commits = 1
    reply = await chain.ask(session, c.UpdateGuestsCount(guests_count=9))
    assert reply == UNAVAILABLE
    assert await chain.see(session) == before
    host = chain.hosts.placement.host_of(session)
    feed = await _feed(chain, host, await _cursor(chain, host))
    assert [p for p in feed.published if p.topic.address == session] == []
    assert Topic(session, Channel.SESSION) in feed.dropped


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    order = await chain.order(session)
    await _quiet(chain)
    faulty.forget_answers = 1
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="pay-1")
    assert await chain.ask(order, pay, request_id="pay-1") == UNAVAILABLE
    again = await chain.do(order, pay, request_id="pay-1")
    assert again.changed
    assert (await chain.see(order))["paid_amount"] == "5.00"


async def test_subscribers_told_nothing_of_a_lost_answer_get_it_when_they_join_again(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    faulty.forget_answers = 1
    await chain.ask(session, c.UpdateGuestsCount(guests_count=9))
    resumed = await chain.join(topic, epoch=joined.epoch, since=joined.seq)
    assert resumed.resumed
    assert sequence(resumed.frames) == [joined.seq + 1]


async def test_the_same_request_gets_its_first_result(chain: LocalChain) -> None:
    first = await chain.do(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    again = await chain.do(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    assert (again.changed, again.version, again.result) == (
        first.changed,
        first.version,
        first.result,
    )


async def test_a_refusal_is_a_result_too(chain: LocalChain) -> None:
    session = await chain.occupy()
    refusal = await chain.refused(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    assert refusal.code is Code.TABLE_OCCUPIED
    await chain.do(session, c.CloseSession())
    await _quiet(chain)
    again = await chain.refused(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    assert again == refusal


async def test_a_refusal_that_may_pass_is_none(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told to wait sends the same again, under the same id."""
    session = await chain.occupy()
    first = await chain.order(session)
    how = {"caller": GUEST, "request_id": "r"}
    wish = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1),))
    supplies = replace(chain.fresh(Kind.ORDER), prices={1: ("Soup", 100)})
    monkeypatch.setattr("domain.session.MOST_PENDING", 1)
    refusal = await chain.refused(session, wish, supplies=supplies, **how)
    assert refusal.code is Code.RATE_LIMITED
    await chain.advance(first, OrderStatus.CONFIRMED)
    await _quiet(chain)
    assert (await chain.do(session, wish, supplies=supplies, **how)).changed


async def test_another_body_under_one_request_id_is_a_conflict(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3), request_id="r", digest="3")
    refusal = await chain.refused(
        session, c.UpdateGuestsCount(guests_count=4), request_id="r", digest="4"
    )
    assert refusal.code is Code.IDEMPOTENCY_CONFLICT
    assert (await chain.see(session))["guests_count"] == 3


async def test_two_callers_may_use_the_same_request_id(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3), request_id="r", digest="3")
    other = Caller(Role.MANAGER, "manager:2")
    done = await chain.do(
        session,
        c.UpdateGuestsCount(guests_count=4),
        request_id="r",
        digest="4",
        caller=other,
    )
    assert done.changed


async def test_results_outlive_the_host(chain: LocalChain) -> None:
    first = await chain.do(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    again = await chain.do(
        chain.table, c.Occupy(), request_id="r", supplies=chain.fresh(Kind.SESSION)
    )
    assert again.result == first.result


async def test_an_expected_version_that_has_passed_is_a_conflict(chain: LocalChain) -> None:
    session = await chain.occupy()
    version = (await chain.see(session))["version"]
    await chain.do(session, c.UpdateGuestsCount(guests_count=3, expected_version=version))
    refusal = await chain.refused(
        session, c.UpdateGuestsCount(guests_count=4, expected_version=version)
    )
    assert refusal.code is Code.VERSION_CONFLICT
    assert refusal.details["version"] == version + 1
    assert (await chain.see(session))["guests_count"] == 3


async def test_a_rule_that_fails_leaves_the_rest_of_its_turn_untouched(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await chain.occupy()
    rules = domain.behaviours.BEHAVIOURS[Kind.SESSION]

    def failing(state: object, command: object, context: object) -> object:
        if isinstance(command, c.UpdateGuestsCount) and command.guests_count == 13:
            raise ArithmeticError("a bug in a rule")
        return rules.decide(state, command, context)  # type: ignore[arg-type]

    broken = Behaviour(
        rules.kind, rules.state, failing, rules.evolve, rules.publish, rules.snapshot,  # type: ignore[arg-type]
        rules.settled,
    )  # fmt: skip
    host = chain.hosts.hosts[chain.hosts.placement.host_of(session)]
    held = host.get(session)
    assert held is not None
    held.behaviour = broken
    replies = await chain.send(
        *(chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in (12, 13, 14))
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert replies[1] == UNAVAILABLE
    assert (await chain.see(session))["guests_count"] == 14


async def test_two_clients_taking_one_table_at_once_get_one_session(chain: LocalChain) -> None:
    replies = await chain.send(
        *(
            chain.submit(chain.table, c.Occupy(), supplies=chain.fresh(Kind.SESSION))
            for _ in range(2)
        )
    )
    assert isinstance(replies[0], Done)
    assert isinstance(replies[1], Rejected)
    assert replies[1].code is Code.TABLE_OCCUPIED


async def test_a_snapshot_and_its_subscription_are_one_step(chain: LocalChain) -> None:
    """Joins in the middle of a burst: snapshot and feed together have each number once."""
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    host = chain.hosts.placement.host_of(session)

    async def change(count: int) -> None:
        await chain.do(session, c.UpdateGuestsCount(guests_count=count))

    changes = asyncio.gather(*(change(n) for n in range(3, 40)))
    joined = await chain.join(topic)
    await changes
    seen = [joined.seq]
    cursor = await _cursor(chain, host)
    while seen[-1] < 37 and (feed := await _feed(chain, host, cursor)).published:
        cursor = feed.cursor
        for published in feed.published:
            if published.topic == topic:
                seen += sequence(published.frames)
    last = orjson.loads((await chain.join(topic)).frames[0])["seq"]
    assert seen == list(range(joined.seq, last + 1))


async def test_a_poll_whose_answer_was_lost_is_answered_again(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    await chain.join(Topic(session, Channel.SESSION))
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    cursor = await _cursor(chain, host)
    lost = await _feed(chain, host, cursor)
    again = await _feed(chain, host, cursor)
    assert again.published == lost.published
    await chain.do(session, c.UpdateGuestsCount(guests_count=4))
    assert (await _feed(chain, host, again.cursor)).published != lost.published


async def test_an_older_claimant_is_fenced(chain: LocalChain, store: Store) -> None:
    session = await chain.occupy()
    successor = LocalChain(LocalHosts(store, chain.hosts.placement), chain.restaurant)
    await successor.do(session, c.UpdateGuestsCount(guests_count=5))
    assert await chain.ask(session, c.UpdateGuestsCount(guests_count=6)) == UNAVAILABLE
    assert (await successor.see(session))["guests_count"] == 5
    done = await chain.do(session, c.UpdateGuestsCount(guests_count=6))
    assert done.changed, "an entity that was taken back is claimed anew"
    for name in list(successor.hosts.hosts):
        successor.hosts.kill(name)


async def test_unknown_entities_are_not_found(chain: LocalChain) -> None:
    ghost = chain.at(Kind.ORDER, 99_999)
    refusal = await chain.refused(ghost, c.UpdateStatus(status=OrderStatus.READY))
    assert refusal.code is Code.NOT_FOUND
    assert await chain.see(ghost) == {}


async def test_a_view_reflects_the_command_that_asked_for_it(chain: LocalChain) -> None:
    session = await chain.occupy()
    done = await chain.do(session, c.UpdateGuestsCount(guests_count=7), view=Channel.SESSION)
    assert done.view is not None
    assert orjson.loads(done.view)["data"]["guests_count"] == 7


async def test_commands_that_may_be_sent_again_without_a_body_digest_keep_no_refusal(
    chain: LocalChain,
) -> None:
    """The gateway's own ids make a resend safe; what they refused once is decided afresh."""
    await chain.occupy()
    origin = Origin(chain.table, MANAGER.subject, "internal", "")
    supplies = chain.fresh(Kind.SESSION)
    message = Submit(chain.table, c.Occupy(), MANAGER, origin, supplies)
    first = (await chain.send(message))[0]
    assert isinstance(first, Rejected)
    held = chain.hosts.hosts[chain.hosts.placement.host_of(chain.table)].get(chain.table)
    assert held is not None
    assert not [key for key in held.results if key.endswith(b"internal")]


async def _cursor(chain: LocalChain, host: str) -> int:
    """Where a gateway's feed stands: what its first poll learns, whatever it sends."""
    return (await _feed(chain, host, 0)).cursor


async def _feed(chain: LocalChain, host: str, cursor: int) -> Feed:
    return await asyncio.wait_for(chain.hosts.poll(host, "g", cursor), 5)


async def _quiet(chain: LocalChain) -> None:
    """Until no host has anything to deliver."""
    while any(len(host._outbox) for host in chain.hosts.hosts.values()):
        await asyncio.sleep(0.01)


def test_placement_is_a_pure_function_of_the_address() -> None:
    order = Address(Kind.ORDER, 7, 2)
    table = Address(Kind.TABLE, 5, 2)
    assert Placement(Mode.ENTITY).host_of(order) == "order:7"
    assert Placement(Mode.RESTAURANT).host_of(order) == "restaurant:2"
    shards = Placement(Mode.SHARD, 8)
    assert shards.host_of(order) == shards.host_of(table)


async def test_a_gateway_that_was_forgotten_is_told_so(chain: LocalChain) -> None:
    session = await chain.occupy()
    host = chain.hosts.placement.host_of(session)
    joined = await chain.join(Topic(session, Channel.SESSION))
    cursor = await _cursor(chain, host)
    subscribers = chain.hosts.hosts[host]._subscribers
    subscribers._feeds["g"].seen_at -= 60  # it has not polled for a minute
    subscribers.expire()
    answer = await _feed(chain, host, cursor)
    assert answer.incarnation != joined.incarnation
    assert answer.cursor not in (cursor, cursor + 1)


async def test_one_entity_that_cannot_be_read_leaves_the_others_alone(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await chain.occupy()
    await _quiet(chain)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    read = held_from

    def failing(address: Address, *rest: Any) -> Any:
        if address == session:
            raise ValueError("a field of a later version")
        return read(address, *rest)

    monkeypatch.setattr("actors.host.held_from", failing)
    replies = await chain.send(
        chain.submit(chain.table, c.ChangeTable(zone="B")),
        chain.submit(session, c.UpdateGuestsCount(guests_count=9)),
        chain.submit(chain.table, c.ChangeTable(zone="C")),
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert replies[1] == UNAVAILABLE
    assert (await chain.see(chain.table))["zone"] == "C"


async def test_a_store_that_is_away_is_asked_once_a_turn(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    await _quiet(chain)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    before = faulty.claims
    faulty.refuse_claims = 100
    changes = [chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 23)]
    assert await chain.send(*changes) == [UNAVAILABLE] * 20
    assert faulty.claims == before + 1


async def test_a_creating_request_sent_again_waits_for_the_entity_too(store: Store) -> None:
    apart = LocalChain(LocalHosts(store, Placement(Mode.ENTITY)))
    await apart.open()
    supplies = apart.fresh(Kind.SESSION)
    session = apart.at(Kind.SESSION, supplies.id or 0)
    apart.hosts.silent.add(str(session))
    command = apart.submit(apart.table, c.Occupy(), request_id="r", supplies=supplies)
    first = asyncio.create_task(apart.send(command))
    await asyncio.sleep(0.2)
    again = asyncio.create_task(apart.send(command))
    await asyncio.sleep(0.2)
    assert not first.done()
    assert not again.done()
    apart.hosts.silent.clear()
    assert (await asyncio.wait_for(again, 5))[0] == (await asyncio.wait_for(first, 5))[0]
    assert (await apart.see(session))["guests_count"] == 1
    for name in list(apart.hosts.hosts):
        apart.hosts.kill(name)
