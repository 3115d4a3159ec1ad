"""The WebSocket channels, as a client sees them."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from engine.placement import Mode, Placement
from gateway.settings import GatewaySettings, Limits
from restaurant_qr_wire.channels import MAX_FRAME_BYTES
from tests.clients import Socket
from tests.eventually import eventually
from tests.gateway.conftest import KEYS, Gateway, Place, token


async def open_session(gateway: Gateway, place: Place) -> int:
    created = await gateway.post(f"/tables/{place.table}/sessions", {"guests_count": 2})
    return int(created["session_id"])


async def test_the_first_message_of_a_socket_is_the_snapshot(
    gateway: Gateway, place: Place
) -> None:
    frame = await (await gateway.socket(f"tables/{place.table}/")).next()
    assert frame["type"] == "table_status"
    assert frame["data"]["is_occupied"] is False
    assert frame["data"]["restaurant"] == "Trattoria"
    assert frame["seq"] == 0
    assert frame["epoch"]


@pytest.mark.parametrize("slash", ["", "/"])
async def test_paths_work_with_and_without_a_trailing_slash(
    gateway: Gateway, place: Place, slash: str
) -> None:
    session = await open_session(gateway, place)
    order = await gateway.post(f"/sessions/{session}/orders", {"items": [{"menu_item_id": 1}]})
    firsts = {
        f"orders/{order['order_id']}": "order_status",
        f"orders/{order['order_id']}/items": "items_list",
        f"tables/{place.table}": "table_status",
        f"tables/sessions/{session}": "session_status",
        f"waiters/{place.waiter}": "tasks_list",
        f"restaurants/{place.restaurant}/notifications": "notifications_list",
        f"restaurants/{place.restaurant}/menu": "menu",
        f"restaurants/{place.restaurant}": "restaurant_status",
    }
    for path, first in firsts.items():
        assert (await (await gateway.socket(path + slash)).next())["type"] == first


async def test_every_channel_receives_the_events_of_a_whole_session(
    gateway: Gateway, place: Place
) -> None:
    manager = token("manager", restaurant_id=place.restaurant)
    kitchen = token("kitchen", restaurant_id=place.restaurant)
    home = await gateway.socket(f"restaurants/{place.restaurant}/", manager)
    waiter = await gateway.socket(f"waiters/{place.waiter}/")
    table = await gateway.socket(f"tables/{place.table}/")
    for socket in (home, waiter, table):
        await socket.next()

    ack = await table.request("occupy", guests_count=3)
    assert ack["data"]["changed"] is True
    session_id = ack["data"]["session_id"]
    session = await gateway.socket(f"tables/sessions/{session_id}/")
    assert (await session.next())["data"]["guests_count"] == 3
    assert (await home.until("table_update"))["data"]["is_occupied"] is True

    ack = await session.request("place_order", items=[{"menu_item_id": 1, "quantity": 2}])
    order_id = ack["data"]["order_id"]
    assert (await home.until("new_order"))["data"]["order_id"] == order_id
    note = await waiter.until("order_notification")
    assert note["data"]["message"] == "New order 1 for table 5"

    order = await gateway.socket(f"orders/{order_id}/", kitchen)
    assert (await order.next())["data"]["total_amount"] == "13.00"
    for status in ("confirmed", "ready"):
        assert (await order.request("update_status", status=status))["data"]["changed"]
    assert (await home.until("order_ready"))["data"]["order_id"] == order_id
    assert "ready" in (await waiter.until("order_notification"))["data"]["message"]

    refusal = await session.request("close_session")
    assert refusal["code"] == "unsettled"
    assert refusal["details"] == {"open_orders": [order_id], "balance": "13.00"}

    await gateway.http.patch(f"/api/orders/{order_id}", json={"status": "delivered"})
    paid = await gateway.post(
        f"/orders/{order_id}/payments",
        {"amount": "13.00", "method": "card"},
        headers={"Idempotency-Key": "pay-1"},
    )
    assert paid["data"]["payment_status"] == "paid"
    assert (await home.until("payment_completed"))["data"]["order_id"] == order_id
    assert (await waiter.until("payment_notification"))["data"]["amount"] == "13.00"

    released = await _settled(table, "release")
    assert released["data"]["changed"] is True
    assert (await home.until("table_update"))["data"]["is_occupied"] is False
    assert (await session.until("session_status"))["data"]["status"] == "closed"


async def _settled(socket: Socket, action: str) -> dict[str, Any]:
    """The action's reply once the payment has reached the session."""

    async def reply() -> dict[str, Any] | None:
        answer: dict[str, Any] = await socket.request(action)
        return None if answer.get("code") == "unsettled" else answer

    answer: dict[str, Any] = await eventually(reply)
    return answer


