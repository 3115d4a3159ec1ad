"""Every lifecycle as one table: from each status, what may follow.

Rules that hold in all of them:

* A status that is not a key's successor is `invalid_transition`, a skip or a step back included.
* The status that an entity already has is a success that changes nothing.
* A status without successors is terminal.

`docs/state-diagrams.md` is drawn from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from protocol.errors import Code, Rejected
from protocol.statuses import (
    CallStatus,
    ItemStatus,
    OrderStatus,
    PaymentStatus,
    SessionStatus,
)

Status = TypeVar("Status", bound=StrEnum)

ORDER: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.READY, OrderStatus.CANCELLED}),
    OrderStatus.READY: frozenset({OrderStatus.DELIVERED, OrderStatus.CANCELLED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
ITEM: Mapping[ItemStatus, frozenset[ItemStatus]] = {
    ItemStatus.PENDING: frozenset({ItemStatus.READY, ItemStatus.VOIDED}),
    ItemStatus.READY: frozenset({ItemStatus.VOIDED}),
    ItemStatus.VOIDED: frozenset(),
}
PAYMENT: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.UNPAID: frozenset({PaymentStatus.PARTIALLY_PAID, PaymentStatus.PAID}),
    PaymentStatus.PARTIALLY_PAID: frozenset({PaymentStatus.PAID, PaymentStatus.REFUNDED}),
    PaymentStatus.PAID: frozenset(
        {PaymentStatus.UNPAID, PaymentStatus.PARTIALLY_PAID, PaymentStatus.REFUNDED}
    ),
    PaymentStatus.REFUNDED: frozenset({PaymentStatus.PARTIALLY_PAID, PaymentStatus.PAID}),
}
"""Derived from amounts, never set: `paid` goes back to `partially_paid` if items are added, and to
`unpaid` if an order cost nothing before, or cost nothing and is cancelled."""
SESSION: Mapping[SessionStatus, frozenset[SessionStatus]] = {
    SessionStatus.OPEN: frozenset({SessionStatus.CLOSED}),
    SessionStatus.CLOSED: frozenset(),
}
CALL: Mapping[CallStatus, frozenset[CallStatus]] = {
    CallStatus.OPEN: frozenset({CallStatus.ACKNOWLEDGED, CallStatus.RESOLVED}),
    CallStatus.ACKNOWLEDGED: frozenset({CallStatus.RESOLVED}),
    CallStatus.RESOLVED: frozenset(),
}

TABLES: Mapping[str, Mapping[Any, frozenset[Any]]] = {
    "order": ORDER,
    "item": ITEM,
    "payment": PAYMENT,
    "session": SESSION,
    "call": CALL,
}


def refusal(
    table: Mapping[Status, frozenset[Status]], current: Status, wanted: Status
) -> Rejected | None:
    """Why `wanted` may not follow `current`, or None if it may."""
    allowed = table[current]
    if wanted in allowed:
        return None
    return Rejected(
        Code.INVALID_TRANSITION,
        f"What is {current.value} cannot become {wanted.value}.",
        {"current": current.value, "allowed": sorted(status.value for status in allowed)},
    )
