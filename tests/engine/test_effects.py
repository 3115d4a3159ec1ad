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
from tests.engine.chain import GUEST, MANAGER, LocalChain
from tests.eventually import eventually
from tests.local_hosts import LocalHosts


@pytest.fixture
def placement_apart() -> Placement:
    return Placement(Mode.ENTITY)


@pytest.fixture
async def apart(store: Store, placement_apart: Placement) -> LocalChain:
    """A chain in which each entity has its own host."""
    chain = LocalChain(LocalHosts(store, placement_apart))
    await chain.open()
    return chain


async def test_a_closed_session_frees_its_table(chain: LocalChain) -> None:
    session = await chain.occupy()
    assert (await chain.see(chain.table))["is_occupied"]
    await chain.do(session, c.CloseSession())
    await chain.until_seen(chain.table, lambda data: not data["is_occupied"])


async def test_an_order_exists_when_place_order_is_acknowledged(chain: LocalChain) -> None:
    order = await chain.order(await chain.occupy())
    assert (await chain.see(order))["total_amount"] == "12.50"


async def test_a_ready_order_reaches_restaurant_and_waiter(chain: LocalChain) -> None:
    home = Topic(chain.home, Channel.RESTAURANT)
    waiter = Topic(chain.waiter, Channel.WAITER)
    await chain.join(home)
    await chain.join(waiter)
    order = await chain.order(await chain.occupy())
    await chain.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    types = await published(chain, home, "order_ready")
    assert types == ["table_update", "new_order", "order_ready"]
    types = await published(chain, waiter, "order_notification", times=2)
    assert types == ["order_notification"] * 2


async def test_a_release_is_redirected_to_the_session_and_then_answered_by_the_table(
    chain: LocalChain,
) -> None:
    session = await chain.occupy()
    release = c.Release()
    request_ref = RequestRef(chain.table, MANAGER.subject, "r", "d")
    redirect = (await chain.send(Submit(chain.table, release, MANAGER, request_ref)))[0]
    assert isinstance(redirect, Redirect)
    assert redirect.to == session
    closed = (await chain.send(Submit(session, redirect.message, MANAGER, request_ref)))[0]
    assert isinstance(closed, Done)
    await chain.until_seen(chain.table, lambda data: not data["is_occupied"])
    answer = (await chain.send(Submit(chain.table, release, MANAGER, request_ref)))[0]
    assert isinstance(answer, Done)
    assert answer.changed, "the first result of this request is that the table was released"


async def test_a_repeated_release_does_not_release_the_next_session(chain: LocalChain) -> None:
    first = await chain.occupy()
    release = chain.submit(chain.table, c.Release(force=True, reason="closing time"))
    (redirect,) = await chain.send(release)
    assert isinstance(redirect, Redirect)
    assert redirect.to == first
    await chain.do(first, c.CloseSession())  # another waiter was faster
    await chain.until_seen(chain.table, lambda data: not data["is_occupied"])
    second = await chain.occupy()
    assert await chain.send(release) == [redirect], "it still means the first session"
    (answer,) = await chain.send(replaced(release, followed=first))
    assert isinstance(answer, Done)
    assert not answer.changed
    assert await chain.send(release) == [answer]
    assert (await chain.see(second))["status"] == "open"


async def test_an_unsettled_session_cannot_be_closed(chain: LocalChain) -> None:
    session = await chain.occupy()
    order = await chain.order(session)
    await chain.until_seen(session, lambda data: data["version"] >= 2)
    refusal = await chain.refused(session, c.CloseSession())
    assert refusal.code is Code.UNSETTLED
    assert refusal.details["open_orders"] == [order.id]
    assert (await chain.see(chain.table))["is_occupied"]


async def test_effects_are_delivered_once_a_silent_host_answers_again(
    apart: LocalChain, caplog: pytest.LogCaptureFixture
) -> None:
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    await eventually(lambda: "cannot deliver effects" in caplog.text)
    apart.hosts.silent.clear()
    await apart.until_seen(apart.table, lambda data: not data["is_occupied"])


async def test_a_delivery_whose_reply_was_lost_takes_effect_once(apart: LocalChain) -> None:
    session = await apart.occupy()
    order = await apart.order(session)
    home = Topic(apart.home, Channel.NOTIFICATIONS)
    await apart.join(home)
    apart.hosts.mute.add(str(apart.home))
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="p")
    await apart.do(order, pay, request_id="p")

    def deliveries() -> list[Sequence[Message]]:
        return [
            batch
            for host, batch in apart.hosts.delivered
            if host == str(apart.home) and any(isinstance(m, DeliverEffects) for m in batch)
        ]

    await eventually(lambda: len(deliveries()) > 1)
    apart.hosts.mute.clear()
    await apart.quiet()
    seen = (await apart.see(apart.home, Channel.NOTIFICATIONS))["notifications"]
    assert len([n for n in seen if n["type"] == "payment_notification"]) == 1


