"""The HTTP API as one table: each path with its entity and its command.

`rest_api.py` serves it and `gateway/docs/openapi.py` describes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol import commands as c
from protocol.ids import Channel, Kind

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
"""Default and maximum number of rows per page."""


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """A path that sends a command to the entity of kind `to` that `{id}` names.

    `from_path` maps fields of the command to path parameters. If the command creates an entity, the
    response is 201 with that entity, which the ack's `<kind>_id` names.
    """

    method: str
    path: str
    summary: str
    to: Kind
    command: type[c.Command]
    view: Channel
    from_path: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotRoute:
    """A path that returns a channel's snapshot."""

    path: str
    summary: str
    to: Kind
    view: Channel


@dataclass(frozen=True, slots=True)
class HistoryRoute:
    """A path that returns an entity's history or audit in pages."""

    path: str
    of: Kind
    is_audit: bool = False

    @property
    def summary(self) -> str:
        if self.is_audit:
            return f"Audit of the {self.of.value}: rejections, forced actions, money, devices"
        return f"History of the {self.of.value}: all events with time and author"


COMMAND_ROUTES: tuple[CommandRoute, ...] = (
    CommandRoute("POST", "/restaurants/{id}/tables", "Add a table", Kind.RESTAURANT, c.AddTable,
        Channel.RESTAURANT),
    CommandRoute("PATCH", "/tables/{id}", "Change a table", Kind.TABLE, c.ChangeTable,
        Channel.TABLE),
    CommandRoute("PATCH", "/restaurants/{id}", "Change what guests can do without staff",
        Kind.RESTAURANT, c.ChangeRestaurant, Channel.RESTAURANT),
    CommandRoute("POST", "/tables/{id}/code", "Replace the table's code; the printed one is void",
        Kind.TABLE, c.ReplaceTableCode, Channel.TABLE),
    CommandRoute("POST", "/restaurants/{id}/waiters", "Add a waiter", Kind.RESTAURANT, c.AddWaiter,
        Channel.RESTAURANT),
    CommandRoute("POST", "/restaurants/{id}/devices", "Add a staff device; its code signs it in",
        Kind.RESTAURANT, c.AddDevice, Channel.DEVICES),
    CommandRoute("DELETE", "/restaurants/{id}/devices/{device_id}", "Sign a staff device out",
        Kind.RESTAURANT, c.RemoveDevice, Channel.DEVICES, {"device_id": "device_id"}),
    CommandRoute("POST", "/tables/{id}/sessions", "Occupy a table", Kind.TABLE, c.Occupy,
        Channel.TABLE),
    CommandRoute("PATCH", "/sessions/{id}", "Change the number of guests", Kind.SESSION,
        c.UpdateGuestsCount, Channel.SESSION),
    CommandRoute("POST", "/sessions/{id}/close", "Close a session", Kind.SESSION, c.CloseSession,
        Channel.SESSION),
    CommandRoute("POST", "/sessions/{id}/orders", "Place an order", Kind.SESSION, c.PlaceOrder,
        Channel.SESSION),
    CommandRoute("POST", "/sessions/{id}/quote", "Price an order without placing it", Kind.SESSION,
        c.Quote, Channel.SESSION),
    CommandRoute("PUT", "/orders/{id}/items", "Replace the items", Kind.ORDER, c.ReplaceItems,
        Channel.ITEMS),
    CommandRoute("POST", "/orders/{id}/items", "Add items", Kind.ORDER, c.AddItems, Channel.ITEMS),
    CommandRoute("POST", "/orders/{id}/voids", "Void items, or units of them", Kind.ORDER,
        c.VoidItems, Channel.ITEMS),
    CommandRoute("POST", "/orders/{id}/deliveries", "Deliver items", Kind.ORDER, c.DeliverItems,
        Channel.ITEMS),
    CommandRoute("PATCH", "/orders/{id}", "Set the status", Kind.ORDER, c.UpdateStatus,
        Channel.ORDER),
    CommandRoute("PATCH", "/orders/{id}/items/{item_id}", "Set an item's status", Kind.ORDER,
        c.UpdateItem, Channel.ITEMS, {"item_id": "item_id"}),
    CommandRoute("POST", "/orders/{id}/payments", "Record a payment; needs an Idempotency-Key",
        Kind.ORDER, c.Pay, Channel.ORDER),
    CommandRoute("POST", "/orders/{id}/refunds", "Refund an overpayment", Kind.ORDER,
        c.Refund, Channel.ORDER),
    CommandRoute("PUT", "/restaurants/{id}/menu", "Replace the menu", Kind.MENU,
        c.ReplaceMenu, Channel.MENU),
    CommandRoute("PATCH", "/restaurants/{id}/menu/items/{item_id}",
        "Change a menu item's price or availability", Kind.MENU, c.ChangeMenuItem,
        Channel.MENU, {"item_id": "item_id"}),
    CommandRoute("POST", "/restaurants/{id}/pause", "Stop guests' orders for a while", Kind.MENU,
        c.PauseOrders, Channel.MENU),
    CommandRoute("POST", "/restaurants/{id}/resume", "Take guests' orders again", Kind.MENU,
        c.ResumeOrders, Channel.MENU),
    CommandRoute("PATCH", "/restaurants/{id}/ordering", "Change when orders are confirmed",
        Kind.MENU, c.ChangeOrdering, Channel.MENU),
    CommandRoute("POST", "/sessions/{id}/calls", "Call a waiter", Kind.SESSION, c.CallWaiter,
        Channel.SESSION),
    CommandRoute("PATCH", "/calls/{call_id}", "Acknowledge or resolve a call", Kind.SESSION,
        c.UpdateCall, Channel.SESSION, {"call_id": "call_id"}),
    CommandRoute("POST", "/waiters/{id}/tasks", "Assign a task", Kind.WAITER, c.AssignTask,
        Channel.WAITER),
    CommandRoute("POST", "/waiters/{id}/alerts", "Alert a waiter", Kind.WAITER, c.RaiseAlert,
        Channel.WAITER),
    CommandRoute("POST", "/restaurants/{id}/alerts", "Alert all waiters", Kind.RESTAURANT,
        c.RaiseAlert, Channel.NOTIFICATIONS),
    CommandRoute("POST", "/restaurants/{id}/broadcasts", "Broadcast a message", Kind.RESTAURANT,
        c.Broadcast, Channel.RESTAURANT),
)  # fmt: skip

