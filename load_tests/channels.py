"""The protocol's channels as a client knows them: paths, words and what may be heard there."""

from dataclasses import dataclass
from typing import Any

Frame = dict[str, Any]

_NOTES = frozenset(
    {
        "order_notification",
        "payment_notification",
        "task_notification",
        "alert",
        "notification_acknowledged",
    }
)


@dataclass(frozen=True)
class Channel:
    """`look` is its `get_*` action; `snapshot` and `events` are the types that it sends."""

    name: str
    path: str
    look: str
    snapshot: str
    events: frozenset[str]

    def path_of(self, id_: int) -> str:
        return self.path.format(id_)


ORDER = Channel(
    "order", "/ws/orders/{}/", "get_status", "order_status",
    frozenset({"order_status", "order_update", "order_items_update"}),
)  # fmt: skip
TABLE = Channel(
    "table", "/ws/tables/{}/", "get_status", "table_status",
    frozenset({"table_status", "table_update"}),
)  # fmt: skip
SESSION = Channel(
    "session", "/ws/tables/sessions/{}/", "get_status", "session_status",
    frozenset({"session_status", "session_update"}),
)  # fmt: skip
WAITER = Channel("waiter", "/ws/waiters/{}/", "get_tasks", "tasks_list", _NOTES)
NOTIFICATIONS = Channel(
    "notifications", "/ws/restaurants/{}/notifications/", "get_notifications",
    "notifications_list", _NOTES,
)  # fmt: skip
ITEMS = Channel(
    "items", "/ws/orders/{}/items/", "get_items", "items_list", frozenset({"items_updated"})
)  # fmt: skip
MENU = Channel(
    "menu", "/ws/restaurants/{}/menu/", "get_menu", "menu", frozenset({"menu_update"})
)  # fmt: skip
DEVICES = Channel(
    "devices", "/ws/restaurants/{}/devices/", "get_devices", "devices",
    frozenset({"device_added", "device_signed_in", "device_removed"}),
)  # fmt: skip
RESTAURANT = Channel(
    "restaurant", "/ws/restaurants/{}/", "get_status", "restaurant_status",
    frozenset({"new_order", "order_ready", "payment_completed", "broadcast", "table_update"}),
)  # fmt: skip
