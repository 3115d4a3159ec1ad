"""Snapshots of an order, and the events that its subscribers receive."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.entity import Publication
from domain.order.item import Item, Void
from domain.order.line import ChosenOption
from domain.order.state import ItemsChanged, Order, PaymentReceived, Refunded, StatusChanged
from protocol.caller import without_name
from protocol.codec import timestamp
from protocol.ids import Channel
from protocol.statuses import ItemStatus
from protocol.values import format_money
from restaurant_qr_wire import messages


def publish(event: Any, order: Order) -> Iterable[Publication]:
    match event:
        case StatusChanged():
            return (Publication(Channel.ORDER, "order_status", status_data(order)),)
        case ItemsChanged():
            data = items_data(order)
            return (
                Publication(Channel.ORDER, "order_items_update", data),
                Publication(Channel.ITEMS, "items_updated", data),
            )
        case PaymentReceived() | Refunded():
            return (Publication(Channel.ORDER, "order_update", status_data(order)),)
    return ()


def snapshot(order: Order, channel: Channel) -> tuple[str, Mapping[str, Any]]:
    if channel is Channel.ITEMS:
        return "items_list", items_data(order)
    return "order_status", status_data(order)


def status_data(order: Order) -> messages.Order:
    """The fields of `order_status` and `order_update`."""
    money = order.money
    return {
        "id": order.id,
        "number": order.short_number,
        "status": order.status.value,
        "status_display": order.status.value.capitalize(),
        "total_amount": format_money(money.total),
        "items_count": order.items_count,
        "created_at": timestamp(order.created_at),
        "confirmed_at": timestamp(order.confirmed_at),
        "ready_at": timestamp(order.ready_at),
        "delivered_at": timestamp(order.delivered_at),
        "cancelled_at": timestamp(order.cancelled_at),
        "reason": order.reason,
        "payment_status": money.status.value,
        "paid_amount": format_money(money.net_paid),
        "balance": format_money(money.balance),
        "refund_due": money.refund_due > 0,
        "refund_amount": format_money(money.refund_due),
        "currency": order.currency,
        "restaurant_id": order.restaurant_id,
        "session_id": order.session_id,
        "table_id": order.table_id,
        "table_number": order.table_number,
        "waiter_id": order.waiter_id,
    }


def items_data(order: Order) -> messages.Items:
    """The fields of `items_list`, `items_updated` and `order_items_update`."""
    return {
        "order_id": order.id,
        "number": order.short_number,
        "status": order.status.value,
        "items": [_item_row(item, order) for item in order.items],
        "items_count": order.items_count,
        "total_amount": format_money(order.money.total),
        "currency": order.currency,
    }


def _item_row(item: Item, order: Order) -> messages.OrderItem:
    is_voided = item.status is ItemStatus.VOIDED
    delivered_at = item.delivered_at or (None if is_voided else order.delivered_at)
    return {
        "item_id": item.item_id,
        "menu_item_id": item.menu_item_id,
        "name": item.name,
        "quantity": item.quantity,
        "unit_price": format_money(item.unit_price),
        "total": format_money(item.total),
        "notes": item.notes,
        "status": item.status.value,
        "reason": item.reason,
        "options": [_option_row(option) for option in item.options],
        "allergens": None if item.allergens is None else [each.value for each in item.allergens],
        "voids": [_void_row(void) for void in item.voids],
        "delivered_at": timestamp(delivered_at),
    }


def _option_row(option: ChosenOption) -> messages.ChosenOption:
    return {
        "option_id": option.option_id,
        "name": option.name,
        "quantity": option.quantity,
        "price": format_money(option.price),
    }


def _void_row(void: Void) -> messages.Void:
    return {
        "units": void.units,
        "reason": void.reason,
        "at": timestamp(void.at),
        "by": without_name(void.by),
    }
