"""The HTTP API as one table: what each path does, to which entity, with which command.

`http.py` serves it and `openapi.py` describes it; neither knows a route of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol import commands as c
from protocol.ids import Channel, Kind

PAGE = 100
LONGEST_PAGE = 1000
"""Of what is listed: as much at a time, unless less or more is asked for."""


@dataclass(frozen=True, slots=True)
class Act:
    """A path that gives a command to the entity of kind `to` that `{id}` names.

    Fields of the command that the path decides are in `from_path`: field -> path parameter. What is
    created answers with 201: `creates` is its kind, and the ack's `<kind>_id` names it.
    """

    method: str
    path: str
    summary: str
    to: Kind
    command: type[c.Command]
    view: Channel
    from_path: Mapping[str, str] = field(default_factory=dict)
    creates: Kind | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A path that answers with a channel's snapshot."""

    path: str
    summary: str
    to: Kind
    view: Channel


@dataclass(frozen=True, slots=True)
class Record:
    """A path that answers with an entity's past, a page at a time."""

    path: str
    of: Kind
    is_audit: bool = False

    @property
    def summary(self) -> str:
        if self.is_audit:
            return f"What was refused, forced or touched money at the {self.of.value}, from where"
        return f"Every event of the {self.of.value}, who and when"


ACTS: tuple[Act, ...] = (
    Act("POST", "/restaurants/{id}/tables", "Add a table", Kind.RESTAURANT, c.AddTable,
        Channel.RESTAURANT, creates=Kind.TABLE),
    Act("PATCH", "/tables/{id}", "Change a table", Kind.TABLE, c.ChangeTable, Channel.TABLE),
    Act("PATCH", "/restaurants/{id}", "Change what guests may do by themselves", Kind.RESTAURANT,
        c.ChangeRestaurant, Channel.RESTAURANT),
    Act("POST", "/tables/{id}/code", "Replace the table's code; the printed one is void",
        Kind.TABLE, c.ReplaceTableCode, Channel.TABLE),
    Act("POST", "/restaurants/{id}/waiters", "Add a waiter", Kind.RESTAURANT, c.AddWaiter,
        Channel.RESTAURANT, creates=Kind.WAITER),
    Act("POST", "/restaurants/{id}/devices", "Add a staff device; its code signs it in",
        Kind.RESTAURANT, c.AddDevice, Channel.DEVICES),
    Act("DELETE", "/restaurants/{id}/devices/{device_id}", "Sign a staff device out",
        Kind.RESTAURANT, c.RemoveDevice, Channel.DEVICES, {"device_id": "device_id"}),
    Act("POST", "/tables/{id}/sessions", "Occupy a table", Kind.TABLE, c.Occupy, Channel.TABLE,
        creates=Kind.SESSION),
    Act("PATCH", "/sessions/{id}", "Change the number of guests", Kind.SESSION,
        c.UpdateGuestsCount, Channel.SESSION),
    Act("POST", "/sessions/{id}/close", "Close a session", Kind.SESSION, c.CloseSession,
        Channel.SESSION),
    Act("POST", "/sessions/{id}/orders", "Place an order", Kind.SESSION, c.PlaceOrder,
        Channel.SESSION, creates=Kind.ORDER),
    Act("PUT", "/orders/{id}/items", "Replace the items", Kind.ORDER, c.ReplaceItems,
        Channel.ITEMS),
    Act("PATCH", "/orders/{id}", "Set the status", Kind.ORDER, c.UpdateStatus, Channel.ORDER),
    Act("PATCH", "/orders/{id}/items/{item_id}", "Set an item's status", Kind.ORDER,
        c.UpdateItem, Channel.ITEMS, {"item_id": "item_id"}),
    Act("POST", "/orders/{id}/payments", "Record a payment; needs an Idempotency-Key",
        Kind.ORDER, c.Pay, Channel.ORDER),
    Act("POST", "/orders/{id}/refunds", "Give back what was paid too much", Kind.ORDER,
        c.Refund, Channel.ORDER),
    Act("PUT", "/restaurants/{id}/menu", "Replace the menu", Kind.RESTAURANT, c.ReplaceMenu,
        Channel.MENU),
    Act("PATCH", "/restaurants/{id}/menu/items/{item_id}",
        "Change a menu item's price or availability",
        Kind.RESTAURANT, c.ChangeMenuItem, Channel.MENU, {"item_id": "item_id"}),
    Act("POST", "/sessions/{id}/calls", "Call a waiter", Kind.SESSION, c.CallWaiter,
        Channel.SESSION),
    Act("PATCH", "/calls/{call_id}", "Acknowledge or resolve a call", Kind.SESSION, c.UpdateCall,
        Channel.SESSION, {"call_id": "call_id"}),
    Act("POST", "/waiters/{id}/tasks", "Assign a task", Kind.WAITER, c.AssignTask,
        Channel.WAITER),
    Act("POST", "/waiters/{id}/alerts", "Alert a waiter", Kind.WAITER, c.RaiseAlert,
        Channel.WAITER),
    Act("POST", "/restaurants/{id}/alerts", "Alert all waiters", Kind.RESTAURANT, c.RaiseAlert,
        Channel.NOTIFICATIONS),
    Act("POST", "/restaurants/{id}/broadcasts", "Broadcast a message", Kind.RESTAURANT,
        c.Broadcast, Channel.RESTAURANT),
)  # fmt: skip

LOOKS: tuple[Look, ...] = (
    Look("/restaurants/{id}", "Status of a restaurant", Kind.RESTAURANT, Channel.RESTAURANT),
    Look("/restaurants/{id}/menu", "The menu", Kind.RESTAURANT, Channel.MENU),
    Look("/restaurants/{id}/notifications", "Notifications", Kind.RESTAURANT,
         Channel.NOTIFICATIONS),
    Look("/restaurants/{id}/devices", "Staff devices", Kind.RESTAURANT, Channel.DEVICES),
    Look("/tables/{id}", "Status of a table", Kind.TABLE, Channel.TABLE),
    Look("/sessions/{id}", "Status of a session", Kind.SESSION, Channel.SESSION),
    Look("/orders/{id}", "Status of an order", Kind.ORDER, Channel.ORDER),
    Look("/orders/{id}/items", "Items of an order", Kind.ORDER, Channel.ITEMS),
    Look("/waiters/{id}", "A waiter's tasks", Kind.WAITER, Channel.WAITER),
)  # fmt: skip

RECORDS: tuple[Record, ...] = (
    *(Record(f"/{kind.value}s/{{id}}/history", kind)
      for kind in (Kind.ORDER, Kind.TABLE, Kind.SESSION)),
    *(Record(f"/{kind.value}s/{{id}}/audit", kind, is_audit=True) for kind in Kind),
)  # fmt: skip
