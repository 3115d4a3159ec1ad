"""The data of messages from the server.

On its way each gets the `version` of its entity; a snapshot in place of a resume says
`"resumed": false`.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads no other on Python 3.11

from restaurant_qr_wire.notifications import ListedNotification
from restaurant_qr_wire.values import (
    Allergen,
    Amount,
    CallReason,
    CallStatus,
    Day,
    DeviceRole,
    ItemStatus,
    OrderStatus,
    PaymentStatus,
    SessionStatus,
    Timestamp,
)

# --- orders --------------------------------------------------------------------------------------


class Order(TypedDict):
    """`number` is what people call the order, unique in its restaurant and business date; null for
    orders of earlier releases. Guests do not get the `reason`."""

    id: int
    number: int | None
    status: OrderStatus
    status_display: str
    total_amount: Amount
    items_count: int
    created_at: Timestamp
    confirmed_at: Timestamp | None
    ready_at: Timestamp | None
    delivered_at: Timestamp | None
    cancelled_at: Timestamp | None
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


class ChosenOption(TypedDict):
    """An option of one line; `price` is that of one."""

    option_id: int
    name: str
    quantity: int
    price: Amount


class Void(TypedDict):
    """Units of an item that were voided while others stayed. Guests do not get the reason, nor who
    voided them."""

    units: int
    reason: str | None
    at: Timestamp
    by: str | None


class OrderItem(TypedDict):
    """`quantity` is what is left of the units ordered, or what was before the last were voided.
    Guests do not get the `reason`."""

    item_id: int
    menu_item_id: int | None
    name: str
    quantity: int
    unit_price: Amount
    total: Amount
    notes: str
    status: ItemStatus
    reason: str | None
    options: list[ChosenOption]
    allergens: list[Allergen] | None
    voids: list[Void]
    delivered_at: Timestamp | None


class Items(TypedDict):
    order_id: int
    number: int | None
    status: OrderStatus
    items: list[OrderItem]
    items_count: int
    total_amount: Amount
    currency: str


# --- tables and sessions -------------------------------------------------------------------------


class TableSession(TypedDict):
    """The session that is open on a table. Kitchens do not get its code."""

    id: int
    session_code: NotRequired[str]
    guests_count: int
    started_at: Timestamp
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
    number: int | None
    status: OrderStatus
    payment_status: PaymentStatus
    total_amount: Amount
    balance: Amount
    items_count: int
    created_at: Timestamp


class Call(TypedDict):
    """A guest's call; `escalated` is 1 once the zone is notified, 2 once the managers are.
    `acknowledged_by` is `waiter:<id>`, or another role alone."""

    call_id: str
    reason: CallReason
    status: CallStatus
    escalated: int
    opened_at: Timestamp
    acknowledged_at: Timestamp | None
    acknowledged_by: str | None
    resolved_at: Timestamp | None


class Session(TypedDict):
    id: int
    session_code: str
    status: SessionStatus
    guests_count: int
    started_at: Timestamp
    closed_at: Timestamp | None
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


class Waiter(TypedDict):
    waiter_id: int
    name: str
    restaurant_id: int
    restaurant: str
    tasks: list[ListedNotification]


class Notifications(TypedDict):
    restaurant_id: int
    notifications: list[ListedNotification]


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


class WaiterSummary(TypedDict):
    waiter_id: int
    name: str


class Statistics(TypedDict):
    """Totals, and those of `day`, the day of the last payment there. Times are in seconds."""

    orders: int
    cancelled: int
    payments: int
    paid_amount: Amount
    day: Day | None
    day_payments: int
    day_paid_amount: Amount
    calls_acknowledged: int
    mean_acknowledged_s: float | None
    slowest_acknowledged_s: float | None
    calls_resolved: int
    mean_resolved_s: float | None
    slowest_resolved_s: float | None


class Restaurant(TypedDict):
    """Kitchens do not get the figures."""

    id: int
    name: str
    currency: str
    timezone: str
    guest_opens_table: bool
    tables: Tables
    open_orders: list[RestaurantOrder]
    waiters: list[WaiterSummary]
    figures: NotRequired[Statistics]


class Announcement(TypedDict):
    message: str
    by: str
    sent_at: Timestamp


class Device(TypedDict):
    """A waiter's phone or a kitchen's screen; `expires_at` is its code's until it is signed in."""

    device_id: int
    label: str
    role: DeviceRole
    waiter_id: int | None
    added_at: Timestamp
    added_by: str
    signed_in_at: Timestamp | None
    expires_at: Timestamp


class Devices(TypedDict):
    restaurant_id: int
    devices: list[Device]


class DeviceRemoved(TypedDict):
    """Signed out, or over."""

    device_id: int


# --- answers -------------------------------------------------------------------------------------


class Result(TypedDict):
    """The data of an `ack`; an action that creates an entity returns its id."""

    changed: bool
    version: int
    session_id: NotRequired[int]
    session_code: NotRequired[str]
    order_id: NotRequired[int]
    number: NotRequired[int | None]
    item_ids: NotRequired[list[int]]
    total_amount: NotRequired[Amount]
    voided_amount: NotRequired[Amount]
    call_id: NotRequired[str]
    acknowledged_by: NotRequired[str]


class Ack(TypedDict):
    """To the caller alone: it is stored. With `changed` false it was so before."""

    type: Literal["ack"]
    request_id: str
    data: Result
