"""Hand-over of entities between hosts when a new placement is published."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.messages import Done, Moved, Read, Reply, Subscribe, Subscribed
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend.host_client import HostClient
from gateway.backend.subscriptions import SubscriptionHub
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import CloseCode
from protocol.ids import Address, Channel, Kind, Topic
from storage.store import Store
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver, sequence
from tests.eventually import eventually
from tests.local_hosts import LocalHosts

BEFORE = Placement(Mode.SHARD, shards=1, generation=1)
AFTER = replace(BEFORE.moved(0), generation=2)
OLD, NEW = "shard:0", "shard:0#1"


@pytest.fixture
async def driver(store: Store) -> AsyncIterator[LocalDriver]:
    driver = LocalDriver(LocalHosts(store, BEFORE))
    await driver.create_restaurant()
    yield driver
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)


class Gateway:
    """A gateway's host client and subscriptions, with a connection that records its frames."""

    id = 1

    def __init__(self, hosts: LocalHosts, name: str = "g1") -> None:
        self.watcher = PlacementWatcher(hosts.placement, hosts.fetch_placement)
        self.client = HostClient(hosts.network(name), self.watcher)
        self.hub = SubscriptionHub(self.client, self.watcher, name)
        self.frames: list[bytes] = []
        self.closed: list[CloseCode] = []

    def send(self, frame: object, *, solicited: bool = False) -> None:
        self.frames.append(frame.payload)  # type: ignore[attr-defined]  # a TextFrame

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed.append(code)


@pytest.fixture
async def gateway(driver: LocalDriver) -> AsyncIterator[Gateway]:
    gateway = Gateway(driver.hosts)
    yield gateway
    gateway.hub.close()
    gateway.client.close()


async def test_a_host_replies_moved_for_entities_of_another_host(
    driver: LocalDriver,
) -> None:
    driver.hosts.placement = AFTER
    await _set_generation(driver, OLD)
    [reply] = await driver.hosts.deliver(
        OLD, [driver.submit(driver.table, c.ChangeTable(zone="B"))]
    )
    assert reply == Moved(2)
    assert driver.hosts.hosts[OLD].entities == 0
    driver.placement = AFTER
    assert (await driver.snapshot(driver.table))["zone"] == "A", "the command was not executed"


async def test_a_host_fetches_the_placement_before_it_returns_a_misplaced_message(
    driver: LocalDriver,
) -> None:
    driver.hosts._host(NEW)  # it starts with the previous placement
    driver.hosts.placement = AFTER
    [reply] = await driver.hosts.deliver(
        NEW, [driver.submit(driver.table, c.ChangeTable(zone="B"))]
    )
    assert isinstance(reply, Done)


async def test_a_host_claims_no_entity_of_another_host_while_a_turn_runs(store: Store) -> None:
    """The host has the newest placement, the gateway that sends both messages has not."""
    placement = Placement(Mode.SHARD, shards=2, generation=2)
    driver = LocalDriver(LocalHosts(store, placement, wrap=FaultyStore))
    own, foreign = (
        next(
            home
            for home in (Address(Kind.RESTAURANT, number, number) for number in range(1, 100))
            if (placement.host_of(home) == "shard:0") is is_own
        )
        for is_own in (True, False)
    )
    host = driver.hosts._host("shard:0")
    replies: dict[int, Reply] = {}

    class Replies:
        def send(self, number: int, body: Reply) -> None:
            replies[number] = body

    reads = [Read(home, Channel.RESTAURANT) for home in (own, foreign)]
    host.post(Replies(), list(enumerate(reads)))
    await eventually(lambda: len(replies) == 2)
    assert replies[1] == Moved(2)
    assert driver.hosts.store.claims == 1  # type: ignore[attr-defined]  # a FaultyStore
    driver.hosts.kill("shard:0")


async def test_messages_reach_the_new_host_in_order_after_a_migration(
    driver: LocalDriver, gateway: Gateway
) -> None:
    zones = [str(n) for n in range(300)]
    sent = [gateway.client.send(driver.submit(driver.table, c.ChangeTable(zone=z))) for z in zones]
    await sent[0]
    driver.hosts.placement = AFTER
    await _set_generation(driver, OLD)
    sent += [gateway.client.send(driver.submit(driver.table, c.ChangeTable(zone=z))) for z in "ABC"]
    replies = await asyncio.gather(*sent)
    versions = [reply.version for reply in replies if isinstance(reply, Done)]
    assert versions == list(range(versions[0], versions[0] + len(sent)))
    assert gateway.watcher.placement == AFTER
    assert OLD in driver.hosts.hosts
    assert driver.hosts.hosts[OLD].entities == 0


async def test_subscribers_resume_at_the_new_host_after_a_migration(
    driver: LocalDriver, gateway: Gateway
) -> None:
    topic = Topic(driver.table, Channel.TABLE)
    assert await gateway.hub.subscribe(gateway, Role.MANAGER, topic, None, None) is None
    await gateway.client.send(driver.submit(driver.table, c.ChangeTable(zone="B")))
    driver.hosts.placement = AFTER
    await _set_generation(driver, OLD)
    await gateway.client.send(driver.submit(driver.table, c.ChangeTable(zone="C")))
    await eventually(lambda: len(gateway.frames) >= 3)
    assert sequence(gateway.frames[1:]) == [1, 2]
    assert not gateway.closed
    assert not driver.hosts.hosts[OLD]._subscribers
    assert driver.hosts.hosts[NEW]._subscribers.has_subscribers(topic)


async def test_gateways_with_different_placements_both_reach_the_entity(
    driver: LocalDriver, gateway: Gateway
) -> None:
    other = Gateway(driver.hosts, "g2")
    driver.hosts.placement = AFTER
    await other.watcher.refresh(AFTER.generation)
    for each in (other, gateway, other, gateway):  # the second one still uses the old host
        asked = each.client.send(
            Subscribe(Topic(driver.table, Channel.TABLE), "g1", 1, Role.MANAGER)
        )
        reply = await asked
        if reply == Moved(2):
            pytest.fail("the client passed Moved to its caller")
        assert isinstance(reply, Subscribed)
    await driver.hosts.hosts[OLD]._watcher.refresh(AFTER.generation)
    await gateway.client.send(driver.submit(driver.table, c.ChangeTable(zone="B")))
    assert gateway.watcher.placement == AFTER
    other.hub.close()
    other.client.close()


async def test_a_host_may_exit_after_its_shard_was_migrated(
    driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.host.RETIRE_GRACE_S", 0.0)
    host = driver.hosts.hosts[OLD]
    assert host.is_required
    driver.hosts.placement = AFTER
    await _set_generation(driver, OLD)
    assert not host.is_required
    assert host.evict_idle()


async def _set_generation(driver: LocalDriver, host: str) -> None:
    """As `HostActor.set_generation` does."""
    await driver.hosts.hosts[host]._watcher.refresh(driver.hosts.placement.generation)
