"""The client against a real gateway, over a network with faults."""

import asyncio
import time
from typing import Any

import jwt
import pytest

from gateway.settings import GatewaySettings
from restaurant_qr_client import (
    Channel,
    ClosedError,
    Message,
    QueueFullError,
    RefusedError,
    RestaurantQR,
    SlowConsumerError,
    State,
    Status,
    Stream,
    UnreachableError,
)
from storage.embedded import EmbeddedStore
from storage.redis_store import open_store
from tests.client.conftest import FAST_SETTINGS
from tests.client.proxy import Proxy
from tests.eventually import eventually
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
    created = await qr.table(place.table).request("occupy")
    return qr.session(created["session_id"])


# --- without faults -------------------------------------------------------------------------------


async def test_client_gets_a_snapshot_then_each_event_and_a_result_of_each_action(
    qr: RestaurantQR, place: Place
) -> None:
    table = qr.table(place.table)
    messages = table.messages()
    first = await anext(messages)
    assert first.is_snapshot
    assert first.data["is_occupied"] is False
    statuses = table.statuses()
    assert (await anext(statuses)).state is State.LIVE
    done = await table.request("occupy", guests_count=3)
    assert done["changed"]
    event = await anext(messages)
    assert (event.type, event.seq, event.is_snapshot) == ("table_status", first.seq + 1, False)
    assert event.data["session"]["id"] == done["session_id"]
    session = (await table.refresh())["session"]
    assert session is not None
    assert session["guests_count"] == 3
    assert (await table.request("get_status"))["is_occupied"]


async def test_refused_request_raises_its_code(qr: RestaurantQR, place: Place) -> None:
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


async def test_channel_is_opened_once_and_closed_with_its_client(
    qr: RestaurantQR, place: Place
) -> None:
    table = qr.table(place.table)
    assert qr.table(place.table) is table
    messages = table.messages()
    await anext(messages)
    await qr.close()
    for stream in (messages, table.messages()):
        with pytest.raises(ClosedError) as closed:
            await anext(stream)
        assert closed.value.code == 1000
    with pytest.raises(ClosedError):
        await table.request("occupy")
    assert qr.table(place.table) is not table


async def test_slow_iterator_raises_instead_of_dropping_events() -> None:
    stream: Stream[int] = Stream(2)
    for each in range(4):
        stream.put(each)
    assert [await anext(stream), await anext(stream)] == [0, 1]
    with pytest.raises(SlowConsumerError):
        await anext(stream)


# --- lost connections -----------------------------------------------------------------------------