async def test_effects_of_a_killed_host_are_delivered_by_its_successor(apart: LocalChain) -> None:
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    apart.hosts.kill(str(session))
    apart.hosts.silent.clear()
    assert (await apart.see(apart.table))["is_occupied"]
    await apart.see(session)
    await apart.until_seen(apart.table, lambda data: not data["is_occupied"])


async def test_the_sweep_delivers_effects_that_no_host_carries(
    apart: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.sweep.GRACE_S", 0.0)
    await apart.hosts.store.register([apart.home])
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    for name in list(apart.hosts.hosts):
        apart.hosts.kill(name)
    apart.hosts.silent.clear()
    sweep = Sweep(apart.hosts.store, apart.post, "test")
    assert await sweep.once() >= 1
    await apart.until_seen(apart.table, lambda data: not data["is_occupied"])
    await apart.quiet()
    assert await sweep.once() == 0, "delivered effects leave the store"


async def test_effects_stored_under_another_placement_are_delivered(store: Store) -> None:
    before = LocalChain(LocalHosts(store, Placement(Mode.ENTITY)))
    await before.open()
    session = await before.occupy()
    before.hosts.silent.add(str(before.table))
    await before.do(session, c.CloseSession())
    for name in list(before.hosts.hosts):
        before.hosts.kill(name)
    after = LocalChain(LocalHosts(store, Placement(Mode.SHARD, 1)))
    await after.see(session)
    await after.until_seen(before.table, lambda data: not data["is_occupied"])
    for name in list(after.hosts.hosts):
        after.hosts.kill(name)


async def test_a_call_without_a_connected_waiter_escalates_at_once(chain: LocalChain) -> None:
    session = await chain.occupy()
    notifications = Topic(chain.home, Channel.NOTIFICATIONS)
    await chain.join(notifications)
    await chain.do(session, c.CallWaiter(reason=CallReason.BILL), caller=GUEST)
    await published(chain, notifications, "task_notification", times=2)
    await chain.quiet()
    # No other waiter serves the zone, so it escalates to the managers at once, and only once.
    assert await calls(chain) == [(f"call-{session.id}-1", "managers")]
    version = (await chain.see(chain.home))["version"]
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)

    async def took_the_last_step() -> bool:
        data = await chain.see(session)
        return bool(data["calls"][0]["escalated"] == 2)

    await eventually(took_the_last_step)
    await chain.quiet()
    assert (await chain.see(chain.home))["version"] == version


async def test_an_unacknowledged_call_escalates_when_it_is_due(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.join(Topic(chain.waiter, Channel.WAITER))
    other = await chain.do(chain.home, c.AddWaiter(name="Bo"), inputs=chain.fresh(Kind.WAITER))
    await chain.do(
        chain.home,
        c.AddTable(number="6", zone="A", seats=2, waiter_id=other.result["waiter_id"]),
        inputs=chain.fresh(Kind.TABLE),
    )
    await chain.do(session, c.CallWaiter(), caller=GUEST)
    await chain.quiet()
    assert await calls(chain) == [(f"call-{session.id}-1", None)]
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)  # the timer is stored: a successor fires it
    await chain.see(session)

    async def told_the_zone() -> bool:
        return await calls(chain) == [(f"call-{session.id}-1", "zone")]

    await eventually(told_the_zone)


async def test_an_acknowledged_call_does_not_escalate(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.join(Topic(chain.waiter, Channel.WAITER))
    called = await chain.do(session, c.CallWaiter(), caller=GUEST)
    await chain.quiet()
    call_id = called.result["call_id"]
    await chain.do(session, c.UpdateCall(call_id=call_id, status=CallStatus.ACKNOWLEDGED))
    await chain.quiet()
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    await chain.see(session)
    loaded = chain.hosts.entity(session)
    assert loaded is not None
    assert not loaded.timers
    assert await calls(chain) == [(f"call-{session.id}-1", None)]


async def published(chain: LocalChain, topic: Topic, until: str, times: int = 1) -> list[str]:
    """Wait until a topic has `times` events of type `until`. Returns the types of its events."""
    types: list[str] = []

    def has_come() -> bool:
        types[:] = [
            orjson.loads(frame)["type"]
            for each in chain.hosts.pushed
            if isinstance(each, Published) and each.topic == topic
            for frame in each.frames
        ]
        return types.count(until) >= times

    await eventually(has_come)
    return types


async def calls(chain: LocalChain) -> list[object]:
    seen = await chain.see(chain.home, Channel.NOTIFICATIONS)
    return [
        (n["notification_id"], n.get("escalated_to"))
        for n in seen["notifications"]
        if n["type"] == "task_notification"
    ]