SNAPSHOT_ROUTES: tuple[SnapshotRoute, ...] = (
    SnapshotRoute("/restaurants/{id}", "Status of a restaurant", Kind.RESTAURANT,
        Channel.RESTAURANT),
    SnapshotRoute("/restaurants/{id}/menu", "The menu", Kind.MENU, Channel.MENU),
    SnapshotRoute("/restaurants/{id}/notifications", "Notifications", Kind.RESTAURANT,
        Channel.NOTIFICATIONS),
    SnapshotRoute("/restaurants/{id}/devices", "Staff devices", Kind.RESTAURANT, Channel.DEVICES),
    SnapshotRoute("/tables/{id}", "Status of a table", Kind.TABLE, Channel.TABLE),
    SnapshotRoute("/sessions/{id}", "Status of a session", Kind.SESSION, Channel.SESSION),
    SnapshotRoute("/orders/{id}", "Status of an order", Kind.ORDER, Channel.ORDER),
    SnapshotRoute("/orders/{id}/items", "Items of an order", Kind.ORDER, Channel.ITEMS),
    SnapshotRoute("/waiters/{id}", "A waiter's tasks", Kind.WAITER, Channel.WAITER),
)  # fmt: skip

HISTORY_ROUTES: tuple[HistoryRoute, ...] = (
    *(HistoryRoute(f"/{kind.value}s/{{id}}/history", kind)
      for kind in (Kind.ORDER, Kind.TABLE, Kind.SESSION)),
    *(HistoryRoute(f"/{kind.value}s/{{id}}/audit", kind, is_audit=True)
      for kind in Kind if kind is not Kind.MENU),
    HistoryRoute("/restaurants/{id}/menu/audit", Kind.MENU, is_audit=True),
)  # fmt: skip
