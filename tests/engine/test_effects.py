"""Effects take effect once on other entities, whatever fails in between; timers fire once."""

from collections.abc import Sequence
from datetime import timedelta

import orjson
import pytest

from domain.entity import Redirect, RequestRef
from engine.messages import DeliverEffects, Done, Message, Published, Submit, replaced
from engine.placement import Mode, Placement
from engine.sweep import Sweep
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Channel, Kind, Topic
from protocol.statuses import CallReason, CallStatus, OrderStatus, PaymentMethod
from storage.store import Store
from tests.engine.restaurant_driver import GUEST, MANAGER, LocalDriver
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


@pytest.fixture
def entity_placement() -> Placement:
    return Placement(Mode.ENTITY)


@pytest.fixture
async def entity_driver(store: Store, entity_placement: Placement) -> LocalDriver:
    """A driver in which each entity has its own host."""
    driver = LocalDriver(LocalHosts(store, entity_placement))
    await driver.create_restaurant()
    return driver


async def test_a_closed_session_frees_its_table(driver: LocalDriver) -> None:
    session = await driver.occupy()
    assert (await driver.snapshot(driver.table))["is_occupied"]
    await driver.do(session, c.CloseSession())
    await driver.until_snapshot(driver.table, lambda data: not data["is_occupied"])


async def test_an_order_exists_when_place_order_is_acknowledged(driver: LocalDriver) -> None:
    order = await driver.order(await driver.occupy())
    assert (await driver.snapshot(order))["total_amount"] == "12.50"


async def test_a_ready_order_reaches_restaurant_and_waiter(driver: LocalDriver) -> None:
    home = Topic(driver.restaurant_address, Channel.RESTAURANT)
    waiter = Topic(driver.waiter, Channel.WAITER)
    await driver.subscribe(home)
    await driver.subscribe(waiter)
    order = await driver.order(await driver.occupy())
    await driver.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    types = await published(driver, home, "order_ready")
    assert types == ["table_update", "new_order", "order_ready"]
    types = await published(driver, waiter, "order_notification", times=2)
    assert types == ["order_notification"] * 2


async def test_a_release_is_redirected_to_the_session_and_then_answered_by_the_table(
    driver: LocalDriver,
) -> None:
    session = await driver.occupy()
    release = c.Release()
    request_ref = RequestRef(driver.table, MANAGER.subject, "r", "d")
    redirect = (await driver.send(Submit(driver.table, release, MANAGER, request_ref)))[0]
    assert isinstance(redirect, Redirect)
    assert redirect.to == session
    closed = (await driver.send(Submit(session, redirect.message, MANAGER, request_ref)))[0]
    assert isinstance(closed, Done)
    await driver.until_snapshot(driver.table, lambda data: not data["is_occupied"])
    answer = (await driver.send(Submit(driver.table, release, MANAGER, request_ref)))[0]
    assert isinstance(answer, Done)
    assert answer.changed, "the first result of this request is that the table was released"


async def test_a_repeated_release_does_not_release_the_next_session(driver: LocalDriver) -> None:
    first = await driver.occupy()
    release = driver.submit(driver.table, c.Release(force=True, reason="closing time"))
    (redirect,) = await driver.send(release)
    assert isinstance(redirect, Redirect)
    assert redirect.to == first
    await driver.do(first, c.CloseSession())  # another waiter was faster
    await driver.until_snapshot(driver.table, lambda data: not data["is_occupied"])
    second = await driver.occupy()
    assert await driver.send(release) == [redirect], "the request still refers to the first session"
    (answer,) = await driver.send(replaced(release, followed=first))
    assert isinstance(answer, Done)
    assert not answer.changed
    assert await driver.send(release) == [answer]
    assert (await driver.snapshot(second))["status"] == "open"


async def test_an_unsettled_session_cannot_be_closed(driver: LocalDriver) -> None:
    session = await driver.occupy()
    order = await driver.order(session)
    await driver.until_snapshot(session, lambda data: data["version"] >= 2)
    refusal = await driver.rejection(session, c.CloseSession())
    assert refusal.code is Code.UNSETTLED
    assert refusal.details["open_orders"] == [order.id]
    assert (await driver.snapshot(driver.table))["is_occupied"]


async def test_effects_are_delivered_once_a_silent_host_answers_again(
    entity_driver: LocalDriver, caplog: pytest.LogCaptureFixture
) -> None:
    session = await entity_driver.occupy()
    entity_driver.hosts.silent.add(str(entity_driver.table))
    await entity_driver.do(session, c.CloseSession())
    await eventually(lambda: "cannot deliver effects" in caplog.text)
    entity_driver.hosts.silent.clear()
    await entity_driver.until_snapshot(entity_driver.table, lambda data: not data["is_occupied"])


async def test_a_delivery_whose_reply_was_lost_takes_effect_once(
    entity_driver: LocalDriver,
) -> None:
    session = await entity_driver.occupy()
    order = await entity_driver.order(session)
    home = Topic(entity_driver.restaurant_address, Channel.NOTIFICATIONS)
    await entity_driver.subscribe(home)
    entity_driver.hosts.mute.add(str(entity_driver.restaurant_address))
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="p")
    await entity_driver.do(order, pay, request_id="p")

    def deliveries() -> list[Sequence[Message]]:
        return [
            batch
            for host, batch in entity_driver.hosts.delivered
            if host == str(entity_driver.restaurant_address)
            and any(isinstance(m, DeliverEffects) for m in batch)
        ]

    await eventually(lambda: len(deliveries()) > 1)
    entity_driver.hosts.mute.clear()
    await entity_driver.until_idle()
    seen = (await entity_driver.snapshot(entity_driver.restaurant_address, Channel.NOTIFICATIONS))[
        "notifications"
    ]
    assert len([n for n in seen if n["type"] == "payment_notification"]) == 1


