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
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

GUEST = Caller(Role.GUEST, "guest:1")


async def test_a_batch_is_committed_in_one_round_trip(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await driver.occupy()
    before = len(faulty.commits)
    batch = [driver.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 103)]
    replies = await driver.send(*batch)
    versions = [reply.version for reply in replies if isinstance(reply, Done)]
    assert versions == list(range(versions[0], versions[0] + 100))
    touching = [
        commit
        for commit in faulty.commits[before:]
        if any(entity.address == session for entity in commit)
    ]
    assert len(touching) == 1
    assert (await driver.snapshot(session))["guests_count"] == 102


async def test_a_refused_commit_changes_and_publishes_nothing(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await driver.occupy()
    await driver.subscribe(Topic(session, Channel.SESSION))
    before = await driver.snapshot(session)
    faulty.refuse_commits = 1
    reply = await driver.request(session, c.UpdateGuestsCount(guests_count=9))
    assert reply == UNAVAILABLE
    assert await driver.snapshot(session) == before
    pushed = [each for each in driver.hosts.pushed if each.topic.address == session]
    assert pushed == [Dropped(Topic(session, Channel.SESSION))]


async def test_a_request_whose_commit_reply_was_lost_takes_effect_once(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await driver.occupy()
    order = await driver.order(session)
    await driver.until_idle()
    faulty.lose_replies = 1
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="pay-1")
    assert await driver.request(order, pay, request_id="pay-1") == UNAVAILABLE
    again = await driver.do(order, pay, request_id="pay-1")
    assert again.changed
    assert (await driver.snapshot(order))["paid_amount"] == "5.00"


async def test_an_outdated_expected_version_is_a_conflict(driver: LocalDriver) -> None:
    session = await driver.occupy()
    version = (await driver.snapshot(session))["version"]
    await driver.do(session, c.UpdateGuestsCount(guests_count=3, expected_version=version))
    refusal = await driver.rejection(
        session, c.UpdateGuestsCount(guests_count=4, expected_version=version)
    )
    assert refusal.code is Code.VERSION_CONFLICT
    assert refusal.details["version"] == version + 1
    assert (await driver.snapshot(session))["guests_count"] == 3


async def test_a_failing_rule_fails_only_its_message_of_a_turn(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await driver.occupy()
    rules = domain.behaviours.BEHAVIOURS[Kind.SESSION]

    def failing(state: Any, command: Any, context: Any) -> Any:
        if isinstance(command, c.UpdateGuestsCount) and command.guests_count == 13:
            raise ArithmeticError("a bug in a rule")
        return rules.decide(state, command, context)

    entity = driver.hosts.entity(session)
    assert entity is not None
    entity.behaviour = replace(rules, decide=failing)
    replies = await driver.send(
        *(driver.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in (12, 13, 14))
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert isinstance(replies[1], Rejected)
    assert replies[1].code is Code.INTERNAL_ERROR
    assert (await driver.snapshot(session))["guests_count"] == 14


async def test_two_clients_taking_one_table_at_once_get_one_session(driver: LocalDriver) -> None:
    replies = await driver.send(
        *(
            driver.submit(driver.table, c.Occupy(), inputs=driver.new_inputs(Kind.SESSION))
            for _ in range(2)
        )
    )
    assert isinstance(replies[0], Done)
    assert isinstance(replies[1], Rejected)
    assert replies[1].code is Code.TABLE_OCCUPIED


async def test_a_commit_of_an_earlier_claimant_is_fenced(driver: LocalDriver, store: Store) -> None:
    session = await driver.occupy()
    successor = LocalDriver(LocalHosts(store, driver.hosts.placement), driver.restaurant)
    await successor.do(session, c.UpdateGuestsCount(guests_count=5))
    assert await driver.request(session, c.UpdateGuestsCount(guests_count=6)) == UNAVAILABLE
    assert (await successor.snapshot(session))["guests_count"] == 5
    done = await driver.do(session, c.UpdateGuestsCount(guests_count=6))
    assert done.changed, "an entity that another host owned meanwhile is claimed again"
    for name in list(successor.hosts.hosts):
        successor.hosts.kill(name)


async def test_unknown_entities_are_not_found(driver: LocalDriver) -> None:
    ghost = driver.at(Kind.ORDER, 99_999)
    refusal = await driver.rejection(ghost, c.UpdateStatus(status=OrderStatus.READY))
    assert refusal.code is Code.NOT_FOUND
    assert await driver.snapshot(ghost) == {}


async def test_a_requested_view_reflects_its_command(driver: LocalDriver) -> None:
    session = await driver.occupy()
    done = await driver.do(session, c.UpdateGuestsCount(guests_count=7), view=Channel.SESSION)
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
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await driver.occupy()
    await driver.until_idle()
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    read = LoadedEntity.from_store

    def failing(address: Address, *rest: Any) -> Any:
        if address == session:
            raise ValueError("a field of a later version")
        return read(address, *rest)

    monkeypatch.setattr(LoadedEntity, "from_store", failing)
    replies = await driver.send(
        driver.submit(driver.table, c.ChangeTable(zone="B")),
        driver.submit(session, c.UpdateGuestsCount(guests_count=9)),
        driver.submit(driver.table, c.ChangeTable(zone="C")),
    )
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert replies[1] == UNAVAILABLE
    assert (await driver.snapshot(driver.table))["zone"] == "C"


async def test_an_unavailable_store_is_called_once_a_turn(
    driver: LocalDriver, faulty: FaultyStore
) -> None:
    session = await driver.occupy()
    await driver.until_idle()
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    before = faulty.claims
    faulty.refuse_claims = 100
    changes = [driver.submit(session, c.UpdateGuestsCount(guests_count=n)) for n in range(3, 23)]
    assert await driver.send(*changes) == [UNAVAILABLE] * 20
    assert faulty.claims == before + 1


async def test_a_repeated_creating_request_waits_for_the_entity_too(store: Store) -> None:
    entity_driver = LocalDriver(LocalHosts(store, Placement(Mode.ENTITY)))
    await entity_driver.create_restaurant()
    inputs = entity_driver.new_inputs(Kind.SESSION)
    session = entity_driver.at(Kind.SESSION, inputs.id or 0)
    entity_driver.hosts.silent.add(str(session))
    command = entity_driver.submit(entity_driver.table, c.Occupy(), request_id="r", inputs=inputs)
    tasks = []
    for sent in (1, 2):
        tasks.append(asyncio.create_task(entity_driver.send(command)))
        await eventually(partial(_awaits_creation, entity_driver, entity_driver.table, sent))
    first, again = tasks
    assert not first.done()
    assert not again.done()
    entity_driver.hosts.silent.clear()
    assert (await asyncio.wait_for(again, 5))[0] == (await asyncio.wait_for(first, 5))[0]
    assert (await entity_driver.snapshot(session))["guests_count"] == 1
    for name in list(entity_driver.hosts.hosts):
        entity_driver.hosts.kill(name)


def _awaits_creation(driver: LocalDriver, source: Address, replies: int) -> bool:
    """Whether `count` replies wait for the creation of an entity."""
    host = driver.hosts.hosts[driver.placement.host_of(source)]
    return sum(map(len, host._outbox._ack_callbacks.values())) == replies
