"""The data of notifications, as events and in lists."""

from typing import Literal, NotRequired

from typing_extensions import TypeAliasType, TypedDict  # pydantic reads no other TypedDict on 3.11

from restaurant_qr_wire.values import (
    Amount,
    CallReason,
    PaymentMethod,
    PaymentStatus,
    Timestamp,
)


class Notification(TypedDict):
    """The fields of every notification. Each also has the fields of its cause."""

    notification_id: str
    kind: str
    message: str
    created_at: Timestamp
    acknowledged_at: Timestamp | None
    acknowledged_by: str | None


class OrderNotification(Notification):
    """`kind` is `new_order` or `order_ready`."""

    order_id: int
    number: NotRequired[int | None]
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


ListedNotification = TypeAliasType(
    "ListedNotification",
    ListedOrderNotification | ListedPaymentNotification | ListedTaskNotification | ListedAlert,
)


class Withheld(TypedDict):
    """Replaces an event that its receiver may not see, so that `seq` has no gap: kitchens get it
    for payments and their acknowledgements."""


Acknowledged = PaymentNotification | OrderNotification | TaskNotification | Alert
