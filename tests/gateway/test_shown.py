"""A guest is shown its table while its own party sits there: nothing of those before or after. A
kitchen is shown neither the codes of sessions nor takings.

What closes a guest's sockets with its session is late here on purpose, as it may be by chance.
"""

import asyncio
from typing import Any

import orjson
import pytest

from gateway.feeds import Feeds
from gateway.identity import Principal
from gateway.reach import Reach
from gateway.shown import shown_to
from gateway.watches import OpenSession
from gateway.wire import TextFrame, framed
from protocol.caller import Caller, Role
from protocol.ids import Address, Channel, Kind
from tests.clients import Socket
from tests.gateway.conftest import Gateway, Place, token
from tests.local_hosts import LocalHosts

CLOSING = {"force": True, "reason": "they have left"}


async def sits_down(gateway: Gateway, place: Place) -> int:
    return int((await gateway.post(f"/tables/{place.table}/sessions"))["session_id"])


async def leaves(gateway: Gateway, place: Place, session: int) -> None:
    await gateway.post(f"/sessions/{session}/close", CLOSING)
    async with asyncio.timeout(5):
        while (await gateway.http.get(f"/api/tables/{place.table}")).json()["data"]["is_occupied"]:
            await asyncio.sleep(0.01)


async def told_until_closed(socket: Socket) -> tuple[list[Any], int | None]:
    """All frames that still come, and the code that ends them."""
    return await socket.rest(), socket.raw.close_code


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a session's channel says ends a guest's connection."""
    monkeypatch.setattr(OpenSession, "learn", lambda ground, payload: None)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is published of a table gets as far as its sockets."""
    spread: Any = Feeds._spread

    def of_others(feeds: Feeds, feed: Any, published: Any) -> None:
        if published.topic.address.kind is not Kind.TABLE:
            spread(feeds, feed, published)

    monkeypatch.setattr(Feeds, "_spread", of_others)


async def test_a_guest_is_told_nothing_of_the_parties_before(
    gateway: Gateway, place: Place
) -> None:
    staff = await gateway.socket(f"tables/{place.table}", token("admin"))
    first = await staff.next()
    before = await sits_down(gateway, place)
    await leaves(gateway, place, before)
    session = await sits_down(gateway, place)
    guest = token("guest", session_id=session)
    resume = f"?since={first['seq']}&epoch={first['epoch']}"
    for query in (resume, f"?epoch={first['epoch']}", f"?since={first['seq']}"):
        socket = await gateway.socket(f"tables/{place.table}{query}", guest)
        told = await socket.next()
        assert told["type"] == "table_status"
        assert told["data"]["resumed"] is False
        assert told["data"]["session"]["id"] == session
    again = await gateway.socket(f"tables/{place.table}{resume}", token("admin"))
    assert (await again.next())["data"]["session"]["id"] == before, "the staff resumes"


async def test_a_guest_who_does_not_ask_to_resume_gets_a_plain_snapshot(
    gateway: Gateway, place: Place
) -> None:
    session = await sits_down(gateway, place)
    socket = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    assert "resumed" not in (await socket.next())["data"]


