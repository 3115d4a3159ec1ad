"""An exception fails only its message, or the commit of its restaurant."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.messages import (
    Done,
    Dropped,
    Published,
    Read,
    Reply,
    Submit,
    Subscribe,
    Subscribed,
    View,
)  # fmt: skip
from engine.metrics import EVICTIONS, HANDLER_ERRORS
from engine.placement import Mode, Placement
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Topic
from storage.store import EntityCommit, Store
from tests.engine.restaurant_driver import LocalDriver
from tests.local_hosts import LocalHosts

BUG = ArithmeticError("a bug, by the test")


class BuggyStore:
    """A real store whose `method` raises an undeclared exception for calls with `address`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.method, self.address = "", Address("order", 0, 0)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, addresses: Sequence[Address]) -> Any:
        if self.method == "claim" and self.address in addresses:
            raise BUG
        return await self._store.claim(addresses)

    async def commit(self, commits: Sequence[EntityCommit]) -> frozenset[int]:
        if self.method == "commit" and self.address in [commit.address for commit in commits]:
            raise BUG
        return await self._store.commit(commits)

    async def journal(self, reads: Sequence[tuple[Topic, int, int]]) -> Any:
        if self.method == "journal":
            raise BUG
        return await self._store.journal(reads)


@pytest.fixture
def buggy(store: Store) -> BuggyStore:
    return BuggyStore(store)


@pytest.fixture
async def hosts(buggy: BuggyStore) -> AsyncIterator[LocalHosts]:
    """One host for all restaurants."""
    hosts = LocalHosts(buggy, Placement(Mode.SHARD, shards=1))
    yield hosts
    for name in list(hosts.hosts):
        hosts.kill(name)


@pytest.fixture
async def broken(hosts: LocalHosts) -> LocalDriver:
    """The restaurant in which a test causes the exception."""
    driver = LocalDriver(hosts, 1)
    await driver.create_restaurant()
    return driver


@pytest.fixture
async def healthy(hosts: LocalHosts) -> LocalDriver:
    """Another restaurant on the same host."""
    driver = LocalDriver(hosts, 2)
    await driver.create_restaurant()
    return driver


@pytest.fixture(autouse=True)
def reset_counters(broken: LocalDriver, healthy: LocalDriver) -> None:
    """Reset the counters once both restaurants exist."""
    HANDLER_ERRORS.drain()
    EVICTIONS.drain()


def fail(*_: object) -> Any:
    raise BUG


def break_rules(driver: LocalDriver, address: Address, **rules: Any) -> None:
    held = driver.hosts.entity(address)
    assert held is not None
    held.behaviour = replace(held.behaviour, **rules)


def failures() -> float:
    return sum(HANDLER_ERRORS.drain().values())


def evictions() -> float:
    return sum(EVICTIONS.drain().values())


def is_internal_error(reply: Reply) -> bool:
    return isinstance(reply, Rejected) and reply.code is Code.INTERNAL_ERROR


def change(driver: LocalDriver, zone: str = "B") -> Submit:
    return driver.submit(driver.table, c.ChangeTable(zone=zone))


async def test_a_failing_snapshot_fails_only_its_read(
    broken: LocalDriver, healthy: LocalDriver, caplog: pytest.LogCaptureFixture
) -> None:
    break_rules(broken, broken.table, snapshot=fail)
    with caplog.at_level(logging.ERROR):
        replies = await healthy.send(
            change(healthy), Read(broken.table, Channel.TABLE), Read(healthy.table, Channel.TABLE)
        )
    assert isinstance(replies[0], Done)
    assert is_internal_error(replies[1])
    assert isinstance(replies[2], View)
    assert (failures(), evictions()) == (1, 0)
    [line] = [record for record in caplog.records if record.exc_info]
    assert line.__dict__["entity"] == str(broken.table)
    assert line.__dict__["message_type"] == "Read"
    assert isinstance(replies[1], Rejected)
    assert line.__dict__["error_id"] == replies[1].details["error_id"]


async def test_a_failing_snapshot_fails_only_the_command_that_requested_it(
    broken: LocalDriver, healthy: LocalDriver
) -> None:
    break_rules(broken, broken.table, snapshot=fail)
    replies = await healthy.send(
        broken.submit(broken.table, c.ChangeTable(zone="B"), view=Channel.TABLE),
        change(broken, "C"),
        healthy.submit(healthy.table, c.ChangeTable(zone="B"), view=Channel.TABLE),
    )
    assert replies[0] == UNAVAILABLE
    assert [isinstance(reply, Done) for reply in replies] == [False, True, True]
    assert (failures(), evictions()) == (1, 0)


