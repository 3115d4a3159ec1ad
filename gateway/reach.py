"""What belongs to a guest: its session, that session's table, orders and menu."""

import orjson

from actors.messages import Read, View
from gateway.identity import Principal
from gateway.links import Links
from gateway.policy import not_found
from gateway.prepare import Preparation
from gateway.watches import SESSION_CLOSED
from protocol.caller import Role
from protocol.errors import UNAVAILABLE, Code, Rejected
from protocol.ids import Address, Channel, Kind


async def out_of_reach(
    principal: Principal, address: Address, preparation: Preparation, links: Links
) -> Rejected | None:
    """Why a guest may not know of an entity; None for everybody else. Asks the session once, which
    must be open: its guests' tokens end with it."""
    if principal.role is not Role.GUEST:
        return None
    assert principal.session_id is not None
    session = await preparation.address(Kind.SESSION, principal.session_id)
    if session is None or session.restaurant != address.restaurant:
        return not_found(address.kind, address.id)
    reply = await links.send(Read(session, Channel.SESSION))
    if not isinstance(reply, View):
        unsure = isinstance(reply, Rejected) and reply.code is Code.UNAVAILABLE
        return UNAVAILABLE if unsure else not_found(address.kind, address.id)
    data = orjson.loads(reply.frame)["data"]
    if data["status"] != "open":
        return SESSION_CLOSED
    if address.kind in (Kind.SESSION, Kind.RESTAURANT):
        return None  # `policy.py` has seen to it that they are its own
    if address.kind is Kind.TABLE:
        own = data["table_id"] == address.id
    else:
        own = any(order["order_id"] == address.id for order in data["orders"])
    return None if own else not_found(address.kind, address.id)
