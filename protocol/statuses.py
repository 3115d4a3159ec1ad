"""The statuses and other enumerations of the wire. `domain/lifecycle.py` has their transitions."""

from enum import StrEnum


class OrderStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    READY = "ready"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class ItemStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    VOIDED = "voided"


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    REFUNDED = "refunded"


class SessionStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class CallReason(StrEnum):
    WAITER = "waiter"
    BILL = "bill"
    OTHER = "other"


class CallStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AutoConfirm(StrEnum):
    """The callers whose orders are confirmed when they are placed."""

    NONE = "none"
    STAFF = "staff"
    ALL = "all"


class PaymentMethod(StrEnum):
    CASH = "cash"
    CARD = "card"
    ONLINE = "online"
    VOUCHER = "voucher"
    OTHER = "other"