async def test_an_action_without_request_id_is_not_acknowledged(
    gateway: Gateway, place: Place
) -> None:
    table = await gateway.socket(f"tables/{place.table}/")
    await table.next()
    await table.send("occupy")
    assert (await table.next())["type"] == "table_status"
    await table.send("get_status")
    assert (await table.next())["seq"] == 1


async def test_a_resumed_socket_gets_exactly_what_it_missed(gateway: Gateway, place: Place) -> None:
    session_id = await open_session(gateway, place)
    path = f"tables/sessions/{session_id}/"
    first = await gateway.socket(path)
    snapshot = await first.next()
    other = await gateway.socket(path)
    for count in range(3, 8):
        await other.request("update_guests_count", guests_count=count)
    since = snapshot["seq"] + 2
    resumed = await gateway.socket(f"{path}?since={since}&epoch={snapshot['epoch']}")
    missed = [await resumed.next() for _ in range(3)]
    assert [frame["seq"] for frame in missed] == [since + 1, since + 2, since + 3]
    other_epoch = await gateway.socket(f"{path}?since=1&epoch=another")
    assert (await other_epoch.next())["data"]["resumed"] is False


async def test_every_socket_receives_each_seq_once_in_order(gateway: Gateway, place: Place) -> None:
    session_id = await open_session(gateway, place)
    path = f"tables/sessions/{session_id}/"
    writers = [await gateway.socket(path) for _ in range(4)]
    readers: list[Socket] = []

    async def write(socket: Socket, first: int) -> None:
        for count in range(first, first + 20):
            await socket.send("update_guests_count", guests_count=count)

    async def join_late() -> None:
        for _ in range(10):
            readers.append(await gateway.socket(path))

    await asyncio.gather(*(write(w, 10 + 100 * n) for n, w in enumerate(writers)), join_late())
    for reader in readers:
        snapshot = await reader.next()
        seen = [snapshot["seq"]]
        while seen[-1] < 80:
            seen.append((await reader.next())["seq"])
        assert seen == list(range(seen[0], 81))


