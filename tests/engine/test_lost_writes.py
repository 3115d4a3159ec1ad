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
from storage.store import Store, StoreUnavailable
from tests.engine.chain import LocalChain
from tests.engine.faulty_store import FaultyStore
from tests.local_hosts import LocalHosts


class Past:
    """Restores an earlier state of the store: its server stops, and starts with an older log."""

    def __init__(self, server: EmbeddedStore, kept: Path) -> None:
        self._server = server
        self._log = Path(server.url.removeprefix("unix://")).parent / "appendonlydir"
        self._kept = kept

    def keep(self) -> None:
        """Save what is acknowledged until now, once the server has written it to disk."""
        with redis.Redis.from_url(self._server.url) as client:
            client.set("kept", "all before it")
            assert client.waitaof(1, 0, 30_000)[0] == 1
        shutil.copytree(self._log, self._kept)

    def come_back(self) -> None:
        self._server.stop()
        shutil.rmtree(self._log)
        shutil.copytree(self._kept, self._log)
        self._server.start()


@pytest.fixture
def past(valkey: EmbeddedStore, tmp_path: Path) -> Past:
    return Past(valkey, tmp_path / "past")


async def until_available(
    chain: LocalChain, address: Address, command: c.Command, **how: Any
) -> Done | Rejected:
    """Send a command as a client does: again while the reply is `unavailable`."""
    answer = await chain.ask(address, command, **how)
    while answer == UNAVAILABLE:
        answer = await chain.ask(address, command, **how)
    assert isinstance(answer, Done | Rejected)
    return answer


async def test_a_commit_is_refused_if_the_store_lost_the_state_it_was_decided_on(
    chain: LocalChain, past: Past, caplog: pytest.LogCaptureFixture
) -> None:
    session = await chain.occupy()
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    await chain.quiet()
    past.come_back()
    change = c.UpdateGuestsCount(guests_count=4)
    assert await chain.ask(session, change, request_id="r") == UNAVAILABLE
    assert (await chain.see(session))["guests_count"] != 3, "lost state is not returned"
    done = await until_available(chain, session, change, request_id="r")
    assert isinstance(done, Done)
    assert (await chain.see(session))["guests_count"] == 4
    assert "store has lost acknowledged writes" in caplog.text


@pytest.mark.parametrize("command_first", [True, False])
@pytest.mark.parametrize("ttl_s", [0.0, 60.0])
async def test_subscribers_get_a_snapshot_with_a_new_epoch_after_the_store_lost_events(
    chain: LocalChain, past: Past, monkeypatch: pytest.MonkeyPatch, *,
    command_first: bool, ttl_s: float,
) -> None:  # fmt: skip
    """Even if later events have the sequence numbers of the lost ones."""
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", ttl_s)
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    ahead = await chain.join(topic)
    await chain.quiet()
    past.come_back()
    if command_first:
        await until_available(chain, session, c.UpdateGuestsCount(guests_count=5))
    reply: Reply = UNAVAILABLE
    while reply == UNAVAILABLE:
        again = Resubscribe(topic, "test", ((1, Role.WAITER),), ahead.epoch, ahead.seq)
        [reply] = await chain.send(again)
    assert isinstance(reply, Subscribed)
    if not command_first and ttl_s:
        return  # memory still has the lost writes: the next command detects the loss
    assert reply.epoch != ahead.epoch
    snapshot = orjson.loads(reply.frames[0])
    assert snapshot["epoch"] == reply.epoch
    assert snapshot["data"]["resumed"] is False
    assert snapshot["data"]["guests_count"] == (5 if command_first else 2)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    assert (await chain.join(topic, epoch=ahead.epoch, since=ahead.seq)).epoch == reply.epoch


async def test_a_subscriber_gets_a_snapshot_after_store_and_hosts_lost_events(
    chain: LocalChain, past: Past
) -> None:
    """Store and hosts lose them together, so nothing has them any more."""
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    past.keep()
    for guests in (3, 4):
        await chain.do(session, c.UpdateGuestsCount(guests_count=guests))
    ahead = await chain.join(topic)
    past.come_back()
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    for guests in (5, 6, 7):
        await until_available(chain, session, c.UpdateGuestsCount(guests_count=guests))
    again = await chain.join(topic, epoch=ahead.epoch, since=ahead.seq)
    assert not again.resumed
    assert orjson.loads(again.frames[0])["data"]["guests_count"] == 7


