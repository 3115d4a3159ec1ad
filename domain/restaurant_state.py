"""What a restaurant is, and what can happen to it. What may happen stands in `restaurant.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain import device, lifecycle
from domain import menu as menus
from domain import notification as notes
from domain.device import Device, DeviceAdded, DeviceRemoved, DeviceSignedIn
from domain.menu import Menu, MenuChanged, MenuItemChanged
from domain.messages import CallTimed, OrderCard
from domain.notification import Notification, NotificationAcknowledged, NotificationAdded
from domain.record import replace
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus

KEPT = 200
"""Notifications that a restaurant's list holds."""
CALL_ESCALATION_S = 60.0
"""How long a call may go unacknowledged before it takes its next step."""


@dataclass(frozen=True, slots=True)
class TableCard:
    """What a restaurant knows of a table: the data of its last `table_update`."""

    version: int
    waiter_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and sums since the restaurant was created; times in seconds, money in minor units.

    `day` is that of the last payment, as the restaurant's clocks show it, and `day_…` are of it.
    """

    orders: int = 0
    cancelled: int = 0
    payments: int = 0
    paid: int = 0
    day: str = ""
    day_payments: int = 0
    day_paid: int = 0
    acknowledged: int = 0
    acknowledged_s: float = 0.0
    slowest_acknowledged_s: float = 0.0
    resolved: int = 0
    resolved_s: float = 0.0
    slowest_resolved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Restaurant:
    """`tables` and `open_orders` are what those last said of themselves; `raised` counts alerts,
    `last_device` is the staff device that was added last."""

    id: int
    name: str
    currency: str
    timezone: str
    call_escalation_s: float = CALL_ESCALATION_S
    guest_opens_table: bool = True
    raised: int = 0
    last_device: int = 0
    figures: Figures = field(default_factory=Figures)
    menu: Menu = field(default_factory=Menu)
    tables: Mapping[int, TableCard] = field(default_factory=dict, metadata={"per_entry": True})
    waiters: Mapping[int, str] = field(default_factory=dict, metadata={"per_entry": True})
    open_orders: Mapping[int, OrderCard] = field(default_factory=dict, metadata={"per_entry": True})
    notifications: Mapping[str, Notification] = field(
        default_factory=dict, metadata={"per_entry": True}
    )
    devices: Mapping[int, Device] = field(default_factory=dict, metadata={"per_entry": True})

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.id)


@dataclass(frozen=True, slots=True)
class RestaurantCreated:
    restaurant: Restaurant


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """What guests may do by themselves."""

    guest_opens_table: bool


@dataclass(frozen=True, slots=True)
class TableSeen:
    """What a table is by now; the first time, that it was added."""

    table_id: int
    card: TableCard


@dataclass(frozen=True, slots=True)
class WaiterAdded:
    waiter_id: int
    name: str


@dataclass(frozen=True, slots=True)
class OrderArrived:
    card: OrderCard


@dataclass(frozen=True, slots=True)
class OrderBecameReady:
    card: OrderCard


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """What an order is by now, where nobody here is told of it."""

    card: OrderCard


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """An amount in minor units came in, on that day of the restaurant's."""

    order_id: int
    amount: int
    day: str


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    card: OrderCard


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call was acknowledged or resolved after so many seconds."""

    timed: CallTimed


@dataclass(frozen=True, slots=True)
class AlertRaised:
    notification: Notification


@dataclass(frozen=True, slots=True)
class MessageBroadcast:
    message: str
    by: str
    at: datetime


def evolve(restaurant: Restaurant | None, event: Any) -> Restaurant:
    if isinstance(event, RestaurantCreated):
        return event.restaurant
    assert restaurant is not None
    was = restaurant
    match event:
        case PolicyChanged(guest_opens_table):
            return replace(was, guest_opens_table=guest_opens_table)
        case TableSeen(table_id, card):
            return replace(was, tables={**was.tables, table_id: card})
        case WaiterAdded(waiter_id, name):
            return replace(was, waiters={**was.waiters, waiter_id: name})
        case OrderArrived(order) | OrderBecameReady(order) | OrderSeen(order):
            return _with_order(was, order, new=isinstance(event, OrderArrived))
        case PaymentSeen() | CallSeen():
            return replace(was, figures=_counted(was.figures, event))
        case NotificationAdded(note):
            return replace(was, notifications=notes.added(was.notifications, note, KEPT))
        case AlertRaised(note):
            listed = notes.added(was.notifications, note, KEPT)
            return replace(was, raised=was.raised + 1, notifications=listed)
        case NotificationAcknowledged():
            return replace(was, notifications=notes.acknowledged(was.notifications, event))
        case MenuChanged() | MenuItemChanged():
            return replace(was, menu=menus.after(was.menu, event))
        case DeviceAdded() | DeviceSignedIn() | DeviceRemoved():
            last = event.device_id if isinstance(event, DeviceAdded) else was.last_device
            return replace(was, devices=device.after(was.devices, event), last_device=last)
        case PaymentCompleted() | MessageBroadcast():
            return was
    raise TypeError(f"a restaurant knows no {type(event).__name__}")


def _with_order(was: Restaurant, card: OrderCard, *, new: bool) -> Restaurant:
    """The list of open orders, those that are still to be done or paid, and their figures."""
    figures = was.figures
    if new:
        figures = replace(figures, orders=figures.orders + 1)
    if card.status is OrderStatus.CANCELLED and card.order_id in was.open_orders:
        figures = replace(figures, cancelled=figures.cancelled + 1)
    if lifecycle.ORDER[card.status] or card.balance:
        orders = {**was.open_orders, card.order_id: card}
    else:
        orders = {id_: each for id_, each in was.open_orders.items() if id_ != card.order_id}
    return replace(was, open_orders=orders, figures=figures)


def _counted(figures: Figures, event: PaymentSeen | CallSeen) -> Figures:
    if isinstance(event, PaymentSeen):
        same = event.day == figures.day
        return replace(
            figures,
            payments=figures.payments + 1,
            paid=figures.paid + event.amount,
            day=event.day,
            day_payments=(figures.day_payments if same else 0) + 1,
            day_paid=(figures.day_paid if same else 0) + event.amount,
        )
    timed = event.timed
    if timed.acknowledged_s is not None:
        return replace(
            figures,
            acknowledged=figures.acknowledged + 1,
            acknowledged_s=figures.acknowledged_s + timed.acknowledged_s,
            slowest_acknowledged_s=max(figures.slowest_acknowledged_s, timed.acknowledged_s),
        )
    took = timed.resolved_s or 0.0
    return replace(
        figures,
        resolved=figures.resolved + 1,
        resolved_s=figures.resolved_s + took,
        slowest_resolved_s=max(figures.slowest_resolved_s, took),
    )