@pytest.mark.usefixtures("late")
async def test_a_guest_who_is_still_there_is_told_nothing_of_the_next_party(
    gateway: Gateway, place: Place
) -> None:
    session = await sits_down(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    staff = await gateway.socket(f"tables/{place.table}", token("admin"))
    assert (await guest.next())["data"]["session"]["id"] == session
    await leaves(gateway, place, session)
    next_ = await sits_down(gateway, place)
    told, code = await told_until_closed(guest)
    assert (told, code) == ([], 4401)
    heard = [(await staff.next())["data"]["session"] for _ in range(3)]
    assert [each and each["id"] for each in heard] == [session, None, next_]


@pytest.mark.usefixtures("late")
async def test_a_guest_hears_what_changes_at_its_own_table(gateway: Gateway, place: Place) -> None:
    session = await sits_down(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await gateway.http.patch(f"/api/sessions/{session}", json={"guests_count": 7})
    assert (await guest.until("table_update"))["data"]["session"]["guests_count"] == 7
    assert (await guest.ask("get_status"))["type"] == "ack"


@pytest.mark.usefixtures("late", "deaf")
async def test_a_guest_cannot_ask_for_the_next_party_either(gateway: Gateway, place: Place) -> None:
    session = await sits_down(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await leaves(gateway, place, session)
    await sits_down(gateway, place)
    await guest.send("get_status", request_id="r")
    assert await told_until_closed(guest) == ([], 4401)


@pytest.mark.usefixtures("late", "deaf")
async def test_nor_is_a_guest_told_when_its_table_is_joined_again(
    gateway: Gateway, place: Place, hosts: LocalHosts
) -> None:
    session = await sits_down(gateway, place)
    guest = await gateway.socket(f"tables/{place.table}", token("guest", session_id=session))
    await guest.next()
    await leaves(gateway, place, session)
    await sits_down(gateway, place)
    for name in list(hosts.hosts):
        hosts.kill(name)
    await gateway.http.get(f"/api/tables/{place.table}")
    assert await told_until_closed(guest) == ([], 4401)


async def test_over_http_a_guest_sees_its_table_only_as_long_as_it_sits_there(
    gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its session was still open when that was asked."""
    session = await sits_down(gateway, place)
    bearer = {"Authorization": f"Bearer {token('guest', session_id=session)}"}
    path = f"/api/tables/{place.table}"
    assert (await gateway.http.get(path, headers=bearer)).status_code == 200

    async def open_before(reach: Reach, principal: Any, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, place.restaurant)

    await leaves(gateway, place, session)
    monkeypatch.setattr(Reach, "find", open_before)
    free = await gateway.http.get(path, headers=bearer)
    await sits_down(gateway, place)
    taken = await gateway.http.get(path, headers=bearer)
    assert [each.status_code for each in (free, taken)] == [401, 401]
    assert free.json()["code"] == "unauthenticated"
    assert free.content == taken.content


# --- kitchens ------------------------------------------------------------------------------------


async def test_a_kitchen_is_shown_neither_codes_nor_takings(gateway: Gateway, place: Place) -> None:
    """On any channel that it may read, when it comes, as it listens, when it resumes or asks."""
    home = f"restaurants/{place.restaurant}"
    session = await sits_down(gateway, place)
    kitchen = token("kitchen", restaurant_id=place.restaurant)
    screens = [await gateway.socket(path, kitchen) for path in (home, f"{home}/notifications")]
    staff = await gateway.socket(home, token("admin"))
    first = [await each.next() for each in screens]
    order = await an_evening(gateway, session)
    await leaves(gateway, place, session)
    session = await sits_down(gateway, place)
    told = [*first, *await until_seated(screens[0], session)]
    resume = f"?since={first[0]['seq']}&epoch={first[0]['epoch']}"
    resumed = await gateway.socket(f"{home}{resume}", kitchen)
    again = await until_seated(resumed, session)
    assert again == told[2:], "it hears the same again"
    await screens[0].send("get_status")
    told.append(await screens[0].until("restaurant_status"))
    await screens[1].send("get_notifications")
    notified = [await screens[1].next() for _ in range(3)]
    assert [each["type"] for each in notified] == [
        "order_notification", "withheld", "notifications_list",
    ]  # fmt: skip
    assert [each["seq"] - first[1]["seq"] for each in notified] == [1, 2, 2]
    [listed] = notified[-1]["data"]["notifications"]
    assert listed["kind"] == "new_order"
    told += notified
    since = f"?since={first[1]['seq']}&epoch={first[1]['epoch']}"
    missed = await gateway.socket(f"{home}/notifications{since}", kitchen)
    assert [await missed.next() for _ in range(2)] == notified[:2], "it resumes to the same"
    headers = {"Authorization": f"Bearer {kitchen}"}
    for path in (home, "restaurants", f"{home}/notifications", f"orders/{order}"):
        answer = await gateway.http.get(f"/api/{path}", headers=headers)
        assert answer.status_code == 200, path
        told.append(answer.json())
    code = (await gateway.http.get(f"/api/sessions/{session}")).json()["data"]["session_code"]
    text = orjson.dumps(told).decode()
    assert f'"table_id":{place.table}' in text
    assert code not in text
    assert "session_code" not in text
    assert "figures" not in text
    assert "Payment of" not in text
    assert '"method"' not in text
    others = await until_seated(staff, session)
    assert others[0]["data"]["figures"]["day_paid_amount"] == "0.00", "the staff is told them"
    assert others[-1]["data"]["session"]["session_code"] == code


async def an_evening(gateway: Gateway, session: int) -> int:
    """An order that is paid."""
    items = {"items": [{"menu_item_id": 1}]}
    order = int((await gateway.post(f"/sessions/{session}/orders", items))["order_id"])
    paid = {"amount": "6.50", "method": "cash"}
    await gateway.post(f"/orders/{order}/payments", paid, headers={"Idempotency-Key": "k"})
    return order


async def until_seated(socket: Socket, session: int) -> list[Any]:
    """What a restaurant's channel tells until that session is open on a table."""
    told: list[Any] = []
    while True:
        told.append(await socket.next())
        open_ = told[-1]["data"].get("session") or {}
        if told[-1]["type"] == "table_update" and open_.get("id") == session:
            return told


def test_a_frame_is_made_once_for_all_kitchens() -> None:
    kitchen = Principal(Caller(Role.KITCHEN, "kitchen:1"), restaurant_id=1)
    show = shown_to(kitchen, Channel.RESTAURANT)
    assert show is not None
    payload = b'{"type":"table_update","data":{"session":{"id":1,"session_code":"A"}},"seq":1}'
    shown = show(framed(payload))
    assert isinstance(shown, TextFrame)
    assert shown.payload == b'{"type":"table_update","data":{"session":{"id":1}},"seq":1}'
    assert show(framed(payload)) is shown


@pytest.mark.parametrize("role", [Role.ANONYMOUS, Role.WAITER, Role.MANAGER, Role.ADMIN])
@pytest.mark.parametrize("channel", Channel)
def test_others_are_shown_all_as_it_is(role: Role, channel: Channel) -> None:
    assert shown_to(Principal(Caller(role, "x")), channel) is None
