"""Effects reach other entities once, whatever dies in between; timers ring once."""

import asyncio
from datetime import timedelta

import orjson
import pytest

from actors.host import HostSettings
from actors.messages import Done, Feed, Join, Joined, Submit, Tell
from actors.placement import Mode, Placement
from actors.sweep import Sweep
from actors.whereabouts import Whereabouts
from domain.entity import Origin
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind, Topic
from protocol.statuses import CallReason, CallStatus, OrderStatus, PaymentMethod
from storage.store import Store
from tests.actors.chain import GUEST, MANAGER, LocalChain
from tests.local_hosts import LocalHosts


@pytest.fixture
def placement_apart() -> Placement:
    return Placement(Mode.ENTITY)


@pytest.fixture
async def apart(store: Store, placement_apart: Placement) -> LocalChain:
    """A chain whose every entity is a host of its own."""
    chain = LocalChain(LocalHosts(store, placement_apart))
    await chain.open()
    return chain


async def test_a_closed_session_frees_its_table(chain: LocalChain) -> None:
    session = await chain.occupy()
    assert (await chain.see(chain.table))["is_occupied"]
    await chain.do(session, c.CloseSession())
    await eventually(chain, chain.table, lambda data: not data["is_occupied"])


async def test_an_order_exists_when_its_placing_is_acknowledged(chain: LocalChain) -> None:
    order = await chain.order(await chain.occupy())
    assert (await chain.see(order))["total_amount"] == "12.50"


async def test_a_ready_order_reaches_restaurant_and_waiter(chain: LocalChain) -> None:
    home = Topic(chain.home, Channel.RESTAURANT)
    waiter = Topic(chain.waiter, Channel.WAITER)
    await chain.join(home)
    await chain.join(waiter, gateway="phone")
    order = await chain.order(await chain.occupy())
    await chain.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    told = await heard(chain, home, "order_ready")
    assert told == ["table_update", "new_order", "order_ready"]
    told = await heard(chain, waiter, "order_notification", times=2, gateway="phone")
    assert told == ["order_notification"] * 2


async def test_release_asks_the_session_and_answers_with_the_table(chain: LocalChain) -> None:
    session = await chain.occupy()
    release = c.Release()
    origin = Origin(chain.table, MANAGER.subject, "r", "d")
    redirect = (await chain.send(Submit(chain.table, release, MANAGER, origin)))[0]
    assert redirect.to == session  # type: ignore[union-attr]
    closed = (await chain.send(Submit(session, redirect.message, MANAGER, origin)))[0]  # type: ignore[union-attr]
    assert isinstance(closed, Done)
    await eventually(chain, chain.table, lambda data: not data["is_occupied"])
    answer = (await chain.send(Submit(chain.table, release, MANAGER, origin)))[0]
    assert isinstance(answer, Done)
    assert answer.changed, "the first result of this request is that the table was released"


async def test_a_release_sent_again_is_not_about_the_next_party(chain: LocalChain) -> None:
    first = await chain.occupy()
    release = chain.submit(chain.table, c.Release(force=True, reason="closing time"))
    (redirect,) = await chain.send(release)
    assert redirect.to == first  # type: ignore[union-attr]
    await chain.do(first, c.CloseSession())  # somebody else was quicker
    await eventually(chain, chain.table, lambda data: not data["is_occupied"])
    second = await chain.occupy()
    assert await chain.send(release) == [redirect], "it is still about the first party"
    (answer,) = await chain.send(release._replace(followed=first))
    assert isinstance(answer, Done)
    assert not answer.changed
    assert await chain.send(release) == [answer]
    assert (await chain.see(second))["status"] == "open"


async def test_an_unsettled_session_is_not_released(chain: LocalChain) -> None:
    session = await chain.occupy()
    order = await chain.order(session)
    await eventually(chain, session, lambda data: data["version"] >= 2)
    refusal = await chain.refused(session, c.CloseSession())
    assert refusal.code is Code.UNSETTLED
    assert refusal.details["open_orders"] == [order.id]
    assert (await chain.see(chain.table))["is_occupied"]


async def test_effects_wait_for_a_silent_host(apart: LocalChain) -> None:
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    await asyncio.sleep(0.3)
    apart.hosts.silent.clear()
    await eventually(apart, apart.table, lambda data: not data["is_occupied"])


async def test_a_delivery_whose_answer_was_lost_takes_effect_once(apart: LocalChain) -> None:
    session = await apart.occupy()
    order = await apart.order(session)
    home = Topic(apart.home, Channel.NOTIFICATIONS)
    await apart.join(home)
    apart.hosts.deaf.add(str(apart.home))
    pay = c.Pay(amount=500, method=PaymentMethod.CASH, request_id="p")
    await apart.do(order, pay, request_id="p")
    await asyncio.sleep(0.5)
    apart.hosts.deaf.clear()
    deliveries = [
        batch
        for host, batch in apart.hosts.delivered
        if host == str(apart.home) and any(isinstance(m, Tell) for m in batch)
    ]
    assert len(deliveries) > 1, "the effect was sent again"
    await quiet(apart)
    seen = (await apart.see(apart.home, Channel.NOTIFICATIONS))["notifications"]
    assert len([n for n in seen if n["type"] == "payment_notification"]) == 1