@pytest.mark.parametrize("ttl_s", [60.0, 0.0], ids=["ownership verified", "ownership expired"])
async def test_an_effect_sent_after_a_loss_is_not_ignored_as_a_duplicate(
    chain: LocalChain, past: Past, monkeypatch: pytest.MonkeyPatch, ttl_s: float
) -> None:
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", ttl_s)
    session = await chain.occupy()
    order = await chain.order(session)
    await chain.quiet()
    past.keep()
    await chain.advance(order, OrderStatus.CONFIRMED)
    await chain.quiet()
    past.come_back()
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED, reason="burnt")
    assert isinstance(await until_available(chain, order, cancel), Done)
    status = (await chain.see(order))["status"]
    await chain.until_seen(session, lambda data: data["orders"][0]["status"] == status)


async def test_an_effect_that_its_target_lost_takes_effect_when_sent_again(
    chain: LocalChain, past: Past
) -> None:
    """Its source sends it again, and the target does not trust its memory."""
    session = await chain.occupy()
    await chain.quiet()
    past.keep()
    tell = DeliverEffects(chain.table, session, ((5000, GuestsChanged(session.id, 7), SYSTEM),))
    assert await chain.send(tell) == [ACCEPTED]
    past.come_back()
    while await chain.send(tell) != [ACCEPTED]:
        pass
    chain.hosts.kill(chain.placement.host_of(chain.table))
    assert (await chain.see(chain.table))["session"]["guests_count"] == 7


async def test_a_request_whose_result_was_lost_is_decided_again(
    chain: LocalChain, past: Past
) -> None:
    session = await chain.occupy()
    await chain.quiet()
    past.keep()
    change = c.UpdateGuestsCount(guests_count=7)
    await chain.do(session, change, request_id="r")
    past.come_back()
    await until_available(chain, session, change, request_id="r")
    chain.hosts.kill(chain.placement.host_of(session))
    assert (await chain.see(session))["guests_count"] == 7


async def test_ids_reserved_before_a_loss_are_not_reserved_again(store: Store, past: Past) -> None:
    await store.reserve({Kind.ORDER: 1})
    past.keep()
    [lost] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    past.come_back()
    with suppress(StoreUnavailable):  # the connection was cut
        await store.ping()
    [next_] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    assert next_ > lost
    assert list((await store.reserve({Kind.ORDER: 2}))[Kind.ORDER]) == [next_ + 1, next_ + 2]


async def test_lost_writes_are_logged_for_an_entity_that_was_evicted(
    chain: LocalChain, past: Past, caplog: pytest.LogCaptureFixture
) -> None:
    session = await chain.occupy()
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    await chain.quiet()
    past.come_back()
    change = c.UpdateGuestsCount(guests_count=4)
    await chain.ask(session, change, request_id="r")
    chain.hosts.hosts[chain.placement.host_of(session)].evict_idle()
    await until_available(chain, session, change, request_id="r")
    assert "store has lost acknowledged writes" in caplog.text


async def test_an_expired_entity_is_not_logged_as_lost_writes(
    chain: LocalChain, valkey: EmbeddedStore, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    session = await chain.occupy()
    await chain.do(session, c.CloseSession())
    await chain.quiet()
    monkeypatch.setattr(entity_cache, "OWNERSHIP_TTL_S", 0.0)
    with redis.Redis.from_url(valkey.url) as client:
        client.delete(keys.entity(session))
    assert await chain.see(session) == {}
    assert "store has lost" not in caplog.text


async def test_a_subscriber_ahead_of_memory_waits_while_the_store_is_unavailable(
    chain: LocalChain,
) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    local: LocalHosts = chain.hosts
    faulty = local.store
    assert isinstance(faulty, FaultyStore)
    faulty.refuse_ownership_checks = 1
    ahead = Resubscribe(topic, "test", ((1, Role.WAITER),), joined.epoch, joined.seq + 100)
    assert await chain.send(ahead) == [UNAVAILABLE]
    [reply] = await chain.send(ahead)
    assert isinstance(reply, Subscribed)


async def test_a_closed_host_commits_nothing_more(chain: LocalChain) -> None:
    """Its running commit may be stored or not, and it still has the fencing token."""
    session = await chain.occupy()
    local: LocalHosts = chain.hosts
    name = chain.placement.host_of(session)
    carried = local.hosts[name]
    faulty = local.store
    assert isinstance(faulty, FaultyStore)
    faulty.commits.clear()
    first = chain.submit(session, c.UpdateGuestsCount(guests_count=3))
    second = chain.submit(session, c.UpdateGuestsCount(guests_count=4))
    replies: dict[int, Reply] = {}

    class Replies:
        def send(self, number: int, body: Reply) -> None:
            replies[number] = body

    carried.post(Replies(), [(1, first)])
    while not faulty.commits:  # stop between the start of the commit and its reply
        await asyncio.sleep(0)
    carried.post(Replies(), [(2, second)])
    running = carried._loop.running
    assert running is not None
    carried.close()
    await asyncio.wait({running}, timeout=10)
    assert len(faulty.commits) == 1
    assert 2 not in replies
