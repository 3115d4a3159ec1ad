"""Examples of commands for one session, and of the messages that follow.

Tests send each command to a real gateway and validate its messages against the same schemas.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from protocol import commands as c
from protocol.codec import encode, timestamp
from protocol.ids import Channel
from restaurant_qr_wire import menu, messages, notifications
from restaurant_qr_wire.channels import SNAPSHOTS

EPOCH = "1f0c6a3e"

_ITEMS = [
    {"menu_item_id": 1, "quantity": 2},
    {"menu_item_id": 2, "notes": "without onions"},
]
COMMANDS: dict[type[c.Command], dict[str, Any]] = {
    c.Get: {},
    c.UpdateStatus: {"status": "confirmed"},
    c.UpdateItem: {"item_id": 1, "status": "ready"},
    c.ReplaceItems: {"items": [{"menu_item_id": 1, "quantity": 3}]},
    c.AddItems: {"items": [{"menu_item_id": 2}]},
    c.VoidItems: {"items": [{"item_id": 1, "units": 1}], "reason": "Spilled"},
    c.DeliverItems: {"item_ids": [1]},
    c.Pay: {"amount": "17.00", "method": "card"},
    c.Refund: {"reason": "The guests left before it came"},
    c.Occupy: {"guests_count": 2},
    c.Release: {"force": True, "reason": "The guests have left"},
    c.ChangeTable: {"zone": "B", "seats": 6},
    c.ReplaceTableCode: {},
    c.JoinSession: {"session_code": "K7PQ4X"},
    c.UpdateGuestsCount: {"guests_count": 4},
    c.CloseSession: {"force": True, "reason": "The guests have left"},
    c.CallWaiter: {"reason": "bill"},
    c.UpdateCall: {"status": "acknowledged"},
    c.PlaceOrder: {"items": _ITEMS},
    c.Quote: {"items": _ITEMS},
    c.Acknowledge: {"notification_id": "waiter-10-1"},
    c.AssignTask: {"message": "Clear table 5", "table_id": 5},
    c.RaiseAlert: {"message": "A glass broke at table 5", "table_id": 5},
    c.CreateRestaurant: {"name": "Trattoria", "currency": "EUR", "timezone": "Europe/Rome"},
    c.ChangeRestaurant: {"guest_opens_table": True},
    c.AddTable: {"number": "12", "zone": "Terrace", "seats": 4},
    c.AddWaiter: {"name": "Ada"},
    c.Broadcast: {"message": "The kitchen closes in half an hour"},
    c.ReplaceMenu: {
        "categories": [
            {
                "name": "Food",
                "items": [
                    {"name": "Soup", "price": "6.50"},
                    {"name": "Pie", "price": "4.00", "description": "With apples"},
                ],
            }
        ]
    },
    c.ChangeMenuItem: {"available": False, "until": "end_of_day"},
    c.PauseOrders: {"until": "2099-01-28T21:30:00Z", "message": "The kitchen is full"},
    c.ResumeOrders: {},
    c.ChangeOrdering: {"day_starts_at": "05:00", "auto_confirm": "staff", "ready_grace_s": 5},
    c.AddDevice: {"role": "waiter", "waiter_id": 10, "label": "Ada's phone"},
    c.RemoveDevice: {"device_id": 1769633400000},
    c.IssueToken: {"role": "manager", "restaurant_id": 2, "label": "The till", "hours": 12.0},
    c.SignInDevice: {"device_code": "2.1769633400000.GhTqzZ0cW4mK1sYb"},
}
"""The fields of each command, without those that the path or the channel sets."""

_START = datetime(2026, 1, 28, 21, 0, tzinfo=UTC)


def _at(minutes: int) -> str:
    return timestamp(_START + timedelta(minutes=minutes))


_ORDER: messages.Order = {
    "id": 2,
    "number": 41,
    "status": "ready",
    "status_display": "Ready",
    "total_amount": "17.00",
    "items_count": 3,
    "created_at": _at(4),
    "confirmed_at": _at(6),
    "ready_at": _at(19),
    "delivered_at": None,
    "cancelled_at": None,
    "reason": None,
    "payment_status": "unpaid",
    "paid_amount": "0.00",
    "balance": "17.00",
    "refund_due": False,
    "refund_amount": "0.00",
    "currency": "EUR",
    "restaurant_id": 2,
    "session_id": 2,
    "table_id": 5,
    "table_number": "5",
    "waiter_id": 10,
}
_ITEM_LIST: messages.Items = {
    "order_id": 2,
    "number": 41,
    "status": "confirmed",
    "items": [
        {
            "item_id": 1,
            "menu_item_id": 1,
            "name": "Soup",
            "quantity": 2,
            "unit_price": "6.50",
            "total": "13.00",
            "notes": "",
            "status": "ready",
            "reason": None,
            "options": [],
            "allergens": None,
            "voids": [{"units": 1, "reason": "Spilled", "at": _at(11), "by": "waiter:10"}],
            "delivered_at": _at(15),
        },
        {
            "item_id": 2,
            "menu_item_id": 2,
            "name": "Pie",
            "quantity": 1,
            "unit_price": "4.00",
            "total": "4.00",
            "notes": "without onions",
            "status": "pending",
            "reason": None,
            "options": [],
            "allergens": None,
            "voids": [],
            "delivered_at": None,
        },
    ],
    "items_count": 3,
    "total_amount": "17.00",
    "currency": "EUR",
}
_TABLE: messages.Table = {
    "table_id": 5,
    "table_number": "5",
    "is_occupied": True,
    "is_active": True,
    "zone": "A",
    "seats": 4,
    "waiter_id": 10,
    "restaurant": "Trattoria",
    "restaurant_id": 2,
    "code_version": 1,
    "session": {
        "id": 2,
        "session_code": "K7PQ4X",
        "guests_count": 4,
        "started_at": _at(0),
        "waiter_id": 10,
    },
}
_ORDER_SUMMARY: messages.RestaurantOrder = {
    "order_id": 2,
    "number": 41,
    "status": "pending",
    "payment_status": "unpaid",
    "table_id": 5,
    "table_number": "5",
    "zone": "A",
    "items_count": 3,
    "total_amount": "17.00",
    "balance": "17.00",
    "created_at": _at(4),
}
_READY_ORDER: messages.RestaurantOrder = {**_ORDER_SUMMARY, "status": "ready"}
_PAID_ORDER: messages.RestaurantOrder = {
    **_ORDER_SUMMARY,
    "status": "delivered",
    "payment_status": "paid",
    "balance": "0.00",
}
_SESSION: messages.Session = {
    "id": 2,
    "session_code": "K7PQ4X",
    "status": "open",
    "guests_count": 4,
    "started_at": _at(0),
    "closed_at": None,
    "restaurant_id": 2,
    "table_id": 5,
    "table_number": "5",
    "zone": "A",
    "waiter_id": 10,
    "currency": "EUR",
    "orders": [
        {
            "order_id": 2,
            "number": 41,
            "status": "ready",
            "payment_status": "unpaid",
            "total_amount": "17.00",
            "balance": "17.00",
            "items_count": 3,
            "created_at": _at(4),
        }
    ],
    "total_amount": "17.00",
    "balance": "17.00",
    "calls": [
        {
            "call_id": "2-1",
            "reason": "bill",
            "status": "open",
            "escalated": 0,
            "opened_at": _at(41),
            "acknowledged_at": None,
            "acknowledged_by": None,
            "resolved_at": None,
        }
    ],
}
_NEW_ORDER: notifications.OrderNotification = {
    "notification_id": "order-2-1",
    "kind": "new_order",
    "message": "New order 41 for table 5",
    "created_at": _at(4),
    "acknowledged_at": None,
    "acknowledged_by": None,
    "order_id": 2,
    "number": 41,
    "table_id": 5,
    "table_number": "5",
    "items_count": 3,
}
_PAYMENT: notifications.PaymentNotification = {
    "notification_id": "payment-2-5",
    "kind": "payment",
    "message": "Payment of 17.00 EUR for table 5",
    "created_at": _at(47),
    "acknowledged_at": None,
    "acknowledged_by": None,
    "order_id": 2,
    "number": 41,
    "table_id": 5,
    "table_number": "5",
    "items_count": 3,
    "amount": "17.00",
    "method": "card",
    "balance": "0.00",
    "payment_status": "paid",
}
_CALL: notifications.TaskNotification = {
    "notification_id": "call-2-1",
    "kind": "call",
    "message": "Table 5 asks for the bill",
    "created_at": _at(41),
    "acknowledged_at": None,
    "acknowledged_by": None,
    "table_id": 5,
    "call_id": "2-1",
    "reason": "bill",
    "session_id": 2,
    "table_number": "5",
}
_ALERT: notifications.Alert = {
    "notification_id": "waiter-10-1",
    "kind": "alert",
    "message": "A glass broke at table 5",
    "created_at": _at(12),
    "acknowledged_at": None,
    "acknowledged_by": None,
    "table_id": 5,
    "waiter_id": 10,
}
_ACKNOWLEDGED: notifications.Alert = {
    **_ALERT,
    "acknowledged_at": _at(13),
    "acknowledged_by": "waiter:10",
}
_LISTED: notifications.ListedAlert = {"type": "alert", **_ALERT}
_TASKS: messages.Waiter = {
    "waiter_id": 10,
    "name": "Ada",
    "restaurant_id": 2,
    "restaurant": "Trattoria",
    "tasks": [_LISTED],
}
_NOTIFICATIONS: messages.Notifications = {"restaurant_id": 2, "notifications": [_LISTED]}
_RESTAURANT: messages.Restaurant = {
    "id": 2,
    "name": "Trattoria",
    "currency": "EUR",
    "timezone": "Europe/Rome",
    "guest_opens_table": True,
    "tables": {"total": 1, "active": 1, "occupied": 1, "list": [_TABLE]},
    "open_orders": [_READY_ORDER],
    "waiters": [{"waiter_id": 10, "name": "Ada"}],
    "figures": {
        "orders": 1,
        "cancelled": 0,
        "payments": 0,
        "paid_amount": "0.00",
        "day": None,
        "day_payments": 0,
        "day_paid_amount": "0.00",
        "calls_acknowledged": 1,
        "mean_acknowledged_s": 21.4,
        "slowest_acknowledged_s": 21.4,
        "calls_resolved": 0,
        "mean_resolved_s": None,
        "slowest_resolved_s": None,
    },
}
_BROADCAST: messages.Announcement = {
    "message": "The kitchen closes in half an hour",
    "by": "manager:2",
    "sent_at": _at(90),
}
_PIE: menu.MenuItem = {
    "id": 2,
    "name": "Pie",
    "description": "With apples",
    "translations": {"de": {"name": "Kuchen", "description": "Mit Äpfeln"}},
    "price": "4.00",
    "available": True,
    "unavailable_until": None,
    "portions": 3,
    "hours": [{"days": [6, 7], "from": "14:00", "to": "18:00"}],
    "photo_id": "0cc175b9c0f1b6a831c399e269772661",
    "allergens": ["eggs", "gluten", "milk"],
    "diets": ["vegetarian"],
    "option_group_ids": [1],
}
_MENU: menu.Menu = {
    "restaurant_id": 2,
    "restaurant": "Trattoria",
    "timezone": "Europe/Rome",
    "menu_version": 1,
    "currency": "EUR",
    "day_starts_at": "04:00",
    "auto_confirm": "none",
    "trust_first_order": False,
    "empty_session_minutes": 45,
    "ready_grace_s": 3,
    "ordering": {"paused": False, "until": None, "message": None},
    "categories": [
        {
            "name": "Food",
            "translations": {},
            "hours": [],
            "items": [
                {
                    "id": 1,
                    "name": "Soup",
                    "description": "",
                    "translations": {},
                    "price": "6.50",
                    "available": True,
                    "unavailable_until": None,
                    "portions": None,
                    "hours": [],
                    "photo_id": None,
                    "allergens": None,
                    "diets": [],
                    "option_group_ids": [],
                },
                _PIE,
            ],
        }
    ],
    "option_groups": [
        {
            "id": 1,
            "name": "With it",
            "translations": {},
            "min": 0,
            "max": 1,
            "options": [
                {
                    "id": 2,
                    "name": "Cream",
                    "translations": {},
                    "price": "0.50",
                    "available": True,
                    "allergens": ["milk"],
                    "max_each": 1,
                },
            ],
        }
    ],
}
_DEVICE: messages.Device = {
    "device_id": 1769633400000,
    "label": "Ada's phone",
    "role": "waiter",
    "waiter_id": 10,
    "added_at": _at(-10),
    "added_by": "manager:2",
    "signed_in_at": None,
    "expires_at": _at(0),
}
_SIGNED_IN: messages.Device = {**_DEVICE, "signed_in_at": _at(-9), "expires_at": _at(711)}
_DEVICES: messages.Devices = {"restaurant_id": 2, "devices": [_SIGNED_IN]}
_DEVICE_REMOVED: messages.DeviceRemoved = {"device_id": 1769633400000}
_MESSAGES: dict[str, Any] = {
    "order_status": _ORDER,
    "order_update": _ORDER,
    "order_items_update": _ITEM_LIST,
    "items_list": _ITEM_LIST,
    "items_updated": _ITEM_LIST,
    "table_status": _TABLE,
    "table_update": _TABLE,
    "session_status": _SESSION,
    "session_update": _SESSION,
    "tasks_list": _TASKS,
    "order_notification": _NEW_ORDER,
    "payment_notification": _PAYMENT,
    "task_notification": _CALL,
    "alert": _ALERT,
    "notification_acknowledged": _ACKNOWLEDGED,
    "restaurant_status": _RESTAURANT,
    "new_order": _ORDER_SUMMARY,
    "order_ready": _READY_ORDER,
    "payment_completed": _PAID_ORDER,
    "broadcast": _BROADCAST,
    "notifications_list": _NOTIFICATIONS,
    "withheld": {},
    "menu": _MENU,
    "menu_update": _MENU,
    "menu_item_updated": {
        "item": {**_PIE, "available": False, "unavailable_until": _at(360)},
        "menu_version": 2,
    },
    "ordering_update": {
        "ordering": {"paused": True, "until": _at(30), "message": "The kitchen is full"}
    },
    "devices": _DEVICES,
    "device_added": _DEVICE,
    "device_signed_in": _SIGNED_IN,
    "device_removed": _DEVICE_REMOVED,
}


def action(name: str, command: type[c.Command]) -> dict[str, Any]:
    """An action's frame; with a `request_id`, if it changes anything, so that it may be resent."""
    frame = {"action": name, **COMMANDS[command]}
    return frame if command is c.Get else {**frame, "request_id": request_id(name)}


def request_id(action: str) -> str:
    return f"{action.replace('_', '-')}-1"


@cache
def message(channel: Channel, type_: str) -> dict[str, Any]:
    """A received frame: a snapshot if that is the type of the channel's snapshot, else an event."""
    frame: dict[str, Any] = {"type": type_, "data": {**_MESSAGES[type_], "version": 4}, "seq": 7}
    if type_ == SNAPSHOTS[channel]:
        frame["epoch"] = EPOCH
    return as_json(frame)


ACK: messages.Ack = {
    "type": "ack",
    "request_id": request_id("update_status"),
    "data": {"changed": True, "version": 5},
}
REFUSAL: dict[str, Any] = {
    "error": "Cannot change status from 'ready' to 'pending'. Allowed: cancelled, delivered.",
    "code": "invalid_transition",
    "request_id": request_id("update_status"),
    "details": {"current": "ready", "allowed": ["cancelled", "confirmed", "delivered"]},
}


def as_json(value: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = orjson.loads(encode(value))
    return decoded
