"""What the service tells: the data of every message, one class a form, and who hears which.

The views in `domain/` are typed with these, so that what is described is what is sent. On its way
each gets the `version` of its entity; a snapshot in place of a resume says `"resumed": false`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from protocol.errors import Code
from protocol.ids import Channel
from protocol.statuses import (
    CallReason,
    CallStatus,
    ItemStatus,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
    SessionStatus,
)

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Amount = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2}$")]
Seconds = float | None
DeviceRole = Literal["waiter", "kitchen"]

# --- orders --------------------------------------------------------------------------------------


class Order(TypedDict):
    id: int
    status: OrderStatus
    status_display: str
    total_amount: Amount
    items_count: int
    created_at: datetime
    confirmed_at: datetime | None
    ready_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    reason: str | None
    payment_status: PaymentStatus
    paid_amount: Amount
    balance: Amount
    refund_due: bool
    refund_amount: Amount
    currency: str
    restaurant_id: int
    session_id: int
    table_id: int
    table_number: str
    waiter_id: int | None


class OrderItem(TypedDict):
    item_id: int
    menu_item_id: int | None
    name: str
    quantity: int
    unit_price: Amount
    total: Amount
    notes: str
    status: ItemStatus
    reason: str | None


class Items(TypedDict):
    order_id: int
    status: OrderStatus
    items: list[OrderItem]
    items_count: int
    total_amount: Amount
    currency: str


# --- tables and sessions -------------------------------------------------------------------------


class TableSession(TypedDict):
    """The session that is open on a table. Kitchens are not told its code."""

    id: int
    session_code: NotRequired[str]
    guests_count: int
    started_at: datetime
    waiter_id: int | None


class Table(TypedDict):
    table_id: int
    table_number: str
    is_occupied: bool
    is_active: bool
    zone: str
    seats: int
    waiter_id: int | None
    restaurant: str
    restaurant_id: int
    code_version: int
    session: TableSession | None


class SessionOrder(TypedDict):
    """An order as its session lists it."""

    order_id: int
    status: OrderStatus
    payment_status: PaymentStatus
    total_amount: Amount
    balance: Amount
    items_count: int
    created_at: datetime


class Call(TypedDict):
    """A guest's call; `escalated` is 1 when the zone has heard of it, 2 when the managers have.
    `acknowledged_by` is `waiter:<id>`, or another role alone."""

    call_id: str
    reason: CallReason
    status: CallStatus
    escalated: int
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None


class Session(TypedDict):
    id: int
    session_code: str
    status: SessionStatus
    guests_count: int
    started_at: datetime
    closed_at: datetime | None
    restaurant_id: int
    table_id: int
    table_number: str
    zone: str
    waiter_id: int | None
    currency: str
    orders: list[SessionOrder]
    total_amount: Amount
    balance: Amount
    calls: list[Call]


# --- notifications -------------------------------------------------------------------------------


class Notification(TypedDict):
    """What every notification has; beyond it each has the fields of its cause."""

    notification_id: str
    kind: str
    message: str
    created_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class OrderNotification(Notification):
    """`kind` is `new_order` or `order_ready`."""

    order_id: int
    table_id: int
    table_number: str
    items_count: int


class PaymentNotification(OrderNotification):
    amount: Amount
    method: PaymentMethod
    balance: Amount
    payment_status: PaymentStatus


class TaskNotification(Notification):
    """Of kind `task`: for one waiter. Of kind `call`: a guest's, with what it is about."""

    table_id: int | None
    waiter_id: NotRequired[int]
    call_id: NotRequired[str]
    reason: NotRequired[CallReason]
    session_id: NotRequired[int]
    table_number: NotRequired[str]
    escalated_to: NotRequired[Literal["zone", "managers"]]


class Alert(Notification):
    """For one waiter, or for all where it names none."""

    table_id: int | None
    waiter_id: NotRequired[int]
    table_number: NotRequired[str]


class ListedOrderNotification(OrderNotification):
    type: Literal["order_notification"]


class ListedPaymentNotification(PaymentNotification):
    type: Literal["payment_notification"]


class ListedTaskNotification(TaskNotification):
    type: Literal["task_notification"]


class ListedAlert(Alert):
    type: Literal["alert"]


Listed = Annotated[
    ListedOrderNotification | ListedPaymentNotification | ListedTaskNotification | ListedAlert,
    Field(discriminator="type"),
]


class Withheld(TypedDict):
    """Replaces an event that its receiver may not see, so that `seq` has no gap: kitchens get it
    for payments and their acknowledgements."""


