"""The channels that sockets subscribe to: their paths, actions and messages."""

from collections.abc import Mapping
from enum import StrEnum

from restaurant_qr_wire.menu import Menu, MenuItemUpdate, OrderingUpdate
from restaurant_qr_wire.messages import (
    Announcement,
    Device,
    DeviceRemoved,
    Devices,
    Items,
    Notifications,
    Order,
    Restaurant,
    RestaurantOrder,
    Session,
    Table,
    Waiter,
)
from restaurant_qr_wire.notifications import (
    Acknowledged,
    Alert,
    OrderNotification,
    PaymentNotification,
    TaskNotification,
    Withheld,
)

MAX_FRAME_BYTES = 64 * 1024
"""The size limit of a message from a client."""


class Channel(StrEnum):
    """A channel that sockets subscribe to. Each one counts its own `seq`."""

    ORDER = "order"
    ITEMS = "items"
    TABLE = "table"
    SESSION = "session"
    WAITER = "waiter"
    RESTAURANT = "restaurant"
    NOTIFICATIONS = "notifications"
    MENU = "menu"
    DEVICES = "devices"


PATHS: Mapping[str, str] = {
    Channel.ORDER: "/ws/orders/{id}/",
    Channel.ITEMS: "/ws/orders/{id}/items/",
    Channel.TABLE: "/ws/tables/{id}/",
    Channel.SESSION: "/ws/tables/sessions/{id}/",
    Channel.WAITER: "/ws/waiters/{id}/",
    Channel.RESTAURANT: "/ws/restaurants/{id}/",
    Channel.NOTIFICATIONS: "/ws/restaurants/{id}/notifications/",
    Channel.MENU: "/ws/restaurants/{id}/menu/",
    Channel.DEVICES: "/ws/restaurants/{id}/devices/",
}
"""The path of each channel; the last slash may be left out."""

SNAPSHOT_ACTIONS: Mapping[str, str] = {
    Channel.ORDER: "get_status",
    Channel.ITEMS: "get_items",
    Channel.TABLE: "get_status",
    Channel.SESSION: "get_status",
    Channel.WAITER: "get_tasks",
    Channel.RESTAURANT: "get_status",
    Channel.NOTIFICATIONS: "get_notifications",
    Channel.MENU: "get_menu",
    Channel.DEVICES: "get_devices",
}
"""The action that requests a snapshot of each channel."""

SNAPSHOTS: Mapping[str, str] = {
    Channel.ORDER: "order_status",
    Channel.ITEMS: "items_list",
    Channel.TABLE: "table_status",
    Channel.SESSION: "session_status",
    Channel.WAITER: "tasks_list",
    Channel.RESTAURANT: "restaurant_status",
    Channel.NOTIFICATIONS: "notifications_list",
    Channel.MENU: "menu",
    Channel.DEVICES: "devices",
}
"""The first message of each channel, which also answers its `get_*` action."""

_NOTIFICATIONS = {
    "order_notification": OrderNotification,
    "payment_notification": PaymentNotification,
    "task_notification": TaskNotification,
    "alert": Alert,
    "notification_acknowledged": Acknowledged,
}

MESSAGES: dict[Channel, dict[str, object]] = {
    Channel.ORDER: {"order_status": Order, "order_update": Order, "order_items_update": Items},
    Channel.ITEMS: {"items_list": Items, "items_updated": Items},
    Channel.TABLE: {"table_status": Table, "table_update": Table},
    Channel.SESSION: {"session_status": Session, "session_update": Session},
    Channel.WAITER: {"tasks_list": Waiter, **_NOTIFICATIONS},
    Channel.RESTAURANT: {
        "restaurant_status": Restaurant,
        "new_order": RestaurantOrder,
        "order_ready": RestaurantOrder,
        "payment_completed": RestaurantOrder,
        "broadcast": Announcement,
        "table_update": Table,
    },
    Channel.NOTIFICATIONS: {
        "notifications_list": Notifications,
        **_NOTIFICATIONS,
        "withheld": Withheld,
    },
    Channel.MENU: {
        "menu": Menu,
        "menu_update": Menu,
        "menu_item_updated": MenuItemUpdate,
        "ordering_update": OrderingUpdate,
        "withheld": Withheld,
    },
    Channel.DEVICES: {
        "devices": Devices,
        "device_added": Device,
        "device_signed_in": Device,
        "device_removed": DeviceRemoved,
    },
}
"""Every message of each channel by its type, with the form of its data."""
