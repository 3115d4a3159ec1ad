"""The host client: order, batches, window, and lost streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.messages import ACCEPTED, Message, Moved, Published, Read, Reply, Unsubscribe, View
from engine.placement import Mode, Placement
from engine.placement_watcher import PlacementWatcher
from gateway.backend import host_client, host_link
from gateway.backend.host_client import HostClient
from gateway.backend.message_queue import WINDOW
from gateway.metrics import HANDLER_ERRORS
from protocol.errors import UNAVAILABLE
from protocol.ids import Address, Channel, Kind, Topic
from tests.eventually import eventually
from tests.gateway.scripted_hosts import ScriptedHosts

HOST = "restaurant:1"


def read(order: int) -> Read:
    return Read(Address(Kind.ORDER, order, 1), Channel.ORDER)


def echo(message: Message) -> Reply:
    return View(str(message.to.id).encode()) if isinstance(message, Read) else ACCEPTED


def orders(messages: list[Message]) -> list[int]:
    return [message.to.id for message in messages if isinstance(message, Read)]


@pytest.fixture
def hosts() -> ScriptedHosts:
    return ScriptedHosts(echo)


@pytest.fixture
async def client(hosts: ScriptedHosts) -> AsyncIterator[HostClient]:
    client = HostClient(hosts, PlacementWatcher(Placement(Mode.RESTAURANT)))
    yield client
    client.close()


async def test_messages_of_one_loop_iteration_arrive_in_one_write(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    await client.send(read(1))
    replies = await asyncio.gather(*(client.send(read(n)) for n in range(1, 101)))
    assert replies == [View(str(n).encode()) for n in range(1, 101)]
    assert [len(batch) for batch in hosts.batches] == [1, 100]
    assert hosts.connected == [HOST]


async def test_no_more_than_the_window_is_in_flight_and_order_is_kept(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    hosts.gate.clear()
    sent = [client.send(read(n)) for n in range(1, 1301)]
    await eventually(lambda: bool(hosts.batches))
    assert len(hosts.messages()) == WINDOW
    assert client.queued() == {HOST: 1300 - WINDOW}
    hosts.gate.set()
    await asyncio.gather(*sent)
    assert orders(hosts.messages()) == list(range(1, 1301))
    assert client.queued() == {}


async def test_a_burst_on_one_entity_does_not_delay_the_others(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    hosts.gate.clear()
    burst = [client.send(read(1)) for _ in range(1000)]
    other = client.send(read(2))
    hosts.gate.set()
    await other
    assert orders(hosts.messages()).index(2) == 1
    assert not burst[-1].done()


async def test_messages_in_flight_on_a_lost_stream_are_sent_again_in_order(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    hosts.failures = 2
    replies = await asyncio.gather(*(client.send(read(n)) for n in range(1, 6)))
    assert replies == [View(str(n).encode()) for n in range(1, 6)]
    assert hosts.batches[0] == hosts.batches[1] == hosts.batches[2]


async def test_no_message_overtakes_those_that_are_sent_again(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    hosts.failures = 1
    hosts.gate.clear()
    first = client.send(read(1))
    await eventually(lambda: not hosts.failures)
    second = client.send(read(2))
    hosts.gate.set()
    await asyncio.gather(first, second)
    assert orders(hosts.messages()) == [1, 1, 2]


async def test_a_host_that_cannot_be_reached_is_answered_with_unavailable(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_client, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.05)
    hosts.refusals = 10**6
    assert await asyncio.wait_for(client.send(read(1)), 5) is UNAVAILABLE
    hosts.refusals = 0
    monkeypatch.setattr(host_client, "TIMEOUT_S", 10)
    assert await client.send(read(2)) == View(b"2")


async def test_messages_to_a_host_that_never_replies_are_unavailable_after_the_timeout(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_client, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.05)
    hosts.gate.clear()
    assert await asyncio.wait_for(client.send(read(1)), 5) is UNAVAILABLE


async def test_closing_completes_every_pending_message(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    hosts.gate.clear()
    waiting = [client.send(read(n)) for n in range(3)]
    await eventually(lambda: bool(hosts.batches))
    waiting += [client.send(read(n)) for n in range(3)]
    client.close()
    assert await asyncio.gather(*waiting) == [UNAVAILABLE] * 6


async def test_an_idle_stream_is_closed_and_opened_again_when_needed(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_link, "IDLE_TIMEOUT_S", 0.0)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.01)
    await client.send(read(1))
    await eventually(lambda: not hosts.streams[HOST].is_open)
    assert await client.send(read(2)) == View(b"2")
    assert hosts.connected == [HOST, HOST]


async def test_a_stream_to_a_replaced_process_is_closed(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_link, "INCARNATION_CHECK_S", 0.0)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.01)
    await client.send(read(1))
    zombie = hosts.streams[HOST]
    hosts.process = "b"
    await eventually(lambda: not zombie.is_open)
    assert await client.send(read(2)) == View(b"2")


async def test_a_gateway_keeps_a_stream_to_each_shard_of_the_placement_in_force(
    hosts: ScriptedHosts,
) -> None:
    watcher = PlacementWatcher(Placement(Mode.SHARD, shards=2))
    client = HostClient(hosts, watcher)
    client.connect_shards()
    await eventually(lambda: set(hosts.streams) == {"shard:0", "shard:1"})
    watcher.update(Placement(Mode.SHARD, shards=3, generation=1))
    await eventually(lambda: "shard:2" in hosts.streams)
    hosts.cut("shard:1")
    await eventually(lambda: hosts.connected.count("shard:1") == 2)
    client.close()


async def test_messages_for_a_moved_entity_go_to_its_new_host_without_delaying_others(
    hosts: ScriptedHosts,
) -> None:
    before = Placement(Mode.SHARD, shards=1)
    after = Placement(Mode.SHARD, shards=1, generation=1).moved(0)
    newest = before

    async def fetch() -> Placement:
        return newest

    watcher = PlacementWatcher(before, fetch)
    client = HostClient(hosts, watcher)

    def reply(message: Message) -> Reply:
        return Moved(1) if watcher.placement is before else echo(message)

    hosts.reply = reply
    newest = after
    assert await client.send(read(1)) == View(b"1")
    assert hosts.connected == ["shard:0", "shard:0#1"]
    client.close()


async def test_an_error_in_a_listener_does_not_lose_replies(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    class Broken:
        def on_published(self, host: str, published: Published) -> None:
            raise RuntimeError("by the test")

        def on_dropped(self, host: str, topic: Topic) -> None:
            raise RuntimeError("by the test")

        def on_connected(self, host: str) -> None:
            pass

        def subscribes_to(self, host: str) -> bool:
            return True

    client.publications.listener = Broken()
    await client.send(read(1))
    topic = Topic(read(1).to, Channel.ORDER)
    hosts.push(HOST, Published(topic, "e", 1, (b"{}",)))
    assert await client.send(Unsubscribe(topic, "g1", 1)) is ACCEPTED


async def test_an_error_in_a_reply_handler_does_not_lose_other_replies(
    hosts: ScriptedHosts, client: HostClient
) -> None:
    def fails(reply: Reply) -> None:
        raise RuntimeError("by the test")

    HANDLER_ERRORS.drain()
    replies = client.send(read(1), fails), client.send(read(2))
    assert [await reply for reply in replies] == [View(b"1"), View(b"2")]
    assert hosts.connected == [HOST]
    assert sum(HANDLER_ERRORS.drain().values()) == 1


async def test_stream_lost_at_once_is_reopened_only_after_a_backoff(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_link, "INITIAL_BACKOFF_S", 3600.0)
    monkeypatch.setattr(host_link, "MAX_BACKOFF_S", 3600.0)
    hosts.failures = 10
    client.send(read(1))
    await eventually(lambda: hosts.failures == 9 and not hosts.streams[HOST].is_open)
    for _ in range(10):  # a reconnect without a backoff would happen within these iterations
        await asyncio.sleep(0)
    assert hosts.connected == [HOST]


async def test_a_host_that_never_replies_is_not_sent_more_than_the_window(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_client, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.02)
    hosts.gate.clear()
    first = [client.send(read(n)) for n in range(1, WINDOW + 1)]
    assert all(reply is UNAVAILABLE for reply in await asyncio.gather(*first))
    assert await client.send(read(1000)) is UNAVAILABLE
    assert len(hosts.messages()) == WINDOW


async def test_a_stream_without_a_reply_is_closed_after_the_timeout(
    hosts: ScriptedHosts, client: HostClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_link, "REPLY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(host_client, "MAINTENANCE_PERIOD_S", 0.02)
    hosts.gate.clear()
    sent = client.send(read(1))
    await eventually(lambda: len(hosts.connected) > 1)
    hosts.gate.set()
    assert await sent == View(b"1")
