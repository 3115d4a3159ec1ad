"""Who may do what: one table, read for every channel, action and route.

Beyond the table: a token for one restaurant reaches nothing of another, a guest only its session
with that session's table and orders, a waiter only its own waiter channel. What is out of reach
answers exactly as what does not exist.
"""

from collections.abc import Callable, Mapping

from gateway.identity import Principal
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus

_READS_OF_A_PARTY = frozenset(
    {Channel.ORDER, Channel.ITEMS, Channel.TABLE, Channel.SESSION, Channel.MENU}
)
_KINDS_OF_A_PARTY = frozenset({Kind.ORDER, Kind.TABLE, Kind.RESTAURANT})
"""Kinds that a guest may access beside its session."""
_READS = frozenset(Channel) - {Channel.DEVICES}

READS: Mapping[Role, frozenset[Channel]] = {
    Role.ANONYMOUS: _READS,
    Role.GUEST: _READS_OF_A_PARTY,
    Role.WAITER: _READS,
    Role.KITCHEN: frozenset(
        {Channel.ORDER, Channel.ITEMS, Channel.RESTAURANT, Channel.MENU, Channel.NOTIFICATIONS}
    ),
    Role.MANAGER: frozenset(Channel),
    Role.ADMIN: frozenset(Channel),
}
"""The channels that each role may listen to and read."""

Allows = Callable[[c.Command], bool]


def _always(command: c.Command) -> bool:
    return True


def _unforced(command: c.Command) -> bool:
    return not getattr(command, "force", False)


def _to(*statuses: OrderStatus | ItemStatus) -> Allows:
    return lambda command: getattr(command, "status", None) in statuses


_PARTY: Mapping[type[c.Command], Allows] = {
    c.PlaceOrder: _always,
    c.CallWaiter: _always,
}
_FLOOR: Mapping[type[c.Command], Allows] = {
    c.Occupy: _always,
    c.Release: _unforced,
    c.UpdateGuestsCount: _always,
    c.CloseSession: _unforced,
    c.Acknowledge: _always,
}
_MANAGEMENT: Mapping[type[c.Command], Allows] = dict.fromkeys(
    (
        c.UpdateStatus, c.UpdateItem, c.ReplaceItems, c.Pay, c.Refund, c.Occupy, c.Release,
        c.ChangeTable, c.UpdateGuestsCount, c.CloseSession, c.CallWaiter, c.UpdateCall,
        c.PlaceOrder, c.Acknowledge, c.AssignTask, c.RaiseAlert, c.AddTable, c.AddWaiter,
        c.Broadcast, c.ReplaceMenu, c.ChangeMenuItem, c.ChangeRestaurant, c.ReplaceTableCode,
        c.AddDevice, c.RemoveDevice,
    ),
    _always,
)  # fmt: skip

COMMANDS: Mapping[Role, Mapping[type[c.Command], Allows]] = {
    Role.ANONYMOUS: {**_PARTY, **_FLOOR},
    Role.GUEST: {**_PARTY, c.UpdateStatus: _to(OrderStatus.CANCELLED)},
    Role.WAITER: {
        **_PARTY,
        **_FLOOR,
        c.ReplaceItems: _always,
        c.Pay: _always,
        c.UpdateCall: _always,
        c.UpdateItem: _always,
        c.UpdateStatus: _to(OrderStatus.CONFIRMED, OrderStatus.DELIVERED, OrderStatus.CANCELLED),
    },
    Role.KITCHEN: {
        c.UpdateStatus: _to(OrderStatus.CONFIRMED, OrderStatus.READY),
        c.UpdateItem: _to(ItemStatus.READY),
    },
    Role.MANAGER: _MANAGEMENT,
    Role.ADMIN: {**_MANAGEMENT, c.CreateRestaurant: _always},
}
"""The commands that each role may give, and with which contents."""


def may_read(principal: Principal, address: Address, channel: Channel) -> Rejected | None:
    """Why this channel of this entity may not be read, or None where it may."""
    if not in_reach(principal, address):
        return not_found(address.kind, address.id)
    if channel not in READS[principal.role]:
        return Rejected(
            Code.FORBIDDEN, f"A {principal.role.value} may not read the {channel.value} channel."
        )
    return None


def may_do(principal: Principal, address: Address, command: c.Command) -> Rejected | None:
    """Why this command may not be given to this entity, or None where it may."""
    if not in_reach(principal, address):
        return not_found(address.kind, address.id)
    allows = COMMANDS[principal.role].get(type(command))
    if allows is not None and allows(command):
        return None
    if principal.role is Role.ANONYMOUS:
        return Rejected(Code.FORBIDDEN, "This needs a token of the staff.")
    return Rejected(Code.FORBIDDEN, f"A {principal.role.value} may not do that.")


def may_see_records(principal: Principal, address: Address) -> Rejected | None:
    """History and audit name people: they are for managers."""
    if not in_reach(principal, address):
        return not_found(address.kind, address.id)
    if principal.role in (Role.MANAGER, Role.ADMIN):
        return None
    return Rejected(Code.FORBIDDEN, "History and audit are for managers.")


def may_see_codes(principal: Principal) -> Rejected | None:
    """Who has the code of a table can sit down there: it is for those who wait on it."""
    if principal.role in (Role.WAITER, Role.MANAGER, Role.ADMIN):
        return None
    return Rejected(Code.FORBIDDEN, "The codes of tables are for waiters and managers.")


def may_manage_devices(principal: Principal) -> Rejected | None:
    """Who has a device's code can sign in as staff."""
    if principal.role in (Role.MANAGER, Role.ADMIN):
        return None
    return Rejected(Code.FORBIDDEN, "Staff devices are for managers.")


def may_manage_tokens(principal: Principal) -> Rejected | None:
    """Refuse callers other than administrators of the chain: a caller who can issue tokens can
    act as anyone."""
    if principal.role is Role.ADMIN and principal.restaurant_id is None:
        return None
    return Rejected(Code.FORBIDDEN, "Only administrators of the chain can manage tokens.")


def in_reach(principal: Principal, address: Address) -> bool:
    """Whether an entity is one that this principal may know of.

    Which table and orders are of a guest's session is for `reach.py` to find out.
    """
    restaurant = principal.restaurant_id
    if restaurant is not None and restaurant != address.restaurant:
        return False
    if principal.role is Role.GUEST:
        if address.kind is Kind.SESSION:
            return address.id == principal.session_id
        return address.kind in _KINDS_OF_A_PARTY
    if principal.role is Role.WAITER and address.kind is Kind.WAITER:
        return address.id == principal.waiter_id
    return True


def not_found(kind: Kind, id_: int) -> Rejected:
    return Rejected(Code.NOT_FOUND, f"There is no {kind.value} {id_}.")
