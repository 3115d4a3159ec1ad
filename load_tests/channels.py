"""The protocol's channels for a client: paths, actions and message types."""

from dataclasses import dataclass
from typing import Any

from restaurant_qr_wire.channels import PATHS, SNAPSHOT_ACTIONS, SNAPSHOTS

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
    """`get` is its `get_*` action; `snapshot` and `events` are the types that it sends."""

    name: str
    path: str
    snapshot_action: str
    snapshot: str
    events: frozenset[str]

    def path_of(self, id_: int) -> str:
        return self.path.format(id=id_)


def _channel(name: str, *events: str) -> Channel:
    return Channel(name, PATHS[name], SNAPSHOT_ACTIONS[name], SNAPSHOTS[name], frozenset(events))


ORDER = _channel("order", "order_status", "order_update", "order_items_update")
ITEMS = _channel("items", "items_updated")
TABLE = _channel("table", "table_status", "table_update")
SESSION = _channel("session", "session_status", "session_update")
WAITER = _channel("waiter", *_NOTES)
NOTIFICATIONS = _channel("notifications", *_NOTES)
MENU = _channel("menu", "menu_update", "menu_item_updated", "ordering_update")
DEVICES = _channel("devices", "device_added", "device_signed_in", "device_removed")
RESTAURANT = _channel(
    "restaurant", "new_order", "order_ready", "payment_completed", "broadcast", "table_update"
)
CHANNELS = {
    channel.name: channel
    for channel in (ORDER, ITEMS, TABLE, SESSION, WAITER, NOTIFICATIONS, MENU, DEVICES, RESTAURANT)
}