async def test_a_subscription_whose_snapshot_fails_adds_no_subscriber(
    broken: LocalDriver, healthy: LocalDriver
) -> None:
    topic, other = Topic(broken.table, Channel.TABLE), Topic(healthy.table, Channel.TABLE)
    break_rules(broken, broken.table, snapshot=fail)
    replies = await healthy.send(
        *(Subscribe(each, "test", 1, Role.WAITER) for each in (topic, other)),
    )
    assert replies[0] == UNAVAILABLE
    assert isinstance(replies[1], Subscribed)
    assert await healthy.send(change(broken), change(healthy))
    published = [each.topic for each in healthy.hosts.pushed if isinstance(each, Published)]
    assert published == [other]
    assert (failures(), evictions()) == (1, 0)


async def test_a_failing_encoding_fails_only_its_restaurants_commit(
    broken: LocalDriver, healthy: LocalDriver, caplog: pytest.LogCaptureFixture
) -> None:
    await healthy.subscribe(Topic(broken.table, Channel.TABLE))
    before = await broken.snapshot(broken.table)
    break_rules(broken, broken.table, is_final=fail)
    with caplog.at_level(logging.ERROR):
        replies = await healthy.send(change(broken), change(healthy))
    assert replies[0] == UNAVAILABLE
    assert isinstance(replies[1], Done)
    assert await broken.snapshot(broken.table) == before
    assert (await healthy.snapshot(healthy.table))["zone"] == "B"
    assert healthy.hosts.pushed == [], "nothing is published, and no subscription is dropped"
    assert (failures(), evictions()) == (1, 0)
    [line] = [record for record in caplog.records if record.exc_info]
    assert line.__dict__["entity"] == str(broken.table)
    assert line.__dict__["message_type"] == "ChangeTable"


async def test_a_raising_commit_fails_only_its_restaurant(
    broken: LocalDriver, healthy: LocalDriver, buggy: BuggyStore
) -> None:
    before = await broken.snapshot(broken.table)
    buggy.method, buggy.address = "commit", broken.table
    held = healthy.hosts.entity(healthy.table)
    replies = await healthy.send(change(broken), change(healthy))
    assert replies[0] == UNAVAILABLE
    assert isinstance(replies[1], Done)
    buggy.method = ""
    assert await broken.snapshot(broken.table) == before
    assert (await healthy.snapshot(healthy.table))["zone"] == "B"
    assert healthy.hosts.entity(healthy.table) is held, "not evicted"
    assert failures() == 1


async def test_a_raising_claim_fails_only_messages_to_that_entity(
    broken: LocalDriver, healthy: LocalDriver, buggy: BuggyStore
) -> None:
    for name in list(healthy.hosts.hosts):
        healthy.hosts.kill(name)
    buggy.method, buggy.address = "claim", broken.table
    replies = await healthy.send(change(healthy), change(broken), change(healthy, "C"))
    assert [isinstance(reply, Done) for reply in replies] == [True, False, True]
    assert is_internal_error(replies[1])
    assert failures() == 1
    buggy.method = ""
    assert isinstance((await healthy.send(change(broken)))[0], Done)


async def test_a_failing_publication_invalidates_only_its_entitys_topics(
    broken: LocalDriver, healthy: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = [Topic(driver.table, Channel.TABLE) for driver in (broken, healthy)]
    for topic in topics:
        await healthy.subscribe(topic)
    subscribers = next(iter(healthy.hosts.hosts.values()))._subscribers
    publish = subscribers.publish

    def failing(published: Published) -> None:
        if published.topic == topics[0]:
            raise BUG
        publish(published)

    monkeypatch.setattr(subscribers, "publish", failing)
    replies = await healthy.send(change(broken), change(healthy))
    assert [isinstance(reply, Done) for reply in replies] == [True, True]
    dropped = [each.topic for each in healthy.hosts.pushed if isinstance(each, Dropped)]
    published = [each.topic for each in healthy.hosts.pushed if isinstance(each, Published)]
    assert (dropped, published) == ([topics[0]], [topics[1]])
    assert (failures(), evictions()) == (1, 1)


async def test_a_subscriber_gets_a_snapshot_if_the_journal_raises(
    broken: LocalDriver, healthy: LocalDriver, buggy: BuggyStore
) -> None:
    topic = Topic(broken.table, Channel.TABLE)
    joined = await healthy.subscribe(topic)
    await healthy.send(change(broken))
    buggy.method = "journal"
    resume = Subscribe(topic, "test", 2, Role.WAITER, joined.epoch, joined.seq)
    replies = await healthy.send(resume, change(healthy))
    assert isinstance(replies[0], Subscribed)
    assert not replies[0].resumed
    assert isinstance(replies[1], Done)
    assert failures() == 1