async def test_events_arrive_once_and_in_order_across_reconnects(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    restaurant = qr.restaurant(place.restaurant)
    messages = restaurant.messages()
    first = await anext(messages)
    wanted = 60

    async def cut_often() -> None:
        for number in range(wanted):
            await gateway.post(
                f"/restaurants/{place.restaurant}/broadcasts", {"message": str(number)}
            )
            if number % 7 == 0:
                proxy.cut()
            await asyncio.sleep(0.005)

    cutting = asyncio.create_task(cut_often())
    received = [await anext(messages) for _ in range(wanted)]
    await cutting
    assert [each.data["message"] for each in received] == [str(n) for n in range(wanted)]
    assert [each.seq for each in received] == list(range(first.seq + 1, first.seq + 1 + wanted))
    assert not any(each.is_snapshot for each in received)
    assert proxy.connections > 2


async def test_client_resumes_at_another_gateway(
    qr: RestaurantQR,
    proxy: Proxy,
    gateway: Gateway,
    hosts: LocalHosts,
    valkey: EmbeddedStore,
    place: Place,
) -> None:
    messages = qr.restaurant(place.restaurant).messages()
    first = await anext(messages)
    path = f"/restaurants/{place.restaurant}/broadcasts"
    async with serving(
        hosts, open_store(valkey.url, retention_s=3600), GatewaySettings(KEYS), "g2"
    ) as other:
        proxy.target = None
        proxy.cut()
        await other.post(path, {"message": "during the reconnect"})
        proxy.target = other.port
        await other.post(path, {"message": "afterwards"})
        received = [await anext(messages), await anext(messages)]
        assert [each.seq for each in received] == [first.seq + 1, first.seq + 2]
    # the other gateway closed its connections with 1012
    proxy.target = gateway.port
    await gateway.post(path, {"message": "back again"})
    assert (await anext(messages)).seq == first.seq + 3


async def test_silent_network_makes_the_channel_reconnecting_then_stale(
    qr: RestaurantQR, proxy: Proxy, place: Place
) -> None:
    session = await session_of(qr, place)
    messages = session.messages()
    await anext(messages)
    await until(session, State.LIVE)
    statuses = session.statuses()
    proxy.silent = True
    request = asyncio.create_task(session.request("place_order", items=SOUP))
    changes = [(await anext(statuses)) for _ in range(3)]
    assert [each.state for each in changes] == [State.LIVE, State.RECONNECTING, State.STALE]
    assert changes[1].since == changes[2].since
    assert not request.done()
    proxy.silent = False
    proxy.cut()
    assert (await anext(statuses)).state is State.LIVE
    assert (await request)["order_id"]
    assert len((await next_of(messages, "session_update")).data["orders"]) == 1


async def test_request_without_a_reply_is_executed_once(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    session = await session_of(qr, place)
    await session.refresh()
    proxy.drops_responses = True
    request = asyncio.create_task(session.request("place_order", items=SOUP))
    path = f"/api/sessions/{session.id}"

    async def is_ordered() -> bool:
        return bool((await gateway.http.get(path)).json()["data"]["orders"])

    await eventually(is_ordered)
    proxy.drops_responses = False
    proxy.cut()
    done = await request
    orders = (await session.refresh())["orders"]
    assert [each["order_id"] for each in orders] == [done["order_id"]]


async def test_actions_wait_in_order_up_to_the_queue_limit(
    qr: RestaurantQR, proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    session = await session_of(qr, place)
    messages = session.messages()
    await anext(messages)
    proxy.target = None
    proxy.cut()
    await until(session, State.RECONNECTING, State.STALE)
    counts = range(2, 2 + FAST_SETTINGS.queue)
    waiting = [
        asyncio.create_task(session.request("update_guests_count", guests_count=count))
        for count in counts
    ]
    await eventually(lambda: session.queued == FAST_SETTINGS.queue)
    with pytest.raises(QueueFullError):
        await session.request("update_guests_count", guests_count=99)
    cancelled = waiting.pop()
    cancelled.cancel()
    await asyncio.wait({cancelled})
    assert session.queued == len(waiting)
    proxy.target = gateway.port
    await asyncio.gather(*waiting)
    received = [(await anext(messages)).data["guests_count"] for _ in waiting]
    assert received == list(counts)[: len(waiting)]


async def test_pending_request_raises_when_the_channel_is_closed(
    qr: RestaurantQR, proxy: Proxy, place: Place
) -> None:
    proxy.target = None
    table = qr.table(place.table)
    request = asyncio.create_task(table.request("occupy"))
    await asyncio.sleep(0)  # lets the request start
    await table.close()
    with pytest.raises(ClosedError):
        await request


# --- files ---------------------------------------------------------------------------------------


async def test_files_are_read_and_sent_as_they_are(qr: RestaurantQR, place: Place) -> None:
    path = f"/restaurants/{place.restaurant}/menu"
    exported = await qr.http.read(f"{path}/export?format=csv", "text/csv")
    changed = exported.replace(b"Soup", "Brühe".encode())
    imported = await qr.http.post(f"{path}/import?format=csv", changed)
    assert imported["data"]["changed"] == 1
    with pytest.raises(RefusedError):
        await qr.http.read(f"{path}/export?format=xlsx", "text/csv")
    with pytest.raises(UnreachableError):
        await qr.http.read(f"{path}/export?format=csv", "image/png")


# --- tokens and close codes -----------------------------------------------------------------------


async def test_expired_token_is_renewed_without_missing_events(
    proxy: Proxy, gateway: Gateway, place: Place
) -> None:
    calls = []

    async def renew() -> str:
        calls.append(1)
        return token("admin", sub="me")

    claims = {"role": "admin", "sub": "me", "exp": int(time.time()) + 2}
    soon = jwt.encode(claims, SECRET, "HS256")
    url = f"ws://127.0.0.1:{proxy.port}"
    async with RestaurantQR(url, token=soon, renew_token=renew, settings=FAST_SETTINGS) as qr:
        table, home = qr.table(place.table), qr.restaurant(place.restaurant)
        messages = home.messages()
        first = await anext(messages)
        await eventually(lambda: qr.token != soon)
        await gateway.post(f"/restaurants/{place.restaurant}/broadcasts", {"message": "On"})
        assert (await anext(messages)).seq == first.seq + 1
        await table.refresh()
    assert calls == [1]


@pytest.mark.parametrize("renewed", [None, "invalid"])
async def test_channel_closes_without_a_valid_token(
    proxy: Proxy, place: Place, renewed: str | None
) -> None:
    url = f"http://127.0.0.1:{proxy.port}"
    async with RestaurantQR(
        url, token="also invalid", renew_token=lambda: renewed, settings=FAST_SETTINGS
    ) as qr:
        with pytest.raises(ClosedError) as closed:
            await anext(qr.table(place.table).messages())
    assert closed.value.code == 4401


async def test_not_found_and_forbidden_close_the_channel(
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


async def test_errors_in_a_status_callback_do_not_stop_the_client(
    proxy: Proxy, place: Place
) -> None:
    states: list[State] = []

    def on_status(status: Status, channel: Channel[Any]) -> None:
        states.append(status.state)
        raise RuntimeError("a bug in the callback")

    url = f"http://127.0.0.1:{proxy.port}"
    async with RestaurantQR(
        url, token=token("admin"), on_status=on_status, settings=FAST_SETTINGS
    ) as qr:
        await qr.table(place.table).refresh()
    assert states == [State.LIVE, State.CLOSED]


def test_invalid_url_raises() -> None:
    for url in ("localhost:9000", "ftp://orders.example", "http://"):
        with pytest.raises(ValueError, match="url"):
            RestaurantQR(url)
