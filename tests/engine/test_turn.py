"""The turn: batches, one commit, and nothing published before it is stored."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
import pytest

import domain.behaviours
from engine.entity import LoadedEntity
from engine.messages import Done, Dropped
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus, PaymentMethod
from storage.store import Store
from tests.engine.chain import LocalChain
from tests.engine.faulty_store import FaultyStore
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

GUEST = Caller(Role.GUEST, "guest:1")


async def test_a_batch_is_committed_in_one_round_trip(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    before = len(faulty.commits)
    batch = [chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 103)]
    replies = await chain.send(*batch)
    versions = [reply.version for reply in replies if isinstance(reply, Done)]
    assert versions == list(range(versions[0], versions[0] + 100))
    touching = [
        commit
        for commit in faulty.commits[before:]
        if any(entity.address == session for entity in commit)
    ]
    assert len(touching) == 1
    assert (await chain.see(session))["guests_count"] == 102


async def test_a_refused_commit_changes_and_publishes_nothing(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    await chain.join(Topic(session, Channel.SESSION))
    before = await chain.see(session)
    faulty.refuse_commits = 1
    reply = await chain.ask(session, c.UpdateGuestsCount(guests_count=9))
    assert reply == UNAVAILABLE
    assert await chain.see(session) == before
    pushed = [each for each in chain.hosts.pushed if each.topic.address == session]
    assert pushed == [Dropped(Topic(session, Channel.SESSION))]


async def test_a_request_whose_commit_reply_was_lost_takes_effect_once(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    order = await chain.order(session)
    await chain.quiet()
    faulty.forget_answers = 1
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="pay-1")
    assert await chain.ask(order, pay, request_id="pay-1") == UNAVAILABLE
    again = await chain.do(order, pay, request_id="pay-1")
    assert again.changed
    assert (await chain.see(order))["paid_amount"] == "5.00"


async def test_an_outdated_expected_version_is_a_conflict(chain: LocalChain) -> None:
    session = await chain.occupy()
    version = (await chain.see(session))["version"]
    await chain.do(session, c.UpdateGuestsCount(guests_count=3, expected_version=version))
    refusal = await chain.refused(
        session, c.UpdateGuestsCount(guests_count=4, expected_version=version)
    )
    assert refusal.code is Code.VERSION_CONFLICT
    assert refusal.details["version"] == version + 1
    assert (await chain.see(session))["guests_count"] == 3


async def test_a_failing_rule_fails_only_its_message_of_a_turn(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await chain.occupy()
    rules = domain.behaviours.BEHAVIOURS[Kind.SESSION]

    def failing(state: Any, command: Any, context: Any) -> Any:
        if isinstance(command, c.UpdateGuestsCount) and command.guests_count == 13:
            raise ArithmeticError("a bug in a rule")
        return rules.decide(state, command, context)

    entity = chain.hosts.entity(session)
    assert entity is not None
    entity.behaviour = replace(rules, decide=failing)
    replies = await chain.send(
        *(chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in (12, 13, 14))
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert isinstance(replies[1], Rejected)
    assert replies[1].code is Code.INTERNAL_ERROR
    assert (await chain.see(session))["guests_count"] == 14


async def test_two_clients_taking_one_table_at_once_get_one_session(chain: LocalChain) -> None:
    replies = await chain.send(
        *(chain.submit(chain.table, c.Occupy(), inputs=chain.fresh(Kind.SESSION)) for _ in range(2))
    )
    assert isinstance(replies[0], Done)
    assert isinstance(replies[1], Rejected)
    assert replies[1].code is Code.TABLE_OCCUPIED


async def test_a_commit_of_an_earlier_claimant_is_fenced(chain: LocalChain, store: Store) -> None:
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


async def test_a_requested_view_reflects_its_command(chain: LocalChain) -> None:
    session = await chain.occupy()
    done = await chain.do(session, c.UpdateGuestsCount(guests_count=7), view=Channel.SESSION)
    assert done.view is not None
    assert orjson.loads(done.view)["data"]["guests_count"] == 7


def test_placement_is_a_pure_function_of_the_address() -> None:
    order = Address(Kind.ORDER, 7, 2)
    table = Address(Kind.TABLE, 5, 2)
    assert Placement(Mode.ENTITY).host_of(order) == "order:7"
    assert Placement(Mode.RESTAURANT).host_of(order) == "restaurant:2"
    shards = Placement(Mode.SHARD, 8)
    assert shards.host_of(order) == shards.host_of(table)


async def test_an_unreadable_entity_fails_only_its_own_messages(
    chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await chain.occupy()
    await chain.quiet()
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    read = LoadedEntity.from_store

    def failing(address: Address, *rest: Any) -> Any:
        if address == session:
            raise ValueError("a field of a later version")
        return read(address, *rest)

    monkeypatch.setattr(LoadedEntity, "from_store", failing)
    replies = await chain.send(
        chain.submit(chain.table, c.ChangeTable(zone="B")),
        chain.submit(session, c.UpdateGuestsCount(guests_count=9)),
        chain.submit(chain.table, c.ChangeTable(zone="C")),
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert replies[1] == UNAVAILABLE
    assert (await chain.see(chain.table))["zone"] == "C"


async def test_an_unavailable_store_is_called_once_a_turn(
    chain: LocalChain, faulty: FaultyStore
) -> None:
    session = await chain.occupy()
    await chain.quiet()
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    before = faulty.claims
    faulty.refuse_claims = 100
    changes = [chain.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 23)]
    assert await chain.send(*changes) == [UNAVAILABLE] * 20
    assert faulty.claims == before + 1


async def test_a_repeated_creating_request_waits_for_the_entity_too(store: Store) -> None:
    apart = LocalChain(LocalHosts(store, Placement(Mode.ENTITY)))
    await apart.open()
    inputs = apart.fresh(Kind.SESSION)
    session = apart.at(Kind.SESSION, inputs.id or 0)
    apart.hosts.silent.add(str(session))
    command = apart.submit(apart.table, c.Occupy(), request_id="r", inputs=inputs)
    tasks = []
    for sent in (1, 2):
        tasks.append(asyncio.create_task(apart.send(command)))
        await eventually(partial(_awaits_creation, apart, apart.table, sent))
    first, again = tasks
    assert not first.done()
    assert not again.done()
    apart.hosts.silent.clear()
    assert (await asyncio.wait_for(again, 5))[0] == (await asyncio.wait_for(first, 5))[0]
    assert (await apart.see(session))["guests_count"] == 1
    for name in list(apart.hosts.hosts):
        apart.hosts.kill(name)


def _awaits_creation(chain: LocalChain, source: Address, replies: int) -> bool:
    """Whether so many replies wait until what an entity creates exists."""
    host = chain.hosts.hosts[chain.placement.host_of(source)]
    return sum(map(len, host._outbox._ack_callbacks.values())) == replies