async def test_what_a_dead_host_had_to_tell_is_told_by_its_successor(apart: LocalChain) -> None:
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    apart.hosts.kill(str(session))
    apart.hosts.silent.clear()
    assert (await apart.see(apart.table))["is_occupied"]
    await apart.see(session)
    await eventually(apart, apart.table, lambda data: not data["is_occupied"])


async def test_the_sweep_wakes_what_nobody_carries(
    apart: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.sweep.GRACE_S", 0.0)
    await apart.hosts.store.register([apart.home])
    session = await apart.occupy()
    apart.hosts.silent.add(str(apart.table))
    await apart.do(session, c.CloseSession())
    for name in list(apart.hosts.hosts):
        apart.hosts.kill(name)
    apart.hosts.silent.clear()
    sweep = Sweep(apart.hosts.store, apart.hosts, Whereabouts(apart.hosts.placement), "test")
    assert await sweep.once() >= 1
    await eventually(apart, apart.table, lambda data: not data["is_occupied"])
    await quiet(apart)
    await asyncio.sleep(0.1)
    assert await sweep.once() == 0, "delivered effects leave the store"


async def test_effects_left_by_another_placement_are_delivered(store: Store) -> None:
    before = LocalChain(LocalHosts(store, Placement(Mode.ENTITY)))
    await before.open()
    session = await before.occupy()
    before.hosts.silent.add(str(before.table))
    await before.do(session, c.CloseSession())
    for name in list(before.hosts.hosts):
        before.hosts.kill(name)
    after = LocalChain(LocalHosts(store, Placement(Mode.SHARD, 1)))
    await after.see(session)
    await eventually(after, before.table, lambda data: not data["is_occupied"])
    for name in list(after.hosts.hosts):
        after.hosts.kill(name)


async def test_a_call_nobody_hears_escalates_at_once(chain: LocalChain) -> None:
    session = await chain.occupy()
    notifications = Topic(chain.home, Channel.NOTIFICATIONS)
    await chain.join(notifications)
    await chain.do(session, c.CallWaiter(reason=CallReason.BILL), caller=GUEST)
    await heard(chain, notifications, "task_notification", times=2)
    await quiet(chain)
    # Nobody else serves the zone, so the managers hear of it at once, and only once.
    assert await calls(chain) == [(f"call-{session.id}-1", "managers")]
    version = (await chain.see(chain.home))["version"]
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)

    async def took_the_last_step() -> bool:
        data = await chain.see(session)
        return bool(data["calls"][0]["escalated"] == 2)

    await eventually_true(took_the_last_step)
    await quiet(chain)
    assert (await chain.see(chain.home))["version"] == version


async def test_an_unacknowledged_call_escalates_when_it_is_due(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.join(Topic(chain.waiter, Channel.WAITER), gateway="phone")
    other = await chain.do(chain.home, c.AddWaiter(name="Bo"), supplies=chain.fresh(Kind.WAITER))
    await chain.do(
        chain.home,
        c.AddTable(number="6", zone="A", seats=2, waiter_id=other.result["waiter_id"]),
        supplies=chain.fresh(Kind.TABLE),
    )
    await chain.do(session, c.CallWaiter(), caller=GUEST)
    await quiet(chain)
    assert await calls(chain) == [(f"call-{session.id}-1", None)]
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)  # the timer is in the store: a successor rings it
    await chain.see(session)

    async def told_the_zone() -> bool:
        return await calls(chain) == [(f"call-{session.id}-1", "zone")]

    await eventually_true(told_the_zone)


async def test_an_acknowledged_call_does_not_escalate(chain: LocalChain) -> None:
    session = await chain.occupy()
    await chain.join(Topic(chain.waiter, Channel.WAITER), gateway="phone")
    called = await chain.do(session, c.CallWaiter(), caller=GUEST)
    await quiet(chain)
    call_id = called.result["call_id"]
    await chain.do(session, c.UpdateCall(call_id=call_id, status=CallStatus.ACKNOWLEDGED))
    await quiet(chain)
    chain.hosts.clock.ahead = timedelta(seconds=61)
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    await chain.see(session)
    await asyncio.sleep(0.3)
    assert await calls(chain) == [(f"call-{session.id}-1", None)]


