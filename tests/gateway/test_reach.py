"""What a guest may know of is for its session to say: all else is not there, as long as the session
is open; once it is closed, that is all that a guest is told."""

import re
from typing import Any

import pytest

from actors.messages import Reply
from actors.placement import Placement
from actors.whereabouts import Whereabouts
from gateway.identity import Principal
from gateway.links import Links
from gateway.prepare import Preparation
from gateway.reach import Reach
from gateway.requests import Requests
from gateway.watches import SESSION_CLOSED
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from tests.clients import Socket
from tests.gateway.conftest import Gateway, Place, make_place, token
from tests.gateway.scripted_hosts import ScriptedHosts

GUEST = Principal(Caller(Role.GUEST, "guest:7"), session_id=7)
MISSING = 987_654_321


class Directory:
    """Every id is restaurant 1's."""

    async def restaurant_of(self, wanted: Any) -> list[int]:
        return [1] * len(wanted)


async def asked(answer: Reply) -> Address | Rejected:
    placement = Whereabouts(Placement())
    links = Links(ScriptedHosts(lambda message: answer), placement, "g1")
    store: Any = Directory()
    try:
        reach = Reach(Preparation(store, links, placement), links, Requests(links))
        return await reach.find(GUEST, Kind.ORDER, 5)
    finally:
        await links.close()


async def test_a_guest_whose_session_cannot_be_asked_is_told_to_try_again() -> None:
    """Not that there is no such order, after which its client would give up for good."""
    assert await asked(UNAVAILABLE) is UNAVAILABLE


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.FORBIDDEN])
async def test_a_session_that_is_gone_is_closed(code: Code) -> None:
    assert await asked(Rejected(code, "no")) is SESSION_CLOSED


# --- through sockets and requests ----------------------------------------------------------------

CHANNELS = ("orders", "tables", "tables/sessions", "waiters", "restaurants")


async def strange_ids(gateway: Gateway, place: Place) -> list[dict[str, int]]:
    """By path: of neighbours in the same restaurant, of another restaurant, and of nobody."""
    other = await make_place(gateway)
    neighbours = await seated(gateway, place) | {"restaurants": MISSING}
    return [neighbours, await seated(gateway, other), dict.fromkeys(CHANNELS, MISSING)]


async def seated(gateway: Gateway, place: Place) -> dict[str, int]:
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
    """All that a guest is answered who asks for it, the id left out."""
    socket = await gateway.socket(f"{channel}/{id_}/", guest)
    frame = await socket.raw.recv(decode=False)
    told = [f"{frame.decode()} {await closed(socket)}"]
    kind = channel.removeprefix("tables/")
    headers = {"Authorization": f"Bearer {guest}"}
    asks: list[tuple[str, str, Any]] = [
        ("GET", f"{kind}/{id_}", None),
        ("GET", f"{kind}/{id_}/audit", None),
    ]
    if kind in ("orders", "tables", "sessions"):
        asks += [("PATCH", f"{kind}/{id_}", {}), ("GET", f"{kind}/{id_}/history", None)]
    for method, path, body in asks:
        answer = await gateway.http.request(method, f"/api/{path}", json=body, headers=headers)
        told.append(f"{answer.status_code} {answer.text}")
    return {re.sub(rf"\b{id_}\b", "…", each) for each in told}


async def closed(socket: Socket) -> str:
    return f"{await socket.closed()} {socket.raw.close_reason}"


async def test_guests_cannot_tell_what_is_anothers_from_what_does_not_exist(
    gateway: Gateway, place: Place
) -> None:
    """Neither as long as their session is open, nor afterwards, to the byte."""
    session = (await gateway.post(f"/tables/{place.table}/sessions"))["session_id"]
    guest = token("guest", session_id=session)
    strange = await strange_ids(gateway, place)
    for channel in CHANNELS:
        told = [await answers(gateway, guest, channel, ids[channel]) for ids in strange]
        assert told[0] == told[1] == told[2], channel
        assert all('"not_found"' in each for each in told[0]), channel
    await gateway.post(f"/sessions/{session}/close", {"force": True, "reason": "gone"})
    for channel in CHANNELS:
        told = [await answers(gateway, guest, channel, ids[channel]) for ids in strange]
        assert told[0] == told[1] == told[2], channel
        assert all('"unauthenticated"' in each for each in told[0]), channel