Acknowledged = PaymentNotification | OrderNotification | TaskNotification | Alert


class Waiter(TypedDict):
    waiter_id: int
    name: str
    restaurant_id: int
    restaurant: str
    tasks: list[Listed]


class Notifications(TypedDict):
    restaurant_id: int
    notifications: list[Listed]


# --- restaurants ---------------------------------------------------------------------------------


class RestaurantOrder(SessionOrder):
    """An order as its restaurant lists and announces it. `table_id` and `zone` are null for orders
    from before they were reported; `table_number` is unique in restaurants made since."""

    table_id: int | None
    table_number: str
    zone: str | None


class Tables(TypedDict):
    total: int
    active: int
    occupied: int
    list: list[Table]


class Colleague(TypedDict):
    waiter_id: int
    name: str


class Figures(TypedDict):
    """What was done so far, and on `day`, that of the last payment there. Times are seconds."""

    orders: int
    cancelled: int
    payments: int
    paid_amount: Amount
    day: Day | None
    day_payments: int
    day_paid_amount: Amount
    calls_acknowledged: int
    mean_acknowledged_s: Seconds
    slowest_acknowledged_s: Seconds
    calls_resolved: int
    mean_resolved_s: Seconds
    slowest_resolved_s: Seconds


class Restaurant(TypedDict):
    """Kitchens are not told the figures."""

    id: int
    name: str
    currency: str
    timezone: str
    guest_opens_table: bool
    tables: Tables
    open_orders: list[RestaurantOrder]
    waiters: list[Colleague]
    figures: NotRequired[Figures]


class Announcement(TypedDict):
    message: str
    by: str
    sent_at: datetime


class MenuItem(TypedDict):
    id: int
    name: str
    description: str
    price: Amount
    available: bool


class MenuCategory(TypedDict):
    name: str
    items: list[MenuItem]


class MenuCard(TypedDict):
    menu_version: int
    currency: str
    categories: list[MenuCategory]


class Menu(MenuCard):
    restaurant_id: int
    restaurant: str
    timezone: str


class Device(TypedDict):
    """A waiter's phone or a kitchen's screen; `expires_at` is its code's until it is signed in."""

    device_id: int
    label: str
    role: DeviceRole
    waiter_id: int | None
    added_at: datetime
    added_by: str
    signed_in_at: datetime | None
    expires_at: datetime


class Devices(TypedDict):
    restaurant_id: int
    devices: list[Device]


class DeviceGone(TypedDict):
    """Signed out, or over."""

    device_id: int


# --- answers -------------------------------------------------------------------------------------


class Result(TypedDict):
    """What an `ack` says; an action that makes something names it."""

    changed: bool
    version: int
    session_id: NotRequired[int]
    session_code: NotRequired[str]
    order_id: NotRequired[int]
    call_id: NotRequired[str]
    acknowledged_by: NotRequired[str]


class Ack(TypedDict):
    """To the caller alone: it is stored. With `changed` false it was so before."""

    type: Literal["ack"]
    request_id: str
    data: Result


class Refusal(TypedDict):
    """To the caller alone: why not. `error` is a sentence for a person, `code` is for a program."""

    error: str
    code: Code
    request_id: NotRequired[str]
    details: NotRequired[dict[str, Any]]


# --- who hears what ------------------------------------------------------------------------------

SNAPSHOTS: dict[Channel, str] = {
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

_NOTED = {
    "order_notification": OrderNotification,
    "payment_notification": PaymentNotification,
    "task_notification": TaskNotification,
    "alert": Alert,
    "notification_acknowledged": Acknowledged,
}

TOLD: dict[Channel, dict[str, object]] = {
    Channel.ORDER: {"order_status": Order, "order_update": Order, "order_items_update": Items},
    Channel.ITEMS: {"items_list": Items, "items_updated": Items},
    Channel.TABLE: {"table_status": Table, "table_update": Table},
    Channel.SESSION: {"session_status": Session, "session_update": Session},
    Channel.WAITER: {"tasks_list": Waiter, **_NOTED},
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
        **_NOTED,
        "withheld": Withheld,
    },
    Channel.MENU: {"menu": Menu, "menu_update": Menu},
    Channel.DEVICES: {
        "devices": Devices,
        "device_added": Device,
        "device_signed_in": Device,
        "device_removed": DeviceGone,
    },
}
"""Every message of each channel by its type, with the form of its data."""