async def test_idle_entities_leave_and_come_back_with_their_state(
    store: Store, placement: Placement
) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.05))
    chain = LocalChain(hosts)
    await chain.open()
    session = await chain.occupy()
    await quiet(chain)
    await asyncio.sleep(0.1)
    assert all(host.rest() for host in hosts.hosts.values())
    assert all(host.get(session) is None for host in hosts.hosts.values())
    assert (await chain.see(session))["guests_count"] == 2
    for name in list(hosts.hosts):
        hosts.kill(name)


async def test_an_entity_with_subscribers_stays(store: Store, placement: Placement) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.05))
    chain = LocalChain(hosts)
    await chain.open()
    await chain.join(Topic(chain.table, Channel.TABLE))
    await quiet(chain)
    await asyncio.sleep(0.1)
    host = hosts.hosts[placement.host_of(chain.table)]
    assert not host.rest()
    assert host.get(chain.table) is not None
    for name in list(hosts.hosts):
        hosts.kill(name)


async def test_a_resume_gets_exactly_what_it_missed(chain: LocalChain) -> None:
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    for count in range(3, 10):
        await chain.do(session, c.UpdateGuestsCount(guests_count=count))
    for name in list(chain.hosts.hosts):
        chain.hosts.kill(name)
    resumed = await chain.join(topic, epoch=joined.epoch, since=joined.seq + 2)
    assert resumed.resumed
    assert [orjson.loads(frame)["seq"] for frame in resumed.frames] == list(
        range(joined.seq + 3, joined.seq + 8)
    )


async def test_another_epoch_is_not_resumed_beside_one_of_this(chain: LocalChain) -> None:
    """What one listener has missed is no answer to another's number, though it is the same."""
    session = await chain.occupy()
    topic = Topic(session, Channel.SESSION)
    joined = await chain.join(topic)
    await chain.do(session, c.UpdateGuestsCount(guests_count=9))
    since = joined.seq
    this = Join(topic, "g", 2, Role.WAITER, joined.epoch, since)
    other = Join(topic, "g", 3, Role.WAITER, "of before", since)
    for batch in ((this, other), (other, this)):
        replies = [each for each in await chain.send(*batch) if isinstance(each, Joined)]
        resumed = {asked.epoch: reply.resumed for asked, reply in zip(batch, replies, strict=True)}
        assert resumed == {joined.epoch: True, "of before": False}


async def test_a_resume_of_another_epoch_gets_a_snapshot_that_says_so(chain: LocalChain) -> None:
    session = await chain.occupy()
    joined = await chain.join(Topic(session, Channel.SESSION), epoch="another", since=0)
    assert not joined.resumed
    assert orjson.loads(joined.frames[0])["data"]["resumed"] is False


async def test_a_resume_from_the_future_gets_a_snapshot(chain: LocalChain) -> None:
    session = await chain.occupy()
    joined = await chain.join(Topic(session, Channel.SESSION))
    later = await chain.join(
        Topic(session, Channel.SESSION), epoch=joined.epoch, since=joined.seq + 100
    )
    assert not later.resumed


async def test_a_host_refuses_to_join_what_does_not_exist(chain: LocalChain) -> None:
    ghost = Topic(Address(Kind.ORDER, 424242, chain.restaurant), Channel.ORDER)
    reply = (await chain.send(Join(ghost, "g", 1, Role.ADMIN)))[0]
    assert reply.code is Code.NOT_FOUND  # type: ignore[union-attr]


# --- waiting -------------------------------------------------------------------------------------


async def quiet(chain: LocalChain) -> None:
    """Until no host has anything left to deliver."""

    async def is_quiet() -> bool:
        return not any(len(host._outbox) for host in chain.hosts.hosts.values())

    await eventually_true(is_quiet)


async def eventually(chain: LocalChain, address: Address, holds: object) -> None:
    async def seen() -> bool:
        return bool(holds(await chain.see(address)))  # type: ignore[operator]

    await eventually_true(seen)


async def eventually_true(holds: object) -> None:
    for _ in range(250):
        if await holds():  # type: ignore[operator]
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to pass")


async def heard(
    chain: LocalChain, topic: Topic, until: str, times: int = 1, gateway: str = "g"
) -> list[str]:
    """The types of what a gateway is told of a topic, up to the `times`-th of a type."""
    types: list[str] = []
    host = chain.hosts.placement.host_of(topic.address)
    cursor = (await chain.hosts.poll(host, gateway, 0)).cursor
    while types.count(until) < times:
        feed: Feed = await asyncio.wait_for(chain.hosts.poll(host, gateway, cursor), 5)
        cursor = feed.cursor
        for published in feed.published:
            if published.topic == topic:
                types += [orjson.loads(frame)["type"] for frame in published.frames]
    return types


async def calls(chain: LocalChain) -> list[object]:
    seen = await chain.see(chain.home, Channel.NOTIFICATIONS)
    return [
        (n["notification_id"], n.get("escalated_to"))
        for n in seen["notifications"]
        if n["type"] == "task_notification"
    ]
