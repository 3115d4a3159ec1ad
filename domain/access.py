"""The access that a session grants to its guests, and a restaurant to its staff devices."""

import hmac
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from domain.restaurant.state import Restaurant
from domain.session.state import Session
from protocol.ids import Address, Channel, Kind


class Access(StrEnum):
    GRANTED = "granted"
    HIDDEN = "hidden"
    """No access, and the caller must not find out whether the entity exists."""
    ENDED = "ended"
    """No access to anything, because the session is closed or the device is signed out."""


def guest_access(session: Session, target: Address | None, code: str | None = None) -> Access:
    """The access of a session's guests to `target`, which is None if it does not exist. While their
    session is open, guests have access to it, its table, its orders, the restaurant and the menu.
    `code` is set for a guest who joins, and must be the session's code."""
    if not session.is_open:
        return Access.ENDED
    if code is not None and not hmac.compare_digest(session.session_code.encode(), code.encode()):
        return Access.HIDDEN
    if target is None or target.restaurant != session.restaurant_id:
        return Access.HIDDEN
    match target.kind:
        case Kind.RESTAURANT | Kind.MENU:
            is_visible = True
        case Kind.ORDER:
            is_visible = target.id in session.orders
        case Kind.TABLE:
            is_visible = target.id == session.table_id
        case Kind.SESSION:
            is_visible = target.id == session.id
        case _:
            is_visible = False
    return Access.GRANTED if is_visible else Access.HIDDEN


def device_access(restaurant: Restaurant, device_id: int) -> Access:
    """The access of a staff device, which it has until it is removed from its restaurant."""
    return Access.GRANTED if device_id in restaurant.devices else Access.ENDED


_ADMITTED: Mapping[Channel, Callable[[Any], tuple[int, ...]]] = {
    Channel.SESSION: lambda session: (session.id,) if session.is_open else (),
    Channel.TABLE: lambda table: () if table.session is None else (table.session.id,),
    Channel.DEVICES: lambda restaurant: tuple(restaurant.devices),
}


def admitted(state: Any, channel: Channel) -> tuple[int, ...] | None:
    """The ids of the session whose guests may see a table or session now, or of a restaurant's
    devices: callers with another id have no access any more. None for all other channels."""
    ids = _ADMITTED.get(channel)
    return None if ids is None else ids(state)
