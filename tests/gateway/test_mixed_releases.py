"""During a rolling update, a host of the previous release does not redact: callers who must not see
all of a channel get nothing from it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.redaction import audiences
from engine.messages import (
    ACCEPTED,
    Dropped,
    Message,
    Published,
    Reply,
    Resubscribe,
    Subscribe,
    Subscribed,
    View,
)
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from gateway.auth.principal import Principal
from gateway.auth.revocation import RevocationWatcher
from gateway.auth.visibility import admit, frame_check
from gateway.backend.host_client import HostClient
from gateway.backend.subscriptions import SubscriptionHub
from gateway.websocket.asgi import AsgiWriter
from gateway.websocket.connection import Connection
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Rejected
from protocol.ids import Address, Channel, Kind, Topic
from tests.eventually import eventually
from tests.gateway.conftest import empty_register
from tests.gateway.scripted_hosts import ScriptedHosts

KITCHEN = Principal(Caller(Role.KITCHEN, "kitchen:1"), 1)
WAITER = Principal(Caller(Role.WAITER, "waiter:1"), 1)
GUEST = Principal(Caller(Role.GUEST, "guest:7"), 1, session_id=7)
DEVICE = Principal(Caller(Role.WAITER, "device-3"), 1, device_id=3)
HOME, TABLE = Address(Kind.RESTAURANT, 1, 1), Address(Kind.TABLE, 5, 1)
ORDER = Address(Kind.ORDER, 6, 1)
CASES = [
    pytest.param(KITCHEN, Topic(HOME, Channel.RESTAURANT), id="kitchen-restaurant"),
    pytest.param(KITCHEN, Topic(HOME, Channel.NOTIFICATIONS), id="kitchen-notifications"),
    pytest.param(GUEST, Topic(TABLE, Channel.TABLE), id="guest-table"),
    pytest.param(GUEST, Topic(ORDER, Channel.ORDER), id="guest-order"),
    pytest.param(GUEST, Topic(ORDER, Channel.ITEMS), id="guest-items"),
]


class Releases:
    """A gateway, and hosts of the current or the previous release."""

    def __init__(self) -> None:
        self.hosts = ScriptedHosts(self._reply)
        self.redacts = True
        self.seq = 0
        self.sent: dict[int, list[str]] = {}
        self.closes: dict[int, int] = {}
        watcher = PlacementWatcher(Placement())
        self.client = HostClient(self.hosts, watcher)
        self.hub = SubscriptionHub(self.client, watcher, "g")

    def redacted(self, topic: Topic, name: str) -> dict[str, Any]:
        """The fields that a host of the previous release does not send."""
        if not self.redacts:
            return {}
        redacted = (b"redacted " + name.encode(),)
        return {"variants": dict.fromkeys(audiences(topic.channel), redacted), "admitted": (7,)}

    def _reply(self, message: Message) -> Reply:
        if not isinstance(message, Subscribe | Resubscribe):
            return ACCEPTED
        redacted = self.redacted(message.topic, "snapshot")
        return Subscribed("e", self.seq, (b"snapshot",), resumed=False, **redacted)

    def connection(self, id_: int) -> Connection:
        sent = self.sent.setdefault(id_, [])

        async def send(message: Any) -> None:
            if message["type"] == "websocket.close":
                self.closes[id_] = message["code"]
            else:
                sent.append(message["text"])

        return Connection(id_, AsgiWriter(send), 1000, 10**6)

    async def subscribe(self, id_: int, principal: Principal, topic: Topic) -> Rejected | None:
        check = frame_check(principal, topic.channel)
        connection = self.connection(id_)
        return await self.hub.subscribe(connection, principal.role, topic, None, None, check)

    def publish(self, topic: Topic) -> None:
        self.seq += 1
        published = Published(topic, "e", self.seq, (b"event",), **self.redacted(topic, "event"))
        self.hosts.push(str(topic.address), published)


@pytest.fixture
async def releases() -> AsyncIterator[Releases]:
    releases = Releases()
    yield releases
    releases.hub.close()
    releases.client.close()


@pytest.mark.parametrize(("principal", "topic"), CASES)
async def test_a_host_that_redacts_serves_everyone(
    releases: Releases, principal: Principal, topic: Topic
) -> None:
    assert await releases.subscribe(1, principal, topic) is None
    assert await releases.subscribe(2, WAITER, topic) is None
    releases.publish(topic)
    await eventually(lambda: releases.sent[2] == ["snapshot", "event"])
    is_redacted = principal.role in audiences(topic.channel)
    redacted = ["redacted snapshot", "redacted event"]
    assert releases.sent[1] == (redacted if is_redacted else releases.sent[2])


@pytest.mark.parametrize(("principal", "topic"), CASES)
async def test_a_subscription_at_a_host_that_does_not_redact_is_unavailable(
    releases: Releases, principal: Principal, topic: Topic
) -> None:
    releases.redacts = False
    assert await releases.subscribe(1, principal, topic) is UNAVAILABLE
    assert await releases.subscribe(2, WAITER, topic) is None
    releases.publish(topic)
    await eventually(lambda: releases.sent[2] == ["snapshot", "event"])
    assert releases.sent[1] == []


@pytest.mark.parametrize("loss", ["published", "resubscribed"])
@pytest.mark.parametrize(("principal", "topic"), CASES)
async def test_a_subscriber_whose_entity_moves_to_a_host_that_does_not_redact_is_closed(
    releases: Releases, principal: Principal, topic: Topic, loss: str
) -> None:
    await releases.subscribe(1, principal, topic)
    await releases.subscribe(2, WAITER, topic)
    before = [*releases.sent[1]]
    releases.redacts = False
    if loss == "published":
        releases.publish(topic)
    else:
        releases.hosts.push(str(topic.address), Dropped(topic))
    await eventually(lambda: len(releases.sent[2]) == 2)
    await eventually(lambda: releases.closes == {1: 1012})
    assert releases.sent[1] == before


@pytest.mark.parametrize(("principal", "topic"), CASES)
def test_a_snapshot_of_a_host_that_does_not_redact_is_unavailable(
    principal: Principal, topic: Topic
) -> None:
    view = View(b"snapshot")
    assert admit(principal, topic.channel, view) is UNAVAILABLE
    assert admit(WAITER, topic.channel, view) is view


@pytest.mark.parametrize("principal", [GUEST, DEVICE], ids=["guest", "device"])
async def test_callers_with_a_grant_are_refused_if_its_host_does_not_say_whom_it_admits(
    releases: Releases, principal: Principal
) -> None:
    """It would not say that their session is closed, or their device signed out."""
    watcher = RevocationWatcher(empty_register(), releases.hub)
    releases.redacts = False
    assert await watcher.attach(principal, 1, releases.connection(1)) is UNAVAILABLE
