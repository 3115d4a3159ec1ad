"""The order in which a socket is sent snapshots, events and acks."""

import asyncio
from typing import Any, cast

import orjson

from engine.messages import Message, Published, Reply, Subscribe, Subscribed, View
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from engine.streams import PUSHED
from gateway.auth.principal import ANONYMOUS_PRINCIPAL
from gateway.backend.host_client import HostClient
from gateway.backend.subscriptions import SubscriptionHub
from gateway.server.frames import CLOSE_TIMEOUT_S, TextFrame, WriterOwner
from gateway.settings import Limits
from gateway.websocket.command_loop import CommandLoop, CommandServices
from gateway.websocket.connection import Connection
from protocol.caller import Role
from protocol.ids import Address, Channel, Kind, Topic
from tests.eventually import eventually
from tests.gateway.scripted_hosts import ScriptedHosts

TOPIC = Topic(Address(Kind.ORDER, 1, 1), Channel.ORDER)
HOST = str(TOPIC.address)


def frame(type_: str, seq: int) -> bytes:
    return orjson.dumps({"type": type_, "seq": seq, "data": {"version": seq}})


class Writer:
    is_blocked = False

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def bind(self, owner: WriterOwner) -> None:
        """Never blocked, so the owner is not called."""

    def write(self, frame: TextFrame) -> bool:
        self.frames.append(orjson.loads(frame.payload))
        return True

    def close(
        self, code: int, reason: str, *, wait: bool = True, timeout_s: float = CLOSE_TIMEOUT_S
    ) -> None:
        raise AssertionError((code, reason))


async def test_a_requested_snapshot_precedes_later_events() -> None:
    def reply(message: Message) -> Reply:
        if isinstance(message, Subscribe):
            return Subscribed("e", 5, (frame("order_status", 5),), False)
        event = Published(TOPIC, "e", 6, (frame("order_update", 6),))
        # The event is sent right behind the snapshot: both are read at once.
        asyncio.get_running_loop().call_soon(hosts.streams[HOST].send, PUSHED, event)
        return View(frame("order_status", 5), version=5)

    hosts = ScriptedHosts(reply)
    watcher = PlacementWatcher(Placement())
    client = HostClient(hosts, watcher)
    hub = SubscriptionHub(client, watcher, "gateway")
    writer = Writer()
    connection = Connection(1, writer, 100, 100_000)
    await hub.subscribe(connection, Role.WAITER, TOPIC, None, None)
    services = CommandServices(Limits(), cast(Any, None), client)
    commands = CommandLoop(services, connection, TOPIC, ANONYMOUS_PRINCIPAL, None)
    await commands.on_message('{"action":"get_status","request_id":"r"}')
    await eventually(lambda: len(writer.frames) >= 4)
    assert [each["seq"] for each in writer.frames if each["type"] != "ack"] == [5, 5, 6]
    acks = [each["data"] for each in writer.frames if each["type"] == "ack"]
    assert acks == [{"changed": False, "version": 5}]
    client.close()
