"""Entities in real Ray actors: found by name, restarted, left and come back."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
import ray
import redis

from actors.announced import NAMESPACE
from actors.embedded_store import embedded_store
from actors.messages import Done
from actors.placement import Mode
from protocol import commands as c
from protocol.ids import Channel, Kind, Topic
from protocol.statuses import OrderStatus
from storage.durability import Durability
from tests.actors.chain import Chain, sequence
from tests.cluster.conftest import actor_names

pytestmark = pytest.mark.cluster


async def test_the_placement_names_the_actors(chain: Chain) -> None:
    session = await chain.occupy()
    names = actor_names()
    for address in (chain.home, chain.table, chain.waiter, session):
        assert chain.placement.host_of(address) in names
    if chain.placement.mode is Mode.ENTITY:
        assert {str(chain.table), str(session)} <= names


async def test_a_closed_session_frees_its_table_across_actors(chain: Chain) -> None:
    session = await chain.occupy()
    order = await chain.order(session, price=0)
    await chain.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED))
    async with asyncio.timeout(20):
        while not isinstance(await chain.ask(session, c.CloseSession()), Done):
            await asyncio.sleep(0.05)  # the order's word is on its way to the session
        while (await chain.see(chain.table))["is_occupied"]:
            await asyncio.sleep(0.05)


async def test_what_was_acknowledged_outlives_a_killed_actor(chain: Chain) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    await chain.do(session, c.UpdateGuestsCount(guests_count=7), request_id="seven")
    _kill(chain.placement.host_of(session))
    resumed = joined
    async with asyncio.timeout(20):
        while resumed.incarnation == joined.incarnation:  # it still answers for a moment
            resumed = await chain.join(topic, epoch=joined.epoch, since=joined.seq)
    assert sequence(resumed.frames) == [joined.seq + 1]
    again = await chain.do(session, c.UpdateGuestsCount(guests_count=7), request_id="seven")
    assert again.changed, "the first result, not a second decision"


@pytest.mark.parametrize("chain", [1.0], indirect=True)
async def test_idle_actors_leave_and_come_back_with_their_state(chain: Chain) -> None:
    session = await chain.occupy()
    if chain.placement.mode is not Mode.SHARD:  # shards stay
        async with asyncio.timeout(30):
            while chain.placement.host_of(session) in actor_names():
                await asyncio.sleep(0.2)
    assert (await chain.see(session))["guests_count"] == 2
    assert (await chain.do(session, c.UpdateGuestsCount(guests_count=3))).changed


async def test_many_callers_at_once_start_one_actor(chain: Chain) -> None:
    table = await chain.do(
        chain.home,
        c.AddTable(number="6", zone="A", seats=2),
        supplies=chain.fresh(Kind.TABLE),
    )
    address = chain.at(Kind.TABLE, table.result["table_id"])
    replies = await asyncio.gather(
        *(chain.ask(address, c.Occupy(), supplies=chain.fresh(Kind.SESSION)) for _ in range(10))
    )
    assert sum(isinstance(reply, Done) for reply in replies) == 1


async def test_a_killed_embedded_store_comes_back_with_its_data(
    cluster: Path, tmp_path: Path
) -> None:
    actor = embedded_store(tmp_path, Durability.STORE)
    try:
        url = ray.get(actor.url.remote())
        with redis.Redis.from_url(url) as client:
            client.set("kept", "yes")
        server = _server_in(tmp_path)
        os.kill(server, signal.SIGKILL)
        while _runs(server):
            await asyncio.sleep(0.05)
        async with asyncio.timeout(30):
            while not _answers(url):
                await asyncio.sleep(0.2)
        with redis.Redis.from_url(url) as client:
            assert client.get("kept") == b"yes"
    finally:
        ray.kill(actor)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def _server_in(data_dir: Path) -> int:
    """The process id of the server that keeps its data there."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        words = cmdline.read_text(errors="replace").split("\0")
        if "valkey" in words[0] and any(str(data_dir) in word for word in words):
            return int(cmdline.parent.name)
    raise AssertionError("the server does not run")


def _kill(name: str) -> None:
    """End an actor's process as a crash would; Ray restarts it."""
    actor = ray.get_actor(name, namespace=NAMESPACE)
    ray.kill(actor, no_restart=False)
