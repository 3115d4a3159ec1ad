"""What the client does against a real gateway, over a network on its worst day."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from gateway.settings import GatewaySettings
from restaurant_qr_client import (
    BehindError,
    Channel,
    ClosedError,
    Message,
    QueueFullError,
    RefusedError,
    RestaurantQR,
    State,
    Status,
    Stream,
)
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.client.conftest import HASTY
from tests.client.proxy import Proxy
from tests.gateway.conftest import KEYS, SECRET, Gateway, Place, serving, token
from tests.local_hosts import LocalHosts

SOUP = [{"menu_item_id": 1}]


async def until(channel: Channel[Any], *states: State) -> Status:
    async for status in channel.statuses():
        if status.state in states:
            return status
    raise AssertionError


async def next_of(stream: Stream[Message], type_: str) -> Message:
    async for message in stream:
        if message.type == type_:
            return message
    raise AssertionError


async def session_of(qr: RestaurantQR, place: Place) -> Channel[Any]:
    made = await qr.table(place.table).request("occupy")
    return qr.session(made["session_id"])


# --- a good day ----------------------------------------------------------------------------------


async def test_a_snapshot_then_each_event_and_an_answer_to_each_action(
    qr: RestaurantQR, place: Place
) -> None:
    table = qr.table(place.table)
    told = table.messages()
    first = await anext(told)
    assert first.is_snapshot
    assert first.data["is_occupied"] is False
    statuses = table.statuses()
    assert (await anext(statuses)).state is State.LIVE
    done = await table.request("occupy", guests_count=3)
    assert done["changed"]
    event = await anext(told)
    assert (event.type, event.seq, event.is_snapshot) == ("table_status", first.seq + 1, False)
    assert event.data["session"]["id"] == done["session_id"]
    session = (await table.refresh())["session"]
    assert session is not None
    assert session["guests_count"] == 3
    assert (await table.request("get_status"))["is_occupied"]


async def test_a_refusal_is_an_error_with_its_code(qr: RestaurantQR, place: Place) -> None:
    table = qr.table(place.table)
    await table.request("occupy")
    with pytest.raises(RefusedError) as refused:
        await table.request("occupy")
    assert refused.value.code == "table_occupied"
    with pytest.raises(RefusedError) as refused:
        await table.request("occupy", waiter_id="x" * 70_000)
    assert refused.value.code == "too_large"
    with pytest.raises(RefusedError) as refused:
        await table.request("dance")
    assert refused.value.code == "unknown_action"


async def test_a_channel_is_opened_once_and_closed_with_its_client(
    qr: RestaurantQR, place: Place
) -> None:
    table = qr.table(place.table)
    assert qr.table(place.table) is table
    told = table.messages()
    await anext(told)
    await qr.close()
    for stream in (told, table.messages()):
        with pytest.raises(ClosedError) as closed:
            await anext(stream)
        assert closed.value.code == 1000
    with pytest.raises(ClosedError):
        await table.request("occupy")
    assert qr.table(place.table) is not table


async def test_who_is_too_slow_is_told_so_and_nothing_is_left_out_silently() -> None:
    stream: Stream[int] = Stream(2)
    for each in range(4):
        stream.put(each)
    assert [await anext(stream), await anext(stream)] == [0, 1]
    with pytest.raises(BehindError):
        await anext(stream)


# --- lost connections ----------------------------------------------------------------------------


async def test_each_event_comes_once_and_in_order_however_often_the_connection_is_lost(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    restaurant = qr.restaurant(place.restaurant)
    told = restaurant.messages()
    first = await anext(told)
    wanted = 60

    async def trouble() -> None:
        for number in range(wanted):
            await gateway.post(
                f"/restaurants/{place.restaurant}/broadcasts", {"message": str(number)}
            )
            if number % 7 == 0:
                proxy.cut()
            await asyncio.sleep(0.005)

    troubling = asyncio.create_task(trouble())
    heard = [await anext(told) for _ in range(wanted)]
    await troubling
    assert [each.data["message"] for each in heard] == [str(n) for n in range(wanted)]
    assert [each.seq for each in heard] == list(range(first.seq + 1, first.seq + 1 + wanted))
    assert not any(each.is_snapshot for each in heard)
    assert proxy.connections > 2


async def test_another_gateway_takes_over_where_the_first_one_ended(
    qr: RestaurantQR,
    proxy: Proxy,
    gateway: Gateway,
    hosts: LocalHosts,
    valkey: EmbeddedStore,
    place: Place,
) -> None:
    told = qr.restaurant(place.restaurant).messages()
    first = await anext(told)
    path = f"/restaurants/{place.restaurant}/broadcasts"
    async with serving(
        hosts, open_store(valkey.url, retention_s=3600), GatewaySettings(KEYS), "g2"
    ) as other:
        proxy.target = None
        proxy.cut()
        await other.post(path, {"message": "while nobody was there"})
        proxy.target = other.port
        await other.post(path, {"message": "afterwards"})
        heard = [await anext(told), await anext(told)]
        assert [each.seq for each in heard] == [first.seq + 1, first.seq + 2]
    # it has ended with 1012 for all of its connections
    proxy.target = gateway.port
    await gateway.post(path, {"message": "back again"})
    assert (await anext(told)).seq == first.seq + 3


async def test_a_network_that_is_silent_is_noticed_and_said(
    qr: RestaurantQR, proxy: Proxy, place: Place
) -> None:
    session = await session_of(qr, place)
    told = session.messages()
    await anext(told)
    await until(session, State.LIVE)
    statuses = session.statuses()
    proxy.silent = True
    asked = asyncio.create_task(session.request("place_order", items=SOUP))
    seen = [(await anext(statuses)) for _ in range(3)]
    assert [each.state for each in seen] == [State.LIVE, State.RECONNECTING, State.STALE]
    assert seen[1].since == seen[2].since
    assert not asked.done()
    proxy.silent = False
    proxy.cut()
    assert (await anext(statuses)).state is State.LIVE
    assert (await asked)["order_id"]
    assert len((await next_of(told, "session_update")).data["orders"]) == 1


async def test_what_was_done_without_an_answer_is_not_done_twice(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    session = await session_of(qr, place)
    await session.refresh()
    proxy.deaf = True
    asked = asyncio.create_task(session.request("place_order", items=SOUP))
    path = f"/api/sessions/{session.id}"
    while not (await gateway.http.get(path)).json()["data"]["orders"]:
        await asyncio.sleep(0.01)
    proxy.deaf = False
    proxy.cut()
    done = await asked
    orders = (await session.refresh())["orders"]
    assert [each["order_id"] for each in orders] == [done["order_id"]]


async def test_actions_wait_in_their_order_and_not_without_end(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    session = await session_of(qr, place)
    told = session.messages()
    await anext(told)
    proxy.target = None
    proxy.cut()
    await until(session, State.RECONNECTING, State.STALE)
    counts = range(2, 2 + HASTY.queue)
    waiting = [
        asyncio.create_task(session.request("update_guests_count", guests_count=count))
        for count in counts
    ]
    while session.queued < HASTY.queue:
        await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        await session.request("update_guests_count", guests_count=99)
    given_up = waiting.pop()
    given_up.cancel()
    await asyncio.wait({given_up})
    assert session.queued == len(waiting)
    proxy.target = gateway.port
    await asyncio.gather(*waiting)
    heard = [(await anext(told)).data["guests_count"] for _ in waiting]
    assert heard == list(counts)[: len(waiting)]


async def test_who_waits_as_it_is_closed_is_told(
    qr: RestaurantQR, proxy: Proxy, place: Place
) -> None:
    proxy.target = None
    table = qr.table(place.table)
    asked = asyncio.create_task(table.request("occupy"))
    await asyncio.sleep(0)
    await table.close()
    with pytest.raises(ClosedError):
        await asked


# --- tokens and close codes ----------------------------------------------------------------------


async def test_a_token_that_has_expired_is_renewed_and_nothing_is_missed(
    proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    asked = []

    async def renew() -> str:
        asked.append(1)
        return token("admin", sub="me")

    claims = {"role": "admin", "sub": "me", "exp": int(time.time()) + 2}
    soon = jwt.encode(claims, SECRET, "HS256")
    url = f"ws://127.0.0.1:{proxy.port}"
    async with RestaurantQR(url, token=soon, renew_token=renew, settings=HASTY) as qr:
        table, home = qr.table(place.table), qr.restaurant(place.restaurant)
        told = home.messages()
        first = await anext(told)
        while qr.token == soon:
            await asyncio.sleep(0.05)
        await gateway.post(f"/restaurants/{place.restaurant}/broadcasts", {"message": "On"})
        assert (await anext(told)).seq == first.seq + 1
        await table.refresh()
    assert asked == [1]


@pytest.mark.parametrize("renewed", [None, "none either"])
async def test_without_a_good_token_a_channel_ends(
    proxy: Proxy, place: Place, renewed: str | None
) -> None:
    url = f"http://127.0.0.1:{proxy.port}"
    async with RestaurantQR(url, token="none", renew_token=lambda: renewed, settings=HASTY) as qr:
        with pytest.raises(ClosedError) as closed:
            await anext(qr.table(place.table).messages())
    assert closed.value.code == 4401


async def test_what_is_not_there_or_not_allowed_is_final(
    proxy: Proxy, place: Place, qr: RestaurantQR
) -> None:
    for channel, code in ((qr.order(4711), 4404), (qr.order(-1), 4400)):
        status = await until(channel, State.CLOSED)
        assert status.error is not None
        assert status.error.code == code
    kitchen = token("kitchen", restaurant_id=place.restaurant)
    async with RestaurantQR(f"http://127.0.0.1:{proxy.port}", token=kitchen) as other:
        with pytest.raises(ClosedError) as closed:
            await other.table(place.table).refresh()
    assert closed.value.code == 4403


async def test_statuses_are_told_to_a_callback_whose_mistakes_stop_nothing(
    proxy: Proxy, place: Place
) -> None:
    told: list[State] = []

    def on_status(status: Status, channel: Channel[Any]) -> None:
        told.append(status.state)
        raise RuntimeError("a mistake of the program's")

    url = f"http://127.0.0.1:{proxy.port}"
    async with RestaurantQR(url, token=token("admin"), on_status=on_status, settings=HASTY) as qr:
        await qr.table(place.table).refresh()
    assert told == [State.LIVE, State.CLOSED]


def test_a_url_that_is_none_is_refused_at_once() -> None:
    for url in ("localhost:9000", "ftp://orders.example", "http://"):
        with pytest.raises(ValueError, match="url"):
            RestaurantQR(url)
