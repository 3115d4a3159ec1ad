"""A store that comes back with less than it acknowledged, as one does whose machine burned."""

import asyncio
from collections.abc import Iterator

import orjson
import pytest
import redis

from actors import host as hosts
from actors.messages import Done, Joined, Rejoin
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import UNAVAILABLE
from protocol.ids import Channel, Topic
from storage.embedded import EmbeddedStore
from tests.actors.chain import LocalChain
from tests.actors.faulty_store import FaultyStore
from tests.local_hosts import LocalHosts


class Rewinding:
    """Takes the store back to where it was."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._kept: dict[bytes, bytes] = {}

    def keep(self) -> None:
        names: list[bytes] = self._client.keys()  # type: ignore[assignment]
        self._kept = {name: self._client.dump(name) for name in names}  # type: ignore[misc]

    def rewind(self) -> None:
        self._client.flushall()
        for name, dump in self._kept.items():
            self._client.restore(name, 0, dump)


@pytest.fixture
def past(valkey: EmbeddedStore) -> Iterator[Rewinding]:
    with redis.Redis.from_url(valkey.url) as client:
        yield Rewinding(client)


async def test_no_commit_lands_on_an_older_state_than_it_was_decided_on(
    chain: LocalChain, past: Rewinding
) -> None:
    session = await chain.occupy()
    past.keep()
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    await asyncio.sleep(0.2)  # effects between hosts are settled
    past.rewind()
    change = c.UpdateGuestsCount(guests_count=4)
    assert await chain.ask(session, change, request_id="r") == UNAVAILABLE
    assert (await chain.see(session))["guests_count"] != 3, "what is lost is not shown"
    done = await chain.ask(session, change, request_id="r")
    while done == UNAVAILABLE:  # where others on the same host are reloaded one by one
        done = await chain.ask(session, change, request_id="r")
    assert isinstance(done, Done)
    assert (await chain.see(session))["guests_count"] == 4


async def test_who_heard_of_what_is_lost_is_told_what_is_left_under_a_new_epoch(
    chain: LocalChain, past: Rewinding, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    past.keep()
    await chain.join(topic)
    await chain.do(session, c.UpdateGuestsCount(guests_count=3))
    ahead = await chain.join(topic)
    await asyncio.sleep(0.2)
    past.rewind()
    monkeypatch.setattr(hosts, "TRUST_S", 0.0)
    again = Rejoin(topic, "g", ((1, Role.WAITER),), ahead.epoch, ahead.seq)
    [reply] = await chain.send(again)
    assert isinstance(reply, Joined)
    assert reply.seq < ahead.seq
    assert reply.epoch != ahead.epoch
    snapshot = orjson.loads(reply.frames[0])
    assert snapshot["epoch"] == reply.epoch
    assert snapshot["data"]["resumed"] is False
    assert "the store has lost what was acknowledged" in caplog.text
    done = await chain.ask(session, c.UpdateGuestsCount(guests_count=5))
    while done == UNAVAILABLE:
        done = await chain.ask(session, c.UpdateGuestsCount(guests_count=5))
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    assert (await chain.join(topic, epoch=ahead.epoch, since=ahead.seq)).epoch == reply.epoch


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
