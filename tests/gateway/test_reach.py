"""What a guest may know of is for its session to say; where that cannot be asked, nobody knows."""

from typing import Any

import pytest

from actors.messages import Reply
from actors.placement import Placement
from actors.whereabouts import Whereabouts
from gateway.identity import Principal
from gateway.links import Links
from gateway.prepare import Preparation
from gateway.reach import out_of_reach
from protocol.caller import Caller, Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Kind
from tests.gateway.scripted_hosts import ScriptedHosts

GUEST = Principal(Caller(Role.GUEST, "guest:7"), session_id=7)
ORDER = Address(Kind.ORDER, 5, 1)


class Directory:
    """Every id is restaurant 1's."""

    async def restaurant_of(self, wanted: Any) -> list[int]:
        return [1] * len(wanted)


async def asked(answer: Reply) -> Rejected | None:
    placement = Whereabouts(Placement())
    links = Links(ScriptedHosts(lambda message: answer), placement, "g1")
    store: Any = Directory()
    try:
        return await out_of_reach(GUEST, ORDER, Preparation(store, links, placement), links)
    finally:
        await links.close()


async def test_a_guest_whose_session_cannot_be_asked_is_told_to_try_again() -> None:
    """Not that there is no such order, after which its client would give up for good."""
    assert await asked(UNAVAILABLE) is UNAVAILABLE


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.FORBIDDEN])
async def test_a_guest_without_a_session_finds_nothing(code: Code) -> None:
    refused = await asked(Rejected(code, "no"))
    assert refused is not None
    assert refused.code is Code.NOT_FOUND
