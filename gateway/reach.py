"""What somebody names, where they may know of it: what is another's answers as what does not exist.

A guest's session is looked at first, whatever the guest asks for: one that is closed says so of
every id alike, and tells nobody which of them exist.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from actors.messages import Read, View
from gateway.identity import Principal
from gateway.links import Links
from gateway.policy import in_reach, not_found
from gateway.prepare import Preparation
from gateway.requests import Requests
from gateway.watches import SESSION_CLOSED
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind


class Reach:
    """For one gateway."""

    def __init__(self, preparation: Preparation, links: Links, requests: Requests) -> None:
        self._preparation = preparation
        self._links = links
        self._requests = requests

    async def find(self, principal: Principal, kind: Kind, id_: int) -> Address | Rejected:
        """Where it is, or why they may not know of it. Raises StoreUnavailable."""
        if principal.role is not Role.GUEST:
            return await self._found(principal, kind, id_)
        party = await self._party(principal.session_id)
        return (
            party if isinstance(party, Rejected) else await self._found(principal, kind, id_, party)
        )

    async def _found(
        self, principal: Principal, kind: Kind, id_: int, party: Mapping[str, Any] | None = None
    ) -> Address | Rejected:
        """Who asks for what is another's goes on record in their own restaurant."""
        address = await self._preparation.address(kind, id_)
        if address is None:
            return not_found(kind, id_)
        if in_reach(principal, address) and (party is None or _is_of(party, address)):
            return address
        home = principal.restaurant_id if party is None else party["restaurant_id"]
        if home is not None:
            look = c.Look(action=kind.value, foreign_id=id_)
            own = Address(Kind.RESTAURANT, home, home)
            self._requests.denied(own, look, principal.caller, Code.NOT_FOUND)
        return not_found(kind, id_)

    async def _party(self, session_id: int | None) -> Mapping[str, Any] | Rejected:
        """What a guest's session says of itself, while it is open: guests' tokens end with it."""
        assert session_id is not None
        session = await self._preparation.address(Kind.SESSION, session_id)
        if session is None:
            return SESSION_CLOSED
        reply = await self._links.send(Read(session, Channel.SESSION))
        if not isinstance(reply, View):
            unsure = isinstance(reply, Rejected) and reply.code is Code.UNAVAILABLE
            return UNAVAILABLE if unsure else SESSION_CLOSED
        data: Mapping[str, Any] = orjson.loads(reply.frame)["data"]
        return data if data["status"] == "open" else SESSION_CLOSED


def _is_of(party: Mapping[str, Any], address: Address) -> bool:
    """Whether it is the party's session, its table, one of its orders, or its restaurant."""
    if address.restaurant != party["restaurant_id"]:
        return False
    match address.kind:
        case Kind.RESTAURANT:
            return True
        case Kind.ORDER:
            return any(order["order_id"] == address.id for order in party["orders"])
        case Kind.TABLE:
            return bool(party["table_id"] == address.id)
        case Kind.SESSION:
            return bool(party["id"] == address.id)
    return False
