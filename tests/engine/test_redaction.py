"""Hosts redact snapshots and events for kitchens, once for all of them."""

from typing import Any

import orjson
import pytest

from engine.messages import Done, Published, Read, Resubscribe, Subscribe, Subscribed, View
from protocol import codec
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.ids import Channel, Kind, Topic
from tests.engine.restaurant_driver import LocalDriver

CODE = b"session_code"


@pytest.fixture
def topic(driver: LocalDriver) -> Topic:
    return Topic(driver.restaurant_address, Channel.RESTAURANT)


async def subscribe(
    driver: LocalDriver, topic: Topic, *roles: Role, epoch: str = "", since: int = 0
) -> Subscribed:
    """Subscribe a connection of each role at once."""
    connections = tuple(enumerate(roles))
    reply = await driver.post(Resubscribe(topic, "test", connections, epoch, since))
    assert isinstance(reply, Subscribed)
    return reply


def published(driver: LocalDriver, topic: Topic) -> list[Published]:
    return [each for each in driver.hosts.pushed
            if isinstance(each, Published) and each.topic == topic]  # fmt: skip


async def test_a_kitchen_alone_is_sent_no_whole_snapshot(driver: LocalDriver, topic: Topic) -> None:
    await driver.occupy()
    reply = await driver.post(Subscribe(topic, "test", 1, Role.KITCHEN))
    assert isinstance(reply, Subscribed)
    view = await driver.post(Read(topic.address, topic.channel, Role.KITCHEN))
    assert isinstance(view, View)
    for frame, variants in ((reply.frames[0], reply.variants), (view.frame, view.variants)):
        assert variants == {Role.KITCHEN: ()}
        assert CODE not in frame
        assert b"table_number" in frame
    waiter = await driver.post(Read(topic.address, topic.channel, Role.WAITER))
    assert isinstance(waiter, View)
    assert CODE in waiter.frame
    assert waiter.variants == {}


async def test_a_changed_entity_shows_a_kitchen_its_new_snapshot(
    driver: LocalDriver, topic: Topic
) -> None:
    read = Read(topic.address, topic.channel, Role.KITCHEN)
    before = await driver.post(read)
    await driver.do(topic.address, c.AddWaiter(name="Bea"), inputs=driver.new_inputs(Kind.WAITER))
    after = await driver.post(read)
    assert isinstance(before, View)
    assert isinstance(after, View)
    assert (b"Bea" in before.frame, b"Bea" in after.frame) == (False, True)


async def test_an_event_is_encoded_again_for_kitchens_only_if_it_differs(
    driver: LocalDriver, topic: Topic
) -> None:
    await subscribe(driver, topic, Role.KITCHEN, Role.WAITER)
    await driver.do(topic.address, c.Broadcast(message="Last orders"))
    await driver.occupy()
    await driver.until_snapshot(topic.address, lambda data: data["tables"]["occupied"] == 1)
    plain, seated = published(driver, topic)
    assert plain.variants == {Role.KITCHEN: ()}
    assert CODE in seated.frames[0], "gateways of the previous release redact this"
    [shown] = seated.variants[Role.KITCHEN]
    assert CODE not in shown
    whole = orjson.loads(seated.frames[0])
    del whole["data"]["session"]["session_code"]
    assert orjson.loads(shown) == whole


async def test_resumed_events_are_redacted_like_published_ones(
    driver: LocalDriver, topic: Topic
) -> None:
    first = await subscribe(driver, topic, Role.KITCHEN, Role.WAITER)
    await driver.occupy()
    await driver.until_snapshot(topic.address, lambda data: data["tables"]["occupied"] == 1)
    resume: dict[str, Any] = {"epoch": first.epoch, "since": first.seq}
    [event] = published(driver, topic)
    both = await subscribe(driver, topic, Role.KITCHEN, Role.WAITER, **resume)
    assert (both.frames, both.variants) == (event.frames, event.variants)
    alone = await subscribe(driver, topic, Role.KITCHEN, **resume)
    assert (alone.frames, alone.variants) == (event.variants[Role.KITCHEN], {Role.KITCHEN: ()})
    assert alone.resumed
    fallback = await subscribe(driver, topic, Role.KITCHEN, Role.WAITER, epoch="another")
    assert CODE in fallback.frames[0]
    [shown] = fallback.variants[Role.KITCHEN]
    assert CODE not in shown


async def test_the_snapshot_with_a_result_is_redacted_for_the_caller(
    driver: LocalDriver, topic: Topic
) -> None:
    await driver.occupy()
    caller = Caller(Role.KITCHEN, "kitchen:1")
    done = await driver.do(
        topic.address, c.Broadcast(message="x"), caller=caller, view=Channel.RESTAURANT
    )
    assert isinstance(done, Done)
    assert done.view is not None
    assert CODE not in done.view


async def test_a_snapshot_is_encoded_once_for_all_kitchens(
    driver: LocalDriver, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Read(topic.address, topic.channel, Role.KITCHEN)
    await driver.post(read)
    encoded: list[object] = []
    monkeypatch.setattr(codec, "encode", encoded.append)
    again = await driver.send(read, read)
    assert [type(each) for each in again] == [View, View]
    assert encoded == []


async def test_published_events_name_the_session_that_is_admitted(driver: LocalDriver) -> None:
    topic = Topic(driver.table, Channel.TABLE)
    await subscribe(driver, topic, Role.GUEST)
    session = await driver.occupy()
    await driver.do(session, c.CloseSession(force=True, reason="gone"))
    await driver.until_snapshot(driver.table, lambda data: not data["is_occupied"])
    assert [each.admitted for each in published(driver, topic)] == [(session.id,), ()]
