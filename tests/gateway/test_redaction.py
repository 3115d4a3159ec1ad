"""Redaction of frames: guests see their table only during their own session and no reasons,
kitchens see neither session codes nor takings.

Most tests delay the event that closes a guest's sockets with its session, as the network may.
"""

from typing import Any

import orjson
import pytest

from engine.messages import Submit
from gateway.auth.revocation import _GrantWatch
from gateway.auth.visibility import Visibility
from gateway.backend.subscriptions import SubscriptionHub
from protocol.caller import Role
from protocol.ids import Address, Kind
from tests.clients import Socket
from tests.gateway.conftest import Gateway, Place, token, wait_table_free
from tests.local_hosts import LocalHosts

CLOSING = {"force": True, "reason": "the guests have gone"}


async def open_session(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


async def close_session(gateway: Gateway, place: Place, session: int) -> None:
    await gateway.post(f"/sessions/{session}/close", CLOSING)
    await wait_table_free(gateway, place)


async def frames_until_closed(socket: Socket) -> tuple[list[Any], int | None]:
    """All further frames, and the close code."""
    return await socket.remaining(), socket.raw.close_code


@pytest.fixture
def without_revocation(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event of a session closes its guests' sockets."""
    monkeypatch.setattr(_GrantWatch, "_close_all", lambda *how: None)


@pytest.fixture
def without_table_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of tables do not reach their subscribers."""
    on_published: Any = SubscriptionHub.on_published

    def of_others(hub: SubscriptionHub, host: str, published: Any) -> None:
        if published.topic.address.kind is not Kind.TABLE:
            on_published(hub, host, published)

    monkeypatch.setattr(SubscriptionHub, "on_published", of_others)


async def test_a_guest_does_not_receive_events_of_earlier_sessions(
    gateway: Gateway, place: Place
) -> None:
    staff = await gateway.socket(f"tables/{place.table}", token("admin"))
    first = await staff.next()
    before = await open_session(gateway, place)
    await close_session(gateway, place, before)
    session = await open_session(gateway, place)
    guest = token("guest", session_id=session)
    resume = f"?since={first['seq']}&epoch={first['epoch']}"
    for query in (resume, f"?epoch={first['epoch']}", f"?since={first['seq']}"):
        socket = await gateway.socket(f"tables/{place.table}{query}", guest)
        first_frame = await socket.next()
        assert first_frame["type"] == "table_status"
        assert first_frame["data"]["resumed"] is False
        assert first_frame["data"]["session"]["id"] == session
    again = await gateway.socket(f"tables/{place.table}{resume}", token("admin"))
    assert (await again.next())["data"]["session"]["id"] == before, (
        "the staff's subscription is resumed"
    )


async def test_a_guest_without_resume_gets_a_plain_snapshot(gateway: Gateway, place: Place) -> None:
    session = await open_session(gateway, place)
    socket = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    assert "resumed" not in (await socket.next())["data"]


@pytest.mark.usefixtures("without_revocation")
async def test_a_guest_does_not_receive_events_of_the_next_session(
    gateway: Gateway, place: Place
) -> None:
    session = await open_session(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    staff = await gateway.socket(f"tables/{place.table}", token("admin"))
    assert (await guest.next())["data"]["session"]["id"] == session
    await close_session(gateway, place, session)
    next_ = await open_session(gateway, place)
    assert await frames_until_closed(guest) == ([], 4401)
    sessions = [(await staff.next())["data"]["session"] for _ in range(3)]
    assert [each and each["id"] for each in sessions] == [session, None, next_]


@pytest.mark.usefixtures("without_revocation")
async def test_a_guest_receives_changes_of_its_own_table(gateway: Gateway, place: Place) -> None:
    session = await open_session(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await gateway.http.patch(f"/api/sessions/{session}", json={"guests_count": 7})
    assert (await guest.until("table_update"))["data"]["session"]["guests_count"] == 7
    assert (await guest.request("get_status"))["type"] == "ack"


@pytest.mark.usefixtures("without_revocation", "without_table_events")
async def test_a_guest_cannot_read_the_next_session(gateway: Gateway, place: Place) -> None:
    session = await open_session(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await close_session(gateway, place, session)
    await open_session(gateway, place)
    await guest.send("get_status", request_id="r")
    assert await frames_until_closed(guest) == ([], 4401)


@pytest.mark.usefixtures("without_revocation", "without_table_events")
async def test_a_guest_does_not_receive_the_next_session_after_a_resubscription(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    session = await open_session(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await close_session(gateway, place, session)
    await open_session(gateway, place)
    for name in list(hosts.hosts):
        hosts.kill(name)
    await gateway.http.get(f"/api/tables/{place.table}")
    assert await frames_until_closed(guest) == ([], 4401)


async def test_a_guest_can_read_its_table_over_http_only_during_its_session(
    gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session closes after the gateway has checked it and before it reads the table."""
    session = await open_session(gateway, place)
    bearer = {"Authorization": f"Bearer {token('guest', session_id=session)}"}
    path = f"/api/tables/{place.table}"
    assert (await gateway.http.get(path, headers=bearer)).status_code == 200

    async def open_before(visibility: Visibility, principal: Any, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, place.restaurant)

    await close_session(gateway, place, session)
    monkeypatch.setattr(Visibility, "resolve", open_before)
    free = await gateway.http.get(path, headers=bearer)
    await open_session(gateway, place)
    taken = await gateway.http.get(path, headers=bearer)
    assert [each.status_code for each in (free, taken)] == [401, 401]
    assert free.json()["code"] == "unauthenticated"
    assert free.content == taken.content


async def test_a_guest_does_not_receive_why_and_by_whom_its_items_were_voided(
    gateway: Gateway, place: Place
) -> None:
    session = await open_session(gateway, place)
    soup = {"items": [{"menu_item_id": 1, "quantity": 3}]}
    order = (await gateway.post(f"/sessions/{session}/orders", soup))["order_id"]
    guest = token("guest", session_id=session)
    sockets = [await gateway.socket(f"orders/{order}{path}", guest) for path in ("", "/items")]
    snapshots = [await each.next() for each in sockets]
    void = {"items": [{"item_id": 1, "units": 1}], "reason": "burnt"}
    answer = await gateway.post(f"/orders/{order}/voids", void)
    [voided] = answer["data"]["items"][0]["voids"]
    assert (voided["units"], voided["reason"], voided["by"]) == (1, "burnt", "admin")
    headers = {"Authorization": f"Bearer {guest}"}
    added = await gateway.http.post(f"/api/orders/{order}/items", json=soup, headers=headers)
    assert added.status_code == 200, added.text
    cancelled = {"status": "cancelled", "reason": "burnt"}
    await gateway.http.patch(f"/api/orders/{order}", json=cancelled)
    update = await sockets[0].until("order_items_update")
    status = await sockets[0].until("order_status")
    received = [added.json(), update, status, await sockets[1].until("items_updated")]
    since = snapshots[1]
    resume = f"orders/{order}/items?since={since['seq']}&epoch={since['epoch']}"
    received.append(await (await gateway.socket(resume, guest)).next())
    for path in ("", "/items"):
        answer = await gateway.http.get(f"/api/orders/{order}{path}", headers=headers)
        received.append(answer.json())
    assert status["data"]["status"] == "cancelled"
    assert status["data"]["reason"] is None
    hidden = {"units": 1, "reason": None, "at": voided["at"], "by": None}
    assert [each["data"]["items"][0]["voids"] for each in received if "items" in each["data"]] == [
        [hidden]
    ] * 5
    assert "burnt" not in orjson.dumps(received).decode()


async def test_a_guests_command_does_not_request_a_snapshot_that_is_redacted_for_it(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    """A host of an earlier release would return it whole with the result."""
    session = await open_session(gateway, place)
    soup = {"items": [{"menu_item_id": 1}]}
    guest = {"Authorization": f"Bearer {token('guest', session_id=session)}"}
    order = (await gateway.post(f"/sessions/{session}/orders", soup, headers=guest))["order_id"]
    added = await gateway.post(f"/orders/{order}/items", soup, headers=guest)
    assert len(added["data"]["items"]) == 2
    cancelled = {"status": "cancelled"}
    answer = await gateway.http.patch(f"/api/orders/{order}", json=cancelled, headers=guest)
    assert answer.json()["data"]["status"] == "cancelled"
    sent = [each for _, batch in hosts.delivered for each in batch]
    views = {each.view for each in sent
             if isinstance(each, Submit) and each.caller.role is Role.GUEST}  # fmt: skip
    assert views == {None}


# --- kitchens ------------------------------------------------------------------------------------


async def test_a_kitchen_receives_neither_session_codes_nor_takings(
    gateway: Gateway, place: Place
) -> None:
    """On every channel that it may read: in snapshots, events, resumed events and replies."""
    home = f"restaurants/{place.restaurant}"
    session = await open_session(gateway, place)
    kitchen = token("kitchen", restaurant_id=place.restaurant)
    screens = [await gateway.socket(path, kitchen) for path in (home, f"{home}/notifications")]
    staff = await gateway.socket(home, token("admin"))
    first = [await each.next() for each in screens]
    order = await paid_order(gateway, session)
    await close_session(gateway, place, session)
    session = await open_session(gateway, place)
    received = [*first, *await until_seated(screens[0], session)]
    resume = f"?since={first[0]['seq']}&epoch={first[0]['epoch']}"
    resumed = await gateway.socket(f"{home}{resume}", kitchen)
    again = await until_seated(resumed, session)
    assert again == received[2:], "resumed events are redacted too"
    await screens[0].send("get_status")
    received.append(await screens[0].until("restaurant_status"))
    await screens[1].send("get_notifications")
    notified = [await screens[1].next() for _ in range(3)]
    assert [each["type"] for each in notified] == [
        "order_notification", "withheld", "notifications_list",
    ]  # fmt: skip
    assert [each["seq"] - first[1]["seq"] for each in notified] == [1, 2, 2]
    [listed] = notified[-1]["data"]["notifications"]
    assert listed["kind"] == "new_order"
    received += notified
    since = f"?since={first[1]['seq']}&epoch={first[1]['epoch']}"
    missed = await gateway.socket(f"{home}/notifications{since}", kitchen)
    assert [await missed.next() for _ in range(2)] == notified[:2], "resumed events are redacted"
    headers = {"Authorization": f"Bearer {kitchen}"}
    for path in (home, "restaurants", f"{home}/notifications", f"orders/{order}"):
        answer = await gateway.http.get(f"/api/{path}", headers=headers)
        assert answer.status_code == 200, path
        received.append(answer.json())
    code = (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]["session_code"]
    text = orjson.dumps(received).decode()
    assert f'"table_id":{place.table}' in text
    assert code not in text
    assert "session_code" not in text
    assert "figures" not in text
    assert "Payment of" not in text
    assert '"method"' not in text
    others = await until_seated(staff, session)
    assert others[0]["data"]["figures"]["day_paid_amount"] == "0.00", (
        "other staff receive the statistics"
    )
    assert others[-1]["data"]["session"]["session_code"] == code


async def paid_order(gateway: Gateway, session: int) -> int:
    """Id of a new order that is paid."""
    items = {"items": [{"menu_item_id": 1}]}
    order = int((await gateway.post(f"/sessions/{session}/orders", items))["order_id"])
    paid = {"amount": "6.50", "method": "cash"}
    await gateway.post(f"/orders/{order}/payments", paid, headers={"Idempotency-Key": "k"})
    return order


async def until_seated(socket: Socket, session: int) -> list[Any]:
    """All events of a restaurant's channel until that session is open on a table."""
    received: list[Any] = []
    while True:
        received.append(await socket.next())
        open_ = received[-1]["data"].get("session") or {}
        if received[-1]["type"] == "table_update" and open_.get("id") == session:
            return received
