"""The state of a restaurant and its events. The rules are in `rules.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from domain import lifecycle, notifications
from domain.copy import replace
from domain.device import state as device_state
from domain.device.state import Device, DeviceAdded, DeviceRemoved, DeviceSignedIn
from domain.menu.state import MenuContent
from domain.messages import CallDurationReported, OrderSummary
from domain.notifications import (
    Notification,
    NotificationAcknowledged,
    NotificationAdded,
    Notifications,
)
from domain.rows import Rows
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from protocol.stored_names import stored_under

MAX_NOTIFICATIONS = 200
"""Maximum number of notifications in a restaurant's list."""
CALL_ESCALATION_S = 60.0
"""Time after which an unacknowledged call escalates to its next step."""


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A summary of a table for its restaurant. `data` are the fields of its last `table_update`."""

    version: int
    waiter_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts and sums since the restaurant was created, in seconds and minor units. `day` is the
    date of the last payment in the restaurant's time zone; `day_payments` and `day_paid` are for
    that day."""

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
    """The state of a restaurant. `tables` and `open_orders` have the latest summary of each.
    `alert_count` is the number of alerts so far, `last_device` the id of the last added device.
    `menu` is the menu that an earlier release has stored here, until `has_menu_entity`."""

    id: int
    name: str
    currency: str
    timezone: str
    call_escalation_s: float = CALL_ESCALATION_S
    guest_opens_table: bool = True
    alert_count: int = field(default=0, metadata=stored_under("raised"))
    last_device: int = 0
    figures: Statistics = field(default_factory=Statistics)
    menu: MenuContent = field(default_factory=MenuContent)
    has_menu_entity: bool = False
    tables: Rows[int, TableSummary] = field(default_factory=Rows, metadata={"per_entry": True})
    waiters: Mapping[int, str] = field(default_factory=dict, metadata={"per_entry": True})
    open_orders: Rows[int, OrderSummary] = field(default_factory=Rows, metadata={"per_entry": True})
    notifications: Notifications = field(
        default_factory=Notifications, metadata={"per_entry": True}
    )
    devices: Mapping[int, Device] = field(default_factory=dict, metadata={"per_entry": True})

    def at(self, kind: Kind, id_: int) -> Address:
        return Address(kind, id_, self.id)


@dataclass(frozen=True, slots=True)
class RestaurantCreated:
    restaurant: Restaurant


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """A setting of what guests can do without staff has changed."""

    guest_opens_table: bool


@dataclass(frozen=True, slots=True)
class MenuHandedOver:
    """The menu has moved to an entity of its own."""


@dataclass(frozen=True, slots=True)
class TableUpdated:
    """A table was added or has changed."""

    stored_as: ClassVar[str] = "TableSeen"

    table_id: int
    summary: TableSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class WaiterAdded:
    waiter_id: int
    name: str


@dataclass(frozen=True, slots=True)
class OrderReceived:
    stored_as: ClassVar[str] = "OrderArrived"

    summary: OrderSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class OrderBecameReady:
    summary: OrderSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """An order has changed other than by becoming ready."""

    stored_as: ClassVar[str] = "OrderSeen"

    summary: OrderSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class PaymentRecorded:
    """A payment, in minor units, on a day in the restaurant's time zone."""

    stored_as: ClassVar[str] = "PaymentSeen"

    order_id: int
    amount: int
    day: str


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    summary: OrderSummary = field(metadata=stored_under("card"))


@dataclass(frozen=True, slots=True)
class CallTimingRecorded:
    """A call was acknowledged or resolved after this duration."""

    stored_as: ClassVar[str] = "CallSeen"

    duration: CallDurationReported = field(metadata=stored_under("timed"))


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
    before = restaurant
    match event:
        case PolicyChanged(guest_opens_table):
            return replace(before, guest_opens_table=guest_opens_table)
        case TableUpdated(table_id, summary):
            return _with_table(before, table_id, summary)
        case WaiterAdded(waiter_id, name):
            return replace(before, waiters={**before.waiters, waiter_id: name})
        case OrderReceived(order) | OrderBecameReady(order) | OrderUpdated(order):
            return _with_order(before, order, new=isinstance(event, OrderReceived))
        case PaymentRecorded() | CallTimingRecorded():
            return replace(before, figures=_count(before.figures, event))
        case NotificationAdded(note):
            return replace(
                before,
                notifications=notifications.add(before.notifications, note, MAX_NOTIFICATIONS),
            )
        case AlertRaised(note):
            listed = notifications.add(before.notifications, note, MAX_NOTIFICATIONS)
            return replace(before, alert_count=before.alert_count + 1, notifications=listed)
        case NotificationAcknowledged():
            return replace(
                before, notifications=notifications.acknowledge(before.notifications, event)
            )
        case MenuHandedOver():
            return replace(before, menu=MenuContent(), has_menu_entity=True)
        case DeviceAdded() | DeviceSignedIn() | DeviceRemoved():
            last = event.device_id if isinstance(event, DeviceAdded) else before.last_device
            return replace(
                before, devices=device_state.evolve(before.devices, event), last_device=last
            )
        case PaymentCompleted() | MessageBroadcast():
            return before
    raise TypeError(f"cannot apply {type(event).__name__} to a restaurant")


def _with_table(before: Restaurant, table_id: int, summary: TableSummary) -> Restaurant:
    """The restaurant with a table added or replaced. Rows of open orders contain the zone of their
    table, so they are encoded again if it has changed."""
    current, orders = before.tables.get(table_id), before.open_orders
    if current is None or current.data["zone"] != summary.data["zone"]:
        orders = Rows(orders)
    return replace(before, tables=before.tables.with_entry(table_id, summary), open_orders=orders)


def _with_order(before: Restaurant, summary: OrderSummary, *, new: bool) -> Restaurant:
    """The restaurant with an order added, replaced or removed, and its statistics. An order is open
    until its status is final and nothing is due."""
    figures = before.figures
    if new:
        figures = replace(figures, orders=figures.orders + 1)
    if summary.status is OrderStatus.CANCELLED and summary.order_id in before.open_orders:
        figures = replace(figures, cancelled=figures.cancelled + 1)
    if lifecycle.ORDER[summary.status] or summary.balance:
        orders = before.open_orders.with_entry(summary.order_id, summary)
    else:
        orders = before.open_orders.without_entry(summary.order_id)
    return replace(before, open_orders=orders, figures=figures)


def _count(figures: Statistics, event: PaymentRecorded | CallTimingRecorded) -> Statistics:
    if isinstance(event, PaymentRecorded):
        is_same_day = event.day == figures.day
        return replace(
            figures,
            payments=figures.payments + 1,
            paid=figures.paid + event.amount,
            day=event.day,
            day_payments=(figures.day_payments if is_same_day else 0) + 1,
            day_paid=(figures.day_paid if is_same_day else 0) + event.amount,
        )
    duration = event.duration
    if duration.acknowledged_s is not None:
        return replace(
            figures,
            acknowledged=figures.acknowledged + 1,
            acknowledged_s=figures.acknowledged_s + duration.acknowledged_s,
            slowest_acknowledged_s=max(figures.slowest_acknowledged_s, duration.acknowledged_s),
        )
    resolved_s = duration.resolved_s or 0.0
    return replace(
        figures,
        resolved=figures.resolved + 1,
        resolved_s=figures.resolved_s + resolved_s,
        slowest_resolved_s=max(figures.slowest_resolved_s, resolved_s),
    )
