"""Visibility for guests: while their session is open, other entities look missing; once it is
closed, every request is refused alike."""

import re
from typing import Any

import pytest

from engine.messages import Reply
from engine.placement import Placement
from engine.placement_watcher import PlacementWatcher
from gateway.auth.principal import Principal
from gateway.auth.revocation import SESSION_CLOSED
from gateway.auth.visibility import Visibility
from gateway.backend.directory import Directory
from gateway.backend.host_client import HostClient
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from tests.clients import Socket
from tests.gateway.conftest import Gateway, Place, make_place, token
from tests.gateway.scripted_hosts import ScriptedHosts

GUEST = Principal(Caller(Role.GUEST, "guest:7"), session_id=7)
MISSING = 987_654_321


class OneRestaurant:
    """A directory in which every id belongs to restaurant 1."""

    async def restaurant_of(self, wanted: Any) -> list[int]:
        return [1] * len(wanted)


async def resolve(answer: Reply) -> Address | Rejected:
    placement = PlacementWatcher(Placement())
    client = HostClient(ScriptedHosts(lambda message: answer), placement)
    store: Any = OneRestaurant()
    try:
        return await Visibility(Directory(store), client).resolve(GUEST, Kind.ORDER, 5)
    finally:
        client.close()


async def test_a_guest_gets_unavailable_if_its_session_cannot_be_read() -> None:
    """Not `not_found`, which clients do not retry."""
    assert await resolve(UNAVAILABLE) is UNAVAILABLE


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.FORBIDDEN])
async def test_a_guest_of_a_missing_session_is_refused_as_closed(code: Code) -> None:
    assert await resolve(Rejected(code, "no")) is SESSION_CLOSED


# --- through sockets and requests ----------------------------------------------------------------

CHANNELS = ("orders", "tables", "tables/sessions", "waiters", "restaurants")


async def invisible_ids(gateway: Gateway, place: Place) -> list[dict[str, int]]:
    """Ids by path: of the same restaurant, of another one, and missing ones."""
    other = await make_place(gateway)
    same_restaurant = await open_session(gateway, place) | {"restaurants": MISSING}
    return [same_restaurant, await open_session(gateway, other), dict.fromkeys(CHANNELS, MISSING)]


async def open_session(gateway: Gateway, place: Place) -> dict[str, int]:
    table = await gateway.post(
        f"/restaurants/{place.restaurant}/tables", {"number": "9", "zone": "B", "seats": 2}
    )
    session = await gateway.post(f"/tables/{table['table_id']}/sessions")
    order = await gateway.post(
        f"/sessions/{session['session_id']}/orders", {"items": [{"menu_item_id": 1}]}
    )
    return {
        "orders": order["order_id"], "tables": table["table_id"], "waiters": place.waiter,
        "tables/sessions": session["session_id"], "restaurants": place.restaurant,
    }  # fmt: skip


async def answers(gateway: Gateway, guest: str, channel: str, id_: int) -> set[str]:
    """All responses and frames that a guest gets for an entity, without its id."""
    socket = await gateway.socket(f"{channel}/{id_}/", guest)
    frame = await socket.raw.recv(decode=False)
    responses = [f"{frame.decode()} {await closed(socket)}"]
    kind = channel.removeprefix("tables/")
    headers = {"Authorization": f"Bearer {guest}"}
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"{kind}/{id_}", None),
        ("GET", f"{kind}/{id_}/audit", None),
    ]
    if kind in ("orders", "tables", "sessions"):
        requests += [("PATCH", f"{kind}/{id_}", {}), ("GET", f"{kind}/{id_}/history", None)]
    for method, path, body in requests:
        answer = await gateway.http.request(method, f"/api/{path}", json=body, headers=headers)
        responses.append(f"{answer.status_code} {answer.text}")
    return {re.sub(rf"\b{id_}\b", "…", each) for each in responses}


async def closed(socket: Socket) -> str:
    return f"{await socket.closed()} {socket.raw.close_reason}"


async def test_a_guest_gets_the_same_answer_for_foreign_and_missing_ids(
    gateway: Gateway, place: Place
) -> None:
    """The bytes are the same while the session is open, and after it is closed."""
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    guest = token("guest", session_id=session)
    invisible = await invisible_ids(gateway, place)
    for channel in CHANNELS:
        responses = [await answers(gateway, guest, channel, ids[channel]) for ids in invisible]
        assert responses[0] == responses[1] == responses[2], channel
        assert all('"not_found"' in each for each in responses[0]), channel
    await gateway.post(f"/sessions/{session}/close", {"force": True, "reason": "gone"})
    for channel in CHANNELS:
        responses = [await answers(gateway, guest, channel, ids[channel]) for ids in invisible]
        assert responses[0] == responses[1] == responses[2], channel
        assert all('"unauthenticated"' in each for each in responses[0]), channel
