"""What the service tells. Money is a string such as "250.00", times are RFC 3339 in UTC.

Written by `make docs` from `protocol/told.py`; changes belong there.
"""

from typing import Literal, NotRequired, TypedDict

CallReason = Literal["waiter", "bill", "other"]
CallStatus = Literal["open", "acknowledged", "resolved"]
ItemStatus = Literal["pending", "ready", "voided"]
OrderStatus = Literal["pending", "confirmed", "ready", "delivered", "cancelled"]
PaymentMethod = Literal["cash", "card", "online", "voucher", "other"]
PaymentStatus = Literal["unpaid", "partially_paid", "paid", "refunded"]
SessionStatus = Literal["open", "closed"]


class Order(TypedDict):
    id: int
    status: OrderStatus
    status_display: str
    total_amount: str
    items_count: int
    created_at: str
    confirmed_at: str | None
    ready_at: str | None
    delivered_at: str | None
    cancelled_at: str | None
    reason: str | None
    payment_status: PaymentStatus
    paid_amount: str
    balance: str
    refund_due: bool
    refund_amount: str
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
    unit_price: str
    total: str
    notes: str
    status: ItemStatus
    reason: str | None


class Items(TypedDict):
    order_id: int
    status: OrderStatus
    items: list[OrderItem]
    items_count: int
    total_amount: str
    currency: str


class TableSession(TypedDict):
    """The session that is open on a table. Kitchens are not told its code."""

    id: int
    session_code: NotRequired[str]
    guests_count: int
    started_at: str
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
    total_amount: str
    balance: str
    items_count: int
    created_at: str


class Call(TypedDict):
    """A guest's call; `escalated` is 1 when the zone has heard of it, 2 when the managers have.
    `acknowledged_by` is `waiter:<id>`, or another role alone."""

    call_id: str
    reason: CallReason
    status: CallStatus
    escalated: int
    opened_at: str
    acknowledged_at: str | None
    acknowledged_by: str | None
    resolved_at: str | None


class Session(TypedDict):
    id: int
    session_code: str
    status: SessionStatus
    guests_count: int
    started_at: str
    closed_at: str | None
    restaurant_id: int
    table_id: int
    table_number: str
    zone: str
    waiter_id: int | None
    currency: str
    orders: list[SessionOrder]
    total_amount: str
    balance: str
    calls: list[Call]


class Notification(TypedDict):
    """What every notification has; beyond it each has the fields of its cause."""

    notification_id: str
    kind: str
    message: str
    created_at: str
    acknowledged_at: str | None
    acknowledged_by: str | None


class OrderNotification(Notification):
    """`kind` is `new_order` or `order_ready`."""

    order_id: int
    table_id: int
    table_number: str
    items_count: int


class PaymentNotification(OrderNotification):
    amount: str
    method: PaymentMethod
    balance: str
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


Listed = ListedOrderNotification | ListedPaymentNotification | ListedTaskNotification | ListedAlert


class Withheld(TypedDict):
    """Replaces an event that its receiver may not see, so that `seq` has no gap: kitchens get it
    for payments and their acknowledgements."""


class Waiter(TypedDict):
    waiter_id: int
    name: str
    restaurant_id: int
    restaurant: str
    tasks: list[Listed]


class Notifications(TypedDict):
    restaurant_id: int
    notifications: list[Listed]


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
    paid_amount: str
    day: str | None
    day_payments: int
    day_paid_amount: str
    calls_acknowledged: int
    mean_acknowledged_s: float | None
    slowest_acknowledged_s: float | None
    calls_resolved: int
    mean_resolved_s: float | None
    slowest_resolved_s: float | None


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
    sent_at: str


class MenuItem(TypedDict):
    id: int
    name: str
    description: str
    price: str
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
    role: Literal["waiter", "kitchen"]
    waiter_id: int | None
    added_at: str
    added_by: str
    signed_in_at: str | None
    expires_at: str


class Devices(TypedDict):
    restaurant_id: int
    devices: list[Device]


class DeviceGone(TypedDict):
    """Signed out, or over."""

    device_id: int


class OrderView(Order):
    version: int


class ItemsView(Items):
    version: int


class TableView(Table):
    version: int


class SessionView(Session):
    version: int


class WaiterView(Waiter):
    version: int


class RestaurantView(Restaurant):
    version: int


class NotificationsView(Notifications):
    version: int


class MenuView(Menu):
    version: int


class DevicesView(Devices):
    version: int