async def test_clients_do_not_notice_a_lost_host(gateway: Gateway, place: Place, hosts) -> None:  # type: ignore[no-untyped-def]
    session_id = await open_session(gateway, place)
    socket = await gateway.socket(f"tables/sessions/{session_id}/")
    last = (await socket.next())["seq"]
    for count in range(3, 9):
        for name in list(hosts.hosts):
            hosts.kill(name)
        ack = await gateway.http.patch(f"/api/sessions/{session_id}", json={"guests_count": count})
        assert ack.status_code == 200, ack.text
        frame = await socket.next()
        assert frame["seq"] == last + 1
        assert frame["data"]["guests_count"] == count
        last += 1


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ("[]", "invalid_message"),
        ("null", "invalid_message"),
        ("{}", "invalid_message"),
        ('{"action": 3}', "invalid_message"),
        ('{"action": "dance"}', "unknown_action"),
        ('{"action": "get_menu"}', "unknown_action"),
        ('{"action": "occupy", "guests_count": "four"}', "invalid_message"),
        ('{"action": "occupy", "guests_count": 0}', "invalid_message"),
        ('{"action": "occupy", "guest_count": 4}', "invalid_message"),
        ('{"action": "occupy", "guests_count": 1e3}', "invalid_message"),
        ('{"action": "get_status", "request_id": ""}', "invalid_message"),
        ('{"action": "get_status", "request_id": "' + "x" * 65 + '"}', "invalid_message"),
        (b"\x00\xff", "invalid_message"),
    ],
)
async def test_an_invalid_frame_gets_an_error_and_the_socket_stays_open(
    gateway: Gateway, place: Place, frame: str | bytes, code: str
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    before = (await socket.next())["data"]
    await socket.raw.send(frame)
    error = await socket.next()
    assert error["code"] == code
    assert error["error"]
    await socket.send("get_status")
    assert (await socket.next())["data"] == before


@pytest.mark.attack("oversized")
@pytest.mark.parametrize("size", [MAX_FRAME_BYTES + 1, 100_000, 10_000_000])
async def test_a_message_that_is_too_large_closes_its_socket_with_1009(
    gateway: Gateway, place: Place, size: int
) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    with suppress(ConnectionClosed):
        await socket.raw.send("x" * size)
    assert await socket.closed() == 1009


async def test_a_message_of_the_greatest_size_is_read(gateway: Gateway, place: Place) -> None:
    socket = await gateway.socket(f"tables/{place.table}/")
    await socket.next()
    await socket.raw.send('{"action":"get_status"}'.ljust(MAX_FRAME_BYTES))
    assert (await socket.next())["type"] == "table_status"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("tables/abc/", 4400),
        ("tables/0/", 4400),
        ("tables/-1/", 4400),
        ("tables/1.5/", 4400),
        ("tables/٣/", 4400),
        ("tables/99999999999999999999/", 4400),
        ("tables/1/?since=x", 4400),
        ("tables/1/?since=-1", 4400),
        ("tables/1/?nonsense=1", 4400),
        ("tables/1/?since=1&since=2", 4400),
        ("tables/987654/", 4404),
        ("nothing/1/", 4404),
    ],
)
async def test_a_rejected_handshake_is_closed_with_its_code(
    gateway: Gateway, place: Place, path: str, code: int
) -> None:
    socket = await gateway.socket(path)
    error = await socket.next()
    assert error["error"]
    assert await socket.closed() == code


async def test_an_unknown_channel_is_accepted_and_closed_with_its_code(gateway: Gateway) -> None:
    """Without a chosen subprotocol, a client that offers some sees only code 1006."""
    socket = await gateway.socket("nothing/1/", token("admin"))
    assert socket.raw.subprotocol == "bearer"
    assert (await socket.next())["code"] == "not_found"
    assert await socket.closed() == 4404


async def test_a_bad_token_is_closed_with_4401(gateway: Gateway, place: Place) -> None:
    for bad in ("nonsense", token("admin", exp=1), token("king"), token("manager")):
        socket = await gateway.socket(f"tables/{place.table}/", bad)
        assert (await socket.next())["code"] == "unauthenticated"
        assert await socket.closed() == 4401


async def test_an_anonymous_caller_may_not_set_a_status(gateway: Gateway, place: Place) -> None:
    session = await open_session(gateway, place)
    created = await gateway.post(f"/sessions/{session}/orders", {"items": [{"menu_item_id": 1}]})
    order = await gateway.socket(f"orders/{created['order_id']}/")
    await order.next()
    refusal = await order.request("update_status", status="ready")
    assert refusal["code"] == "forbidden"
    assert (await order.request("get_status"))["data"]["version"] == 1


@pytest.mark.attack("floods")
async def test_a_burst_of_10000_messages_does_not_delay_other_sockets(
    gateway: Gateway, place: Place
) -> None:
    other = await gateway.socket(f"tables/{place.table}/")
    await other.next()
    flooding_client = await gateway.socket(f"tables/{place.table}/", max_queue=None)

    async def flood() -> None:
        for _ in range(10_000):
            await flooding_client.send("get_status")

    flooding = asyncio.create_task(flood())
    for _ in range(20):
        await other.send("get_status")
        assert (await other.next())["type"] == "table_status"
    code = await flooding_client.closed()
    assert code == 4429
    await asyncio.gather(flooding, return_exceptions=True)


