"""Snapshots of a restaurant, and the events that its subscribers receive."""

from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

from domain import notifications
from domain.device import views as device_views
from domain.device.state import DeviceAdded, DeviceRemoved, DeviceSignedIn
from domain.entity import Publication
from domain.messages import OrderSummary
from domain.notifications import NotificationAcknowledged, NotificationAdded
from domain.restaurant.state import (
    AlertRaised,
    MessageBroadcast,
    OrderBecameReady,
    OrderReceived,
    PaymentCompleted,
    Restaurant,
    Statistics,
    TableUpdated,
)
from protocol.codec import timestamp
from protocol.ids import Channel
from protocol.values import format_money
from restaurant_qr_wire import messages

_data_of = attrgetter("data")


def publish(event: Any, restaurant: Restaurant) -> Iterable[Publication]:
    publication = _publication(event, restaurant)
    return () if publication is None else (Publication(*publication),)


def _publication(
    event: Any, restaurant: Restaurant
) -> tuple[Channel, str, Mapping[str, Any]] | None:
    match event:
        case OrderReceived(summary):
            return Channel.RESTAURANT, "new_order", order_row(restaurant, summary)
        case OrderBecameReady(summary):
            return Channel.RESTAURANT, "order_ready", order_row(restaurant, summary)
        case PaymentCompleted(summary):
            return Channel.RESTAURANT, "payment_completed", order_row(restaurant, summary)
        case TableUpdated(_, table):
            return Channel.RESTAURANT, "table_update", table.data
        case MessageBroadcast(message, by, at):
            return Channel.RESTAURANT, "broadcast", {"message": message, "by": by, "sent_at": at}
        case DeviceAdded(id_, _) | DeviceSignedIn(id_, _, _):
            type_ = "device_added" if isinstance(event, DeviceAdded) else "device_signed_in"
            return Channel.DEVICES, type_, device_views.row(id_, restaurant.devices[id_])
        case DeviceRemoved(id_):
            return Channel.DEVICES, "device_removed", {"device_id": id_}
        case NotificationAdded(note) | AlertRaised(note):
            return Channel.NOTIFICATIONS, note.type, notifications.row(note)
        case NotificationAcknowledged(notification_id):
            row = notifications.row(restaurant.notifications[notification_id])
            return Channel.NOTIFICATIONS, "notification_acknowledged", row
    return None


def snapshot(restaurant: Restaurant, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    if channel is Channel.DEVICES:
        return "devices", _devices_data(restaurant)
    if channel is Channel.NOTIFICATIONS:
        return "notifications_list", {
            "restaurant_id": restaurant.id,
            "notifications": notifications.list_rows(restaurant.notifications),
        }
    return "restaurant_status", _status_data(restaurant)


def _status_data(restaurant: Restaurant) -> messages.Restaurant:
    """The fields of `restaurant_status`."""
    tables = restaurant.tables
    data: list[Any] = list(map(_data_of, tables.values()))
    return {
        "id": restaurant.id,
        "name": restaurant.name,
        "currency": restaurant.currency,
        "timezone": restaurant.timezone,
        "guest_opens_table": restaurant.guest_opens_table,
        "tables": {
            "total": len(tables),
            "active": sum(map(itemgetter("is_active"), data)),
            "occupied": sum(map(itemgetter("is_occupied"), data)),
            "list": tables.encoded_rows(_data_of),
        },
        "open_orders": restaurant.open_orders.encoded_rows(partial(order_row, restaurant)),
        "waiters": [
            {"waiter_id": id_, "name": name} for id_, name in sorted(restaurant.waiters.items())
        ],
        "figures": _figures_data(restaurant.figures),
    }


def _devices_data(restaurant: Restaurant) -> messages.Devices:
    return {"restaurant_id": restaurant.id, "devices": device_views.rows(restaurant.devices)}


def _figures_data(figures: Statistics) -> messages.Statistics:
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


def order_row(restaurant: Restaurant, summary: OrderSummary) -> messages.RestaurantOrder:
    """The fields of `new_order`, `order_ready` and `payment_completed`."""
    table = restaurant.tables.get(summary.table_id or 0)
    return {
        "order_id": summary.order_id,
        "number": summary.number,
        "status": summary.status.value,
        "payment_status": summary.payment_status.value,
        "table_id": summary.table_id,
        "table_number": summary.table_number,
        "zone": None if table is None else table.data["zone"],
        "items_count": summary.items_count,
        "total_amount": format_money(summary.total),
        "balance": format_money(summary.balance),
        "created_at": timestamp(summary.created_at),
    }
