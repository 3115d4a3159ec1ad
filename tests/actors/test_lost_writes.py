"""A store that comes back with less than it acknowledged, as one does whose machine burned."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from actors import host as hosts
from actors.messages import STORED, Done, Joined, Rejoin, Reply, Tell
from domain.messages import GuestsChanged
from protocol import commands as c
from protocol.caller import SYSTEM, Role
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import OrderStatus
from storage import keys
from storage.embedded import EmbeddedStore
from storage.store import Store, StoreUnavailable
from tests.actors.chain import LocalChain
from tests.actors.faulty_store import FaultyStore
from tests.local_hosts import LocalHosts


class Past:
    """Takes the store back to where it was: its server ends, and starts with an older log."""

    def __init__(self, server: EmbeddedStore, kept: Path) -> None:
        self._server = server
        self._log = Path(server.url.removeprefix("unix://")).parent / "appendonlydir"
        self._kept = kept

    def keep(self) -> None:
        """All that was acknowledged; while its disk is slow, the server writes later."""
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


async def patiently(
    chain: LocalChain, address: Address, command: c.Command, **how: Any
) -> Done | Rejected:
    """Ask as a client does: again, where it was told to."""
    answer = await chain.ask(address, command, **how)
    while answer == UNAVAILABLE:
        answer = await chain.ask(address, command, **how)
    assert isinstance(answer, Done | Rejected)
    return answer


async def test_no_commit_lands_on_an_older_state_than_it_was_decided_on(
    chain: LocalChain, past: Past, caplog: pytest.LogCaptureFixture
) -> None:
    session = await chain.occupy()
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    await asyncio.sleep(0.2)  # effects between hosts are settled
    past.come_back()
    change = c.UpdateGuestsCount(guests_count=4)
    assert await chain.ask(session, change, request_id="r") == UNAVAILABLE
    assert (await chain.see(session))["guests_count"] != 3, "what is lost is not shown"
    done = await patiently(chain, session, change, request_id="r")
    assert isinstance(done, Done)
    assert (await chain.see(session))["guests_count"] == 4
    assert "the store has lost what it acknowledged" in caplog.text


@pytest.mark.parametrize("command_first", [True, False])
@pytest.mark.parametrize("trust_s", [0.0, 60.0])
async def test_who_heard_of_what_is_lost_is_told_what_is_left_under_a_new_epoch(
    chain: LocalChain, past: Past, monkeypatch: pytest.MonkeyPatch, *,
    command_first: bool, trust_s: float,
) -> None:  # fmt: skip
    """Also where what came next has taken the numbers of what is lost."""
    monkeypatch.setattr(hosts, "TRUST_S", trust_s)
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    ahead = await chain.join(topic)
    await asyncio.sleep(0.2)
    past.come_back()
    if command_first:
        await patiently(chain, session, c.UpdateGuestsCount(guests_count=5))
    reply: Reply = UNAVAILABLE
    while reply == UNAVAILABLE:
        again = Rejoin(topic, "g", ((1, Role.WAITER),), ahead.epoch, ahead.seq)
        [reply] = await chain.send(again)
    assert isinstance(reply, Joined)
    if not command_first and trust_s:
        return  # memory still stands for what is lost: the next command finds out
    assert reply.epoch != ahead.epoch
    snapshot = orjson.loads(reply.frames[0])
    assert snapshot["epoch"] == reply.epoch
    assert snapshot["data"]["resumed"] is False
    assert snapshot["data"]["guests_count"] == (5 if command_first else 2)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    assert (await chain.join(topic, epoch=ahead.epoch, since=ahead.seq)).epoch == reply.epoch


async def test_who_resumes_after_all_that_was_there_is_lost_is_given_a_snapshot(
    chain: LocalChain, past: Past
) -> None:
    """Store and hosts together: nobody is left who remembers."""
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
        await patiently(chain, session, c.UpdateGuestsCount(guests_count=guests))
    again = await chain.join(topic, epoch=ahead.epoch, since=ahead.seq)
    assert not again.resumed
    assert orjson.loads(again.frames[0])["data"]["guests_count"] == 7


@pytest.mark.parametrize("rest_s", [0.0, hosts.TRUST_S + 0.5])
async def test_an_effect_after_the_loss_is_not_taken_for_one_before_it(
    chain: LocalChain, past: Past, rest_s: float
) -> None:
    session = await chain.occupy()
    order = await chain.order(session)
    await asyncio.sleep(0.3)
    past.keep()
    await chain.advance(order, OrderStatus.CONFIRMED)
    await asyncio.sleep(0.3)
    past.come_back()
    await asyncio.sleep(rest_s)
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED, reason="burnt")
    assert isinstance(await patiently(chain, order, cancel), Done)
    status = (await chain.see(order))["status"]
    for _ in range(100):
        [card] = (await chain.see(session))["orders"]
        if card["status"] == status:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"the session has its order as {card['status']}, which is {status}")


async def test_an_effect_that_its_target_has_lost_is_not_taken_for_delivered(
    chain: LocalChain, past: Past
) -> None:
    """Its source sends it again: what the target remembers does not count."""
    session = await chain.occupy()
    await asyncio.sleep(0.2)
    past.keep()
    tell = Tell(chain.table, session, ((5000, GuestsChanged(session.id, 7), SYSTEM),))
    assert await chain.send(tell) == [STORED]
    past.come_back()
    while await chain.send(tell) != [STORED]:
        pass
    chain.hosts.kill(chain.placement.host_of(chain.table))
    assert (await chain.see(chain.table))["session"]["guests_count"] == 7


async def test_an_answer_that_is_lost_is_not_given_again(chain: LocalChain, past: Past) -> None:
    session = await chain.occupy()
    await asyncio.sleep(0.2)
    past.keep()
    change = c.UpdateGuestsCount(guests_count=7)
    await chain.do(session, change, request_id="r")
    past.come_back()
    await patiently(chain, session, change, request_id="r")
    chain.hosts.kill(chain.placement.host_of(session))
    assert (await chain.see(session))["guests_count"] == 7


async def test_ids_that_were_given_out_and_lost_are_not_given_out_again(
    store: Store, past: Past
) -> None:
    await store.reserve({Kind.ORDER: 1})
    past.keep()
    [lost] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    past.come_back()
    with suppress(StoreUnavailable):  # on the connection that was cut
        await store.ping()
    [next_] = (await store.reserve({Kind.ORDER: 1}))[Kind.ORDER]
    assert next_ > lost
    assert list((await store.reserve({Kind.ORDER: 2}))[Kind.ORDER]) == [next_ + 1, next_ + 2]


async def test_the_loss_is_named_also_where_the_store_was_away_for_a_while(
    chain: LocalChain, past: Past, caplog: pytest.LogCaptureFixture
) -> None:
    session = await chain.occupy()
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    await asyncio.sleep(0.2)
    past.come_back()
    change = c.UpdateGuestsCount(guests_count=4)
    await chain.ask(session, change, request_id="r")
    chain.hosts.hosts[chain.placement.host_of(session)].rest()
    await patiently(chain, session, change, request_id="r")
    assert "the store has lost what it acknowledged" in caplog.text


async def test_what_has_outlived_its_retention_is_no_loss(
    chain: LocalChain, valkey: EmbeddedStore, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    session = await chain.occupy()
    await chain.do(session, c.CloseSession())
    await asyncio.sleep(0.2)
    monkeypatch.setattr(hosts, "TRUST_S", 0.0)
    with redis.Redis.from_url(valkey.url) as client:
        client.delete(keys.entity(session))
    assert await chain.see(session) == {}
    assert "the store has lost" not in caplog.text


async def test_who_heard_more_than_is_held_waits_for_a_store_that_is_away(
    chain: LocalChain,
) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    local: LocalHosts = chain.hosts
    carried = local.hosts[chain.placement.host_of(session)]
    faulty = carried._store = FaultyStore(carried._store)
    faulty.refuse_looks = 1
    ahead = Rejoin(topic, "g", ((1, Role.WAITER),), joined.epoch, joined.seq + 100)
    assert await chain.send(ahead) == [UNAVAILABLE]
    [reply] = await chain.send(ahead)
    assert isinstance(reply, Joined)


async def test_a_host_that_has_ended_stores_nothing_more(chain: LocalChain) -> None:
    """What it was about to store is in doubt, and it holds the token."""
    session = await chain.occupy()
    local: LocalHosts = chain.hosts
    name = chain.placement.host_of(session)
    carried = local.hosts[name]
    faulty = carried._store = FaultyStore(carried._store)
    first = chain.submit(session, c.UpdateGuestsCount(guests_count=3))
    second = chain.submit(session, c.UpdateGuestsCount(guests_count=4))
    one = asyncio.create_task(carried.deliver([first]))
    while not faulty.commits:
        await asyncio.sleep(0)
    two = asyncio.create_task(carried.deliver([second]))
    await asyncio.sleep(0)
    carried.close()
    await asyncio.sleep(0.2)
    assert len(faulty.commits) == 1
    assert not two.done()
    one.cancel()
    two.cancel()
