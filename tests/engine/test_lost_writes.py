"""A store that has lost acknowledged writes, as after a fail-over to a stale copy."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from domain.messages import GuestsChanged
from engine import entity_cache
from engine.messages import ACCEPTED, DeliverEffects, Done, Reply, Resubscribe, Subscribed
from protocol import commands as c
from protocol.caller import SYSTEM, Role
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus
from storage import keys
from storage.embedded import EmbeddedStore
from storage.store import OrderNumbers, Store, StoreUnavailable
from tests.engine.faulty_store import FaultyStore
from tests.engine.restaurant_driver import LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


class SavedStore:
    """Restores an earlier state of the store: its server stops, and starts with an older log."""

    def __init__(self, server: EmbeddedStore, kept: Path) -> None:
        self._server = server
        self._log = Path(server.url.removeprefix("unix://")).parent / "appendonlydir"
        self._kept = kept

    def save(self) -> None:
        """Save what is acknowledged until now, once the server has written it to disk."""
        with redis.Redis.from_url(self._server.url) as client:
            client.set("kept", "all before it")
            assert client.waitaof(1, 0, 30_000)[0] == 1
        shutil.copytree(self._log, self._kept)

    def restore(self) -> None:
        self._server.stop()
        shutil.rmtree(self._log)
        shutil.copytree(self._kept, self._log)
        self._server.start()


@pytest.fixture
def saved_store(valkey: EmbeddedStore, tmp_path: Path) -> SavedStore:
    return SavedStore(valkey, tmp_path / "saved_store")


async def until_available(
    driver: LocalDriver, address: Address, command: c.Command, **how: Any
) -> Done | Rejected:
    """Send a command as a client does: again while the reply is `unavailable`."""
    answer = await driver.request(address, command, **how)
    while answer == UNAVAILABLE:
        answer = await driver.request(address, command, **how)
    assert isinstance(answer, Done | Rejected)
    return answer


async def test_a_commit_is_refused_if_the_store_lost_the_state_it_was_decided_on(
    driver: LocalDriver, saved_store: SavedStore, caplog: pytest.LogCaptureFixture
) -> None:
    session = await driver.occupy()
    saved_store.save()
    await driver.do(session, c.UpdateGuestsCount(guests_count=3))
    await driver.until_idle()
    saved_store.restore()
    change = c.UpdateGuestsCount(guests_count=4)
    assert await driver.request(session, change, request_id="r") == UNAVAILABLE
    assert (await driver.snapshot(session))["guests_count"] != 3, "lost state is not returned"
    done = await until_available(driver, session, change, request_id="r")
    assert isinstance(done, Done)
    assert (await driver.snapshot(session))["guests_count"] == 4
    assert "store has lost acknowledged writes" in caplog.text


@pytest.mark.parametrize("command_first", [True, False])
@pytest.mark.parametrize("ttl_s", [0.0, 60.0])
async def test_subscribers_get_a_snapshot_with_a_new_epoch_after_the_store_lost_events(
    driver: LocalDriver, saved_store: SavedStore, monkeypatch: pytest.MonkeyPatch, *,
    command_first: bool, ttl_s: float,
) -> None:  # fmt: skip
    """Also if later events have the sequence numbers of the lost ones."""
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", ttl_s)
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    saved_store.save()
    await driver.do(session, c.UpdateGuestsCount(guests_count=3))
    ahead = await driver.subscribe(topic)
    await driver.until_idle()
    saved_store.restore()
    if command_first:
        await until_available(driver, session, c.UpdateGuestsCount(guests_count=5))
    reply: Reply = UNAVAILABLE
    while reply == UNAVAILABLE:
        again = Resubscribe(topic, "test", ((1, Role.WAITER),), ahead.epoch, ahead.seq)
        [reply] = await driver.send(again)
    assert isinstance(reply, Subscribed)
    if not command_first and ttl_s:
        return  # memory still has the lost writes: the next command detects the loss
    assert reply.epoch != ahead.epoch
    snapshot = orjson.loads(reply.frames[0])
    assert snapshot["epoch"] == reply.epoch
    assert snapshot["data"]["resumed"] is False
    assert snapshot["data"]["guests_count"] == (5 if command_first else 2)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    assert (await driver.subscribe(topic, epoch=ahead.epoch, since=ahead.seq)).epoch == reply.epoch


async def test_a_subscriber_gets_a_snapshot_after_store_and_hosts_lost_events(
    driver: LocalDriver, saved_store: SavedStore
) -> None:
    """Store and hosts lose the events together."""
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    saved_store.save()
    for guests in (3, 4):
        await driver.do(session, c.UpdateGuestsCount(guests_count=guests))
    ahead = await driver.subscribe(topic)
    saved_store.restore()
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    for guests in (5, 6, 7):
        await until_available(driver, session, c.UpdateGuestsCount(guests_count=guests))
    again = await driver.subscribe(topic, epoch=ahead.epoch, since=ahead.seq)
    assert not again.resumed
    assert orjson.loads(again.frames[0])["data"]["guests_count"] == 7


@pytest.mark.parametrize("ttl_s", [60.0, 0.0], ids=["ownership verified", "ownership expired"])
async def test_an_effect_sent_after_a_loss_is_not_ignored_as_a_duplicate(
    driver: LocalDriver, saved_store: SavedStore, monkeypatch: pytest.MonkeyPatch, ttl_s: float
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", ttl_s)
    session = await driver.occupy()
    order = await driver.order(session)
    await driver.until_idle()
    saved_store.save()
    await driver.advance(order, OrderStatus.CONFIRMED)
    await driver.until_idle()
    saved_store.restore()
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED, reason="burnt")
    assert isinstance(await until_available(driver, order, cancel), Done)
    status = (await driver.snapshot(order))["status"]
    await driver.until_snapshot(session, lambda data: data["orders"][0]["status"] == status)


async def test_an_effect_that_its_target_lost_takes_effect_when_sent_again(
    driver: LocalDriver, saved_store: SavedStore
) -> None:
    """The source sends the effect again, and the target reloads its state."""
    session = await driver.occupy()
    await driver.until_idle()
    saved_store.save()
    tell = DeliverEffects(driver.table, session, ((5000, GuestsChanged(session.id, 7), SYSTEM),))
    assert await driver.send(tell) == [ACCEPTED]
    saved_store.restore()
    while await driver.send(tell) != [ACCEPTED]:
        pass
    driver.hosts.kill(driver.placement.host_of(driver.table))
    assert (await driver.snapshot(driver.table))["session"]["guests_count"] == 7


async def test_a_request_whose_result_was_lost_is_decided_again(
    driver: LocalDriver, saved_store: SavedStore
) -> None:
    session = await driver.occupy()
    await driver.until_idle()
    saved_store.save()
    change = c.UpdateGuestsCount(guests_count=7)
    await driver.do(session, change, request_id="r")
    saved_store.restore()
    await until_available(driver, session, change, request_id="r")
    driver.hosts.kill(driver.placement.host_of(session))
    assert (await driver.snapshot(session))["guests_count"] == 7


async def test_ids_reserved_before_a_loss_are_not_reserved_again(
    store: Store, saved_store: SavedStore
) -> None:
    await store.reserve({Kind.ORDER: 1})
    saved_store.save()
    [lost] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    saved_store.restore()
    with suppress(StoreUnavailable):  # the connection was cut
        await store.ping()
    [next_] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    assert next_ > lost
    assert list((await store.reserve({Kind.ORDER: 2}))[Kind.ORDER]) == [next_ + 1, next_ + 2]


@pytest.mark.parametrize("is_first_of_its_date", [False, True], ids=["later", "first"])
async def test_order_numbers_reserved_before_a_loss_are_not_reserved_again(
    store: Store, saved_store: SavedStore, is_first_of_its_date: bool
) -> None:
    """A gateway may still have them."""
    tonight = OrderNumbers(1, "2026-12-01")
    before = OrderNumbers(1, "2026-11-30") if is_first_of_its_date else tonight
    await store.reserve({before: 1})
    saved_store.save()
    lost = (await store.reserve({tonight: 32}))[tonight]
    saved_store.restore()
    with suppress(StoreUnavailable):  # the connection was cut
        await store.ping()
    assert (await store.reserve({tonight: 1}))[tonight].start >= lost.stop


async def test_lost_writes_are_logged_for_an_entity_that_was_evicted(
    driver: LocalDriver, saved_store: SavedStore, caplog: pytest.LogCaptureFixture
) -> None:
    session = await driver.occupy()
    saved_store.save()
    await driver.do(session, c.UpdateGuestsCount(guests_count=3))
    await driver.until_idle()
    saved_store.restore()
    change = c.UpdateGuestsCount(guests_count=4)
    await driver.request(session, change, request_id="r")
    driver.hosts.hosts[driver.placement.host_of(session)].evict_idle()
    await until_available(driver, session, change, request_id="r")
    assert "store has lost acknowledged writes" in caplog.text


async def test_an_expired_entity_is_not_logged_as_lost_writes(
    driver: LocalDriver, valkey: EmbeddedStore, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    session = await driver.occupy()
    await driver.do(session, c.CloseSession())
    await driver.until_idle()
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    with redis.Redis.from_url(valkey.url) as client:
        client.delete(keys.entity(session))
    assert await driver.snapshot(session) == {}
    assert "store has lost" not in caplog.text


async def test_a_subscriber_ahead_of_memory_waits_while_the_store_is_unavailable(
    driver: LocalDriver,
) -> None:
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await driver.subscribe(topic)
    local: LocalHosts = driver.hosts
    faulty = local.store
    assert isinstance(faulty, FaultyStore)
    faulty.refuse_ownership_checks = 1
    ahead = Resubscribe(topic, "test", ((1, Role.WAITER),), joined.epoch, joined.seq + 100)
    assert await driver.send(ahead) == [UNAVAILABLE]
    [reply] = await driver.send(ahead)
    assert isinstance(reply, Subscribed)


async def test_a_closed_host_commits_nothing_more(driver: LocalDriver) -> None:
    """The running commit may be stored or not, and the host still has the fencing token."""
    session = await driver.occupy()
    local: LocalHosts = driver.hosts
    name = driver.placement.host_of(session)
    carried = local.hosts[name]
    faulty = local.store
    assert isinstance(faulty, FaultyStore)
    faulty.commits.clear()
    first = driver.submit(session, c.UpdateGuestsCount(guests_count=3))
    second = driver.submit(session, c.UpdateGuestsCount(guests_count=4))
    replies: dict[int, Reply] = {}

    class Replies:
        def send(self, number: int, body: Reply) -> None:
            replies[number] = body

    carried.post(Replies(), [(1, first)])
    # between the start of the commit and its reply
    await eventually(lambda: faulty.commits, period_s=0)
    carried.post(Replies(), [(2, second)])
    running = carried._loop.running
    assert running is not None
    carried.close()
    await asyncio.wait({running}, timeout=10)
    assert len(faulty.commits) == 1
    assert 2 not in replies