async def test_effects_of_a_killed_host_are_delivered_by_its_successor(
    entity_driver: LocalDriver,
) -> None:
    session = await entity_driver.occupy()
    entity_driver.hosts.silent.add(str(entity_driver.table))
    await entity_driver.do(session, c.CloseSession())
    entity_driver.hosts.kill(str(session))
    entity_driver.hosts.silent.clear()
    assert (await entity_driver.snapshot(entity_driver.table))["is_occupied"]
    await entity_driver.snapshot(session)
    await entity_driver.until_snapshot(entity_driver.table, lambda data: not data["is_occupied"])


async def test_the_sweep_delivers_effects_that_no_host_carries(
    entity_driver: LocalDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.sweep.GRACE_S", 0.0)
    await entity_driver.hosts.store.register([entity_driver.restaurant_address])
    session = await entity_driver.occupy()
    entity_driver.hosts.silent.add(str(entity_driver.table))
    await entity_driver.do(session, c.CloseSession())
    for name in list(entity_driver.hosts.hosts):
        entity_driver.hosts.kill(name)
    entity_driver.hosts.silent.clear()
    sweep = Sweep(entity_driver.hosts.store, entity_driver.post, "test")
    assert await sweep.once() >= 1
    await entity_driver.until_snapshot(entity_driver.table, lambda data: not data["is_occupied"])
    await entity_driver.until_idle()
    assert await sweep.once() == 0, "delivered effects leave the store"


async def test_effects_stored_under_another_placement_are_delivered(store: Store) -> None:
    before = LocalDriver(LocalHosts(store, Placement(Mode.ENTITY)))
    await before.create_restaurant()
    session = await before.occupy()
    before.hosts.silent.add(str(before.table))
    await before.do(session, c.CloseSession())
    for name in list(before.hosts.hosts):
        before.hosts.kill(name)
    after = LocalDriver(LocalHosts(store, Placement(Mode.SHARD, 1)))
    await after.snapshot(session)
    await after.until_snapshot(before.table, lambda data: not data["is_occupied"])
    for name in list(after.hosts.hosts):
        after.hosts.kill(name)


async def test_a_call_without_a_connected_waiter_escalates_at_once(driver: LocalDriver) -> None:
    session = await driver.occupy()
    notifications = Topic(driver.restaurant_address, Channel.NOTIFICATIONS)
    await driver.subscribe(notifications)
    await driver.do(session, c.CallWaiter(reason=CallReason.BILL), caller=GUEST)
    await published(driver, notifications, "task_notification", times=2)
    await driver.until_idle()
    # No other waiter serves the zone, so it escalates to the managers at once, and only once.
    assert await calls(driver) == [(f"call-{session.id}-1", "managers")]
    version = (await driver.snapshot(driver.restaurant_address))["version"]
    driver.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)

    async def is_escalated_to_managers() -> bool:
        data = await driver.snapshot(session)
        return bool(data["calls"][0]["escalated"] == 2)

    await eventually(is_escalated_to_managers)
    await driver.until_idle()
    assert (await driver.snapshot(driver.restaurant_address))["version"] == version


async def test_an_unacknowledged_call_escalates_when_it_is_due(driver: LocalDriver) -> None:
    session = await driver.occupy()
    await driver.subscribe(Topic(driver.waiter, Channel.WAITER))
    other = await driver.do(
        driver.restaurant_address, c.AddWaiter(name="Bo"), inputs=driver.new_inputs(Kind.WAITER)
    )
    await driver.do(
        driver.restaurant_address,
        c.AddTable(number="6", zone="A", seats=2, waiter_id=other.result["waiter_id"]),
        inputs=driver.new_inputs(Kind.TABLE),
    )
    await driver.do(session, c.CallWaiter(), caller=GUEST)
    await driver.until_idle()
    assert await calls(driver) == [(f"call-{session.id}-1", None)]
    driver.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)  # the timer is stored: a successor fires it
    await driver.snapshot(session)

    async def zone_was_notified() -> bool:
        return await calls(driver) == [(f"call-{session.id}-1", "zone")]

    await eventually(zone_was_notified)


async def test_an_acknowledged_call_does_not_escalate(driver: LocalDriver) -> None:
    session = await driver.occupy()
    await driver.subscribe(Topic(driver.waiter, Channel.WAITER))
    called = await driver.do(session, c.CallWaiter(), caller=GUEST)
    await driver.until_idle()
    call_id = called.result["call_id"]
    await driver.do(session, c.UpdateCall(call_id=call_id, status=CallStatus.ACKNOWLEDGED))
    await driver.until_idle()
    driver.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(driver.hosts.hosts):
        driver.hosts.kill(name)
    await driver.snapshot(session)
    loaded = driver.hosts.entity(session)
    assert loaded is not None
    assert not loaded.timers
    assert await calls(driver) == [(f"call-{session.id}-1", None)]


async def published(driver: LocalDriver, topic: Topic, until: str, times: int = 1) -> list[str]:
    """Wait until a topic has `times` events of type `until`. Returns the types of its events."""
    types: list[str] = []

    def has_come() -> bool:
        types[:] = [
            orjson.loads(frame)["type"]
            for each in driver.hosts.pushed
            if isinstance(each, Published) and each.topic == topic
            for frame in each.frames
        ]
        return types.count(until) >= times

    await eventually(has_come)
    return types


async def calls(driver: LocalDriver) -> list[object]:
    seen = await driver.snapshot(driver.restaurant_address, Channel.NOTIFICATIONS)
    return [
        (n["notification_id"], n.get("escalated_to"))
        for n in seen["notifications"]
        if n["type"] == "task_notification"
    ]
