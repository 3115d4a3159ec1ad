"""The lifecycles as tables: each status with the statuses that can follow it.

Common rules:

* A change to a status that cannot follow the current one is refused with `invalid_transition`.
* A change to the current status succeeds and changes nothing.
* A status that nothing can follow is final.

`docs/state-diagrams.md` is generated from these tables.
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
    OrderStatus.READY: frozenset(
        {OrderStatus.CONFIRMED, OrderStatus.DELIVERED, OrderStatus.CANCELLED}
    ),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
ITEM: Mapping[ItemStatus, frozenset[ItemStatus]] = {
    ItemStatus.PENDING: frozenset({ItemStatus.READY, ItemStatus.VOIDED}),
    ItemStatus.READY: frozenset({ItemStatus.PENDING, ItemStatus.VOIDED}),
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
"""Derived from the amounts of an order, never set. `paid` becomes `partially_paid` if items are
added, and `unpaid` if the total was zero and items are added or the order is cancelled."""
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
    """A refusal if the status `wanted` cannot follow `current`, otherwise None."""
    if wanted in table[current]:
        return None
    allowed = sorted(status.value for status in table[current])
    hint = f"Allowed: {', '.join(allowed)}." if allowed else f"'{current.value}' is final."
    return Rejected(
        Code.INVALID_TRANSITION,
        f"Cannot change status from '{current.value}' to '{wanted.value}'. {hint}",
        {"current": current.value, "allowed": allowed},
    )
