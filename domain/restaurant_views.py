"""What is seen of a restaurant: its snapshots, and what its subscribers hear of an event."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain import device as devices
from domain import menu as menus
from domain import notification as notes
from domain.device import DeviceAdded, DeviceRemoved, DeviceSignedIn
from domain.entity import Publication
from domain.menu import MenuChanged, MenuItemChanged
from domain.messages import OrderCard
from domain.notification import NotificationAcknowledged, NotificationAdded
from domain.restaurant_state import (
    AlertRaised,
    Figures,
    MessageBroadcast,
    OrderArrived,
    OrderBecameReady,
    PaymentCompleted,
    Restaurant,
    TableSeen,
)
from protocol import told
from protocol.ids import Channel
from protocol.values import format_money


def publish(event: Any, restaurant: Restaurant) -> Iterable[Publication]:
    heard = _heard(event, restaurant)
    return () if heard is None else (Publication(*heard),)


def _heard(event: Any, restaurant: Restaurant) -> tuple[Channel, str, Mapping[str, Any]] | None:
    match event:
        case OrderArrived(card):
            return Channel.RESTAURANT, "new_order", order_row(restaurant, card)
        case OrderBecameReady(card):
            return Channel.RESTAURANT, "order_ready", order_row(restaurant, card)
        case PaymentCompleted(card):
            return Channel.RESTAURANT, "payment_completed", order_row(restaurant, card)
        case TableSeen(_, table):
            return Channel.RESTAURANT, "table_update", table.data
        case MessageBroadcast(message, by, at):
            return Channel.RESTAURANT, "broadcast", {"message": message, "by": by, "sent_at": at}
        case MenuChanged() | MenuItemChanged():
            return Channel.MENU, "menu_update", _menu_data(restaurant)
        case DeviceAdded(id_, _) | DeviceSignedIn(id_, _, _):
            what = "device_added" if isinstance(event, DeviceAdded) else "device_signed_in"
            return Channel.DEVICES, what, devices.row(id_, restaurant.devices[id_])
        case DeviceRemoved(id_):
            return Channel.DEVICES, "device_removed", {"device_id": id_}
        case NotificationAdded(note) | AlertRaised(note):
            return Channel.NOTIFICATIONS, note.type, notes.row(note)
        case NotificationAcknowledged(notification_id):
            row = notes.row(restaurant.notifications[notification_id])
            return Channel.NOTIFICATIONS, "notification_acknowledged", row
    return None


def snapshot(restaurant: Restaurant, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    if channel is Channel.MENU:
        return "menu", _menu_data(restaurant)
    if channel is Channel.DEVICES:
        return "devices", _devices_data(restaurant)
    if channel is Channel.NOTIFICATIONS:
        return "notifications_list", {
            "restaurant_id": restaurant.id,
            "notifications": notes.listed(restaurant.notifications),
        }
    return "restaurant_status", _status_data(restaurant)


def _status_data(restaurant: Restaurant) -> told.Restaurant:
    """The fields of `restaurant_status`."""
    tables: list[Any] = [card.data for _, card in sorted(restaurant.tables.items())]
    return {
        "id": restaurant.id,
        "name": restaurant.name,
        "currency": restaurant.currency,
        "timezone": restaurant.timezone,
        "guest_opens_table": restaurant.guest_opens_table,
        "tables": {
            "total": len(tables),
            "active": sum(table["is_active"] for table in tables),
            "occupied": sum(table["is_occupied"] for table in tables),
            "list": tables,
        },
        "open_orders": [
            order_row(restaurant, card) for _, card in sorted(restaurant.open_orders.items())
        ],
        "waiters": [
            {"waiter_id": id_, "name": name} for id_, name in sorted(restaurant.waiters.items())
        ],
        "figures": _figures_data(restaurant.figures),
    }


def _menu_data(restaurant: Restaurant) -> told.Menu:
    """The fields of `menu` and `menu_update`."""
    return {
        "restaurant_id": restaurant.id,
        "restaurant": restaurant.name,
        "timezone": restaurant.timezone,
        **menus.data_of(restaurant.menu, restaurant.currency),
    }


def _devices_data(restaurant: Restaurant) -> told.Devices:
    return {"restaurant_id": restaurant.id, "devices": devices.rows(restaurant.devices)}


def _figures_data(figures: Figures) -> told.Figures:
    def slowest(seconds: float, count: int) -> float | None:
        return round(seconds, 1) if count else None

    def mean(total: float, count: int) -> float | None:
        return round(total / count, 1) if count else None

    return {
        "orders": figures.orders,
        "cancelled": figures.cancelled,
        "payments": figures.payments,
        "paid_amount": format_money(figures.paid),
        "day": figures.day or None,
        "day_payments": figures.day_payments,
        "day_paid_amount": format_money(figures.day_paid),
        "calls_acknowledged": figures.acknowledged,
        "mean_acknowledged_s": mean(figures.acknowledged_s, figures.acknowledged),
        "slowest_acknowledged_s": slowest(figures.slowest_acknowledged_s, figures.acknowledged),
        "calls_resolved": figures.resolved,
        "mean_resolved_s": mean(figures.resolved_s, figures.resolved),
        "slowest_resolved_s": slowest(figures.slowest_resolved_s, figures.resolved),
    }


def order_row(restaurant: Restaurant, card: OrderCard) -> told.RestaurantOrder:
    """The fields of `new_order`, `order_ready` and `payment_completed`."""
    table = restaurant.tables.get(card.table_id or 0)
    return {
        "order_id": card.order_id,
        "status": card.status,
        "payment_status": card.payment_status,
        "table_id": card.table_id,
        "table_number": card.table_number,
        "zone": None if table is None else table.data["zone"],
        "items_count": card.items_count,
        "total_amount": format_money(card.total),
        "balance": format_money(card.balance),
        "created_at": card.created_at,
    }