_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class TestSlowConsumers:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(
            KEYS, limits=Limits(send_queue_frames=50, messages_per_s=1e6, burst_messages=10**6)
        )

    @pytest.mark.attack("floods")
    async def test_slow_consumer_is_closed_and_others_still_receive(
        self, gateway: Gateway, place: Place
    ) -> None:
        (unread, _kept), reader, path = await self._overrun(gateway, place)
        received = b""
        while b"too slow to read" not in received[-70_000:]:
            chunk = await asyncio.wait_for(unread.read(65_536), 5)
            assert chunk, "the connection ended without a close frame"
            received += chunk
        close_frame = received[received.rindex(b"\x88") :]
        assert int.from_bytes(close_frame[2:4], "big") == 4408
        await gateway.http.patch(f"/api/{path}/items/5", json={"price": "1.50"})
        assert (await reader.next())["type"] == "menu_item_updated"

    @pytest.mark.parametrize("placement", [Placement(Mode.SHARD, shards=2)])
    @pytest.mark.attack("floods")
    async def test_slow_consumer_that_ignores_the_close_is_aborted(
        self, gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is no longer counted, and the client's end stays open until it has read its frames."""
        monkeypatch.setattr("gateway.websocket.connection.CLOSE_TIMEOUT_S", 0.2)
        (_, writer), _, _ = await self._overrun(gateway, place)
        try:
            await eventually(lambda: gateway.app.sockets.connections <= 1)
            assert not writer.is_closing()
        finally:
            writer.transport.abort()  # or the gateway would not end

    async def _overrun(
        self, gateway: Gateway, place: Place
    ) -> tuple[tuple[asyncio.StreamReader, asyncio.StreamWriter], Socket, str]:
        """One client that reads nothing and one that reads 200 menu updates of 100 kB each, more
        than all buffers hold."""
        items = [{"name": "Soup", "description": "x" * 450, "price": "1.00"} for _ in range(200)]
        menu = {"categories": [{"name": "Food", "items": items}]}
        path = f"restaurants/{place.restaurant}/menu"
        await gateway.http.put(f"/api/{path}", json=menu)
        unread, handshake = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1024)
        handshake.write(_HANDSHAKE.format(path=f"/ws/{path}").encode())
        reader = await gateway.socket(path)
        await reader.next()
        for count in range(200):
            start = {"day_starts_at": f"{count // 60:02}:{count % 60:02}"}
            await gateway.http.patch(f"/api/restaurants/{place.restaurant}/ordering", json=start)
            assert (await reader.next())["type"] == "menu_update"
        return (unread, handshake), reader, path


async def test_a_session_can_be_subscribed_to_as_soon_as_its_table_names_it(
    gateway: Gateway, place: Place
) -> None:
    """Its actor may start after the table's event has arrived."""
    table = await gateway.socket(f"tables/{place.table}/")
    await table.next()
    await table.send("occupy")
    event = await table.until("table_status")
    session = await gateway.socket(f"tables/sessions/{event['data']['session']['id']}/")
    assert (await session.next())["type"] == "session_status"


class TestFewConnections:
    @pytest.fixture
    def settings(self) -> GatewaySettings:
        return GatewaySettings(KEYS, limits=Limits(max_connections=2))

    @pytest.mark.attack("floods")
    async def test_socket_over_the_limit_is_closed_with_4429(
        self, gateway: Gateway, place: Place
    ) -> None:
        path = f"tables/{place.table}/"
        first = await gateway.socket(path)
        await first.next()
        await (await gateway.socket(path)).next()
        assert await (await gateway.socket(path)).closed() == 4429
        await first.raw.close()
        assert (await (await gateway.socket(path)).next())["type"] == "table_status"
