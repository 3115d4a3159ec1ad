"""Entities in real Ray actors: found by name, restarted, stopped when idle and started again."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
import ray
import redis

from actors.cluster_config import NAMESPACE
from actors.embedded_store import embedded_store
from engine.messages import Done
from engine.placement import Mode
from engine.streams import HostUnavailable
from protocol import commands as c
from protocol.ids import Channel, Kind, Topic
from protocol.statuses import OrderStatus
from storage.durability import Durability
from tests.cluster.conftest import RayDriver, actor_names
from tests.engine.restaurant_driver import sequence
from tests.eventually import eventually

pytestmark = pytest.mark.cluster


async def test_actors_have_the_names_of_their_placement(driver: RayDriver) -> None:
    session = await driver.occupy()
    names = actor_names()
    for address in (driver.restaurant_address, driver.table, driver.waiter, session):
        assert driver.placement.host_of(address) in names
    if driver.placement.mode is Mode.ENTITY:
        assert {str(driver.table), str(session)} <= names


async def test_a_closed_session_frees_its_table_across_actors(driver: RayDriver) -> None:
    session = await driver.occupy()
    order = await driver.order(session, price=0)
    await driver.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED))

    async def is_closed() -> bool:
        return isinstance(await driver.request(session, c.CloseSession()), Done)

    async def is_free() -> bool:
        return not (await driver.snapshot(driver.table))["is_occupied"]

    await eventually(is_closed, 20)
    assert await eventually(is_free, 20)


async def test_acknowledged_changes_survive_a_killed_actor(driver: RayDriver) -> None:
    session = await driver.occupy()
    topic = Topic(session, Channel.SESSION)
    subscribed = await driver.subscribe(topic)
    await driver.do(session, c.UpdateGuestsCount(guests_count=7), request_id="seven")
    host = driver.placement.host_of(session)
    before = await driver.network.incarnation(host)
    _kill(host)

    async def is_restarted() -> bool:
        return await _incarnation(driver, host) not in (before, "")

    await eventually(is_restarted, 20)
    resumed = await driver.subscribe(topic, epoch=subscribed.epoch, since=subscribed.seq)
    assert sequence(resumed.frames) == [subscribed.seq + 1]
    again = await driver.do(session, c.UpdateGuestsCount(guests_count=7), request_id="seven")
    assert again.changed, "the first result, not a second decision"


@pytest.mark.parametrize("driver", [1.0], indirect=True)
async def test_idle_actors_stop_and_start_again_with_their_state(driver: RayDriver) -> None:
    session = await driver.occupy()
    if driver.placement.mode is not Mode.SHARD:  # shards stay
        await eventually(lambda: driver.placement.host_of(session) not in actor_names(), 30)
    assert (await driver.snapshot(session))["guests_count"] == 2
    assert (await driver.do(session, c.UpdateGuestsCount(guests_count=3))).changed


async def test_concurrent_callers_start_one_actor(driver: RayDriver) -> None:
    table = await driver.do(
        driver.restaurant_address,
        c.AddTable(number="6", zone="A", seats=2),
        inputs=driver.new_inputs(Kind.TABLE),
    )
    address = driver.at(Kind.TABLE, table.result["table_id"])
    replies = await asyncio.gather(
        *(
            driver.request(address, c.Occupy(), inputs=driver.new_inputs(Kind.SESSION))
            for _ in range(10)
        )
    )
    assert sum(isinstance(reply, Done) for reply in replies) == 1


async def test_a_killed_embedded_store_restarts_with_its_data(
    cluster: Path, tmp_path: Path
) -> None:
    actor = embedded_store(tmp_path, Durability.STORE)
    try:
        url = ray.get(actor.url.remote())
        with redis.Redis.from_url(url) as client:
            client.set("key", "value")
        server = _server_in(tmp_path)
        os.kill(server, signal.SIGKILL)
        await eventually(lambda: not _runs(server))
        await eventually(lambda: _answers(url), 30)
        with redis.Redis.from_url(url) as client:
            assert client.get("key") == b"value"
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
    """Process id of the server with this data folder."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        words = cmdline.read_text(errors="replace").split("\0")
        if "valkey" in words[0] and any(str(data_dir) in word for word in words):
            return int(cmdline.parent.name)
    raise AssertionError("the server does not run")


def _kill(name: str) -> None:
    """Kill an actor's process, which Ray restarts."""
    actor = ray.get_actor(name, namespace=NAMESPACE)
    ray.kill(actor, no_restart=False)


async def _incarnation(driver: RayDriver, host: str) -> str:
    try:
        return await driver.network.incarnation(host)
    except HostUnavailable:
        return ""
