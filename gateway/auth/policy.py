"""Authorization by role: one table for every channel, action and route.

In addition, a token for one restaurant gives access to nothing in another, a guest sees only its
session with that session's table and orders, and a waiter only its own waiter channel. A caller
that may not see an entity gets `not_found`: `visibility.py` checks that before the table is read.
"""

from collections.abc import Callable, Mapping
from enum import Enum

from msgspec import UNSET

from gateway.auth.principal import Principal
from protocol import commands as c
from protocol.caller import Role
from protocol.errors import Code, Rejected
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus


class Record(Enum):
    """A part of an entity that is read outside its channels; the value is its name in the audit."""

    HISTORY = "history"
    AUDIT = "audit"
    TABLE_CODE = "code"
    """A table's code lets its holder join there."""
    DEVICE_CODE = "device_code"
    """A device's code lets its holder sign in as staff."""
    MENU_FILE = "menu_file"
    """A menu with its external ids."""


_READS_OF_A_PARTY = frozenset(
    {Channel.ORDER, Channel.ITEMS, Channel.TABLE, Channel.SESSION, Channel.MENU}
)
_READS = frozenset(Channel) - {Channel.DEVICES}

READS: Mapping[Role, frozenset[Channel | Record]] = {
    Role.ANONYMOUS: _READS,
    Role.GUEST: _READS_OF_A_PARTY,
    Role.WAITER: _READS | {Record.TABLE_CODE},
    Role.KITCHEN: frozenset(
        {Channel.ORDER, Channel.ITEMS, Channel.RESTAURANT, Channel.MENU, Channel.NOTIFICATIONS}
    ),
    Role.MANAGER: frozenset((*Channel, *Record)),
    Role.ADMIN: frozenset((*Channel, *Record)),
}
"""The channels that each role may subscribe to and read, and the records that it may read."""

_REFUSED_RECORDS = {
    Record.HISTORY: "History and audit are for managers.",
    Record.AUDIT: "History and audit are for managers.",
    Record.TABLE_CODE: "The codes of tables are for waiters and managers.",
    Record.DEVICE_CODE: "Staff devices are for managers.",
    Record.MENU_FILE: "Files of the menu are for managers.",
}

Allows = Callable[[c.Command], bool]


def _always(command: c.Command) -> bool:
    return True


def _unforced(command: c.Command) -> bool:
    return not getattr(command, "force", False)


def _availability(command: c.Command) -> bool:
    return _availability_or_portions(command) and getattr(command, "portions", UNSET) is UNSET


def _availability_or_portions(command: c.Command) -> bool:
    return getattr(command, "price", None) is None


def _to(*statuses: OrderStatus | ItemStatus) -> Allows:
    return lambda command: getattr(command, "status", None) in statuses


_PARTY: Mapping[type[c.Command], Allows] = {
    c.PlaceOrder: _always,
    c.AddItems: _always,
    c.Quote: _always,
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
        c.UpdateStatus, c.UpdateItem, c.ReplaceItems, c.AddItems, c.VoidItems, c.DeliverItems,
        c.Pay, c.Refund, c.Occupy, c.Release, c.ChangeTable, c.UpdateGuestsCount, c.CloseSession,
        c.CallWaiter, c.UpdateCall, c.PlaceOrder, c.Quote, c.Acknowledge, c.AssignTask,
        c.RaiseAlert, c.AddTable, c.AddWaiter, c.Broadcast, c.ReplaceMenu, c.ImportMenu,
        c.ChangeMenuItem, c.PauseOrders, c.ResumeOrders, c.ChangeOrdering, c.ChangeRestaurant,
        c.ReplaceTableCode, c.AddDevice, c.RemoveDevice,
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
        c.VoidItems: _always,
        c.DeliverItems: _always,
        c.Pay: _always,
        c.UpdateCall: _always,
        c.UpdateItem: _always,
        c.ChangeMenuItem: _availability,
        c.UpdateStatus: _to(OrderStatus.CONFIRMED, OrderStatus.DELIVERED, OrderStatus.CANCELLED),
    },
    Role.KITCHEN: {
        c.UpdateStatus: _to(OrderStatus.CONFIRMED, OrderStatus.READY),
        c.UpdateItem: _to(ItemStatus.READY, ItemStatus.PENDING),
        c.ChangeMenuItem: _availability_or_portions,
        c.PauseOrders: _always,
        c.ResumeOrders: _always,
    },
    Role.MANAGER: _MANAGEMENT,
    Role.ADMIN: {**_MANAGEMENT, c.CreateRestaurant: _always, c.IssueToken: _always},
}
"""The commands that each role may send, and with which contents."""


def may_read(principal: Principal, what: Channel | Record) -> Rejected | None:
    """Why the caller may not read this of an entity that it may see; None if it may."""
    if what in READS[principal.role]:
        return None
    if isinstance(what, Record):
        return Rejected(Code.FORBIDDEN, _REFUSED_RECORDS[what])
    return Rejected(
        Code.FORBIDDEN, f"A {principal.role.value} may not read the {what.value} channel."
    )


def may_do(principal: Principal, command: c.Command) -> Rejected | None:
    """Why the caller may not send this command to an entity that it may see; None if it may."""
    allows = COMMANDS[principal.role].get(type(command))
    if allows is not None and allows(command):
        return None
    if principal.role is Role.ANONYMOUS:
        return Rejected(Code.FORBIDDEN, "Only staff can do this.")
    return Rejected(Code.FORBIDDEN, f"A {principal.role.value} may not do that.")


def may_administer_chain(principal: Principal, command: type[c.Command]) -> bool:
    """Whether a command to the chain itself, which has no entity, is allowed. Not with a token that
    is limited to a restaurant: a caller that can issue tokens can act as anyone."""
    return principal.restaurant_id is None and command in COMMANDS[principal.role]


def is_visible(principal: Principal, address: Address) -> bool:
    """Whether a principal may see an entity, judged by kind and restaurant only. A guest's session
    also decides, in `domain/access.py`.
    """
    restaurant = principal.restaurant_id
    if restaurant is not None and restaurant != address.restaurant:
        return False
    is_waiter = principal.role is Role.WAITER and address.kind is Kind.WAITER
    return not is_waiter or address.id == principal.waiter_id


def not_found(kind: Kind, id_: int) -> Rejected:
    return Rejected(Code.NOT_FOUND, f"There is no {kind.value} {id_}.")
