"""The payments of an order, and its payment status, which is derived from amounts.

The payment status is independent of the order's status: `unpaid`, `partially_paid`, `paid` or
`refunded`. Amounts are in minor units. An order with a total of zero is `paid`. For a cancelled
order nothing is due, and its payments count until they are refunded.
"""

from dataclasses import dataclass
from datetime import datetime

from protocol.statuses import PaymentMethod, PaymentStatus


@dataclass(frozen=True, slots=True)
class Payment:
    payment_id: int
    amount: int
    method: PaymentMethod
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Money:
    """The total, payments and refunds of an order, and whether it is cancelled."""

    total: int
    paid: int
    refunded: int
    cancelled: bool

    @property
    def amount_due(self) -> int:
        return 0 if self.cancelled else self.total

    @property
    def net_paid(self) -> int:
        return self.paid - self.refunded

    @property
    def balance(self) -> int:
        """The amount that is not yet paid."""
        return max(0, self.amount_due - self.net_paid)

    @property
    def refund_due(self) -> int:
        """The amount to refund."""
        return max(0, self.net_paid - self.amount_due)

    @property
    def status(self) -> PaymentStatus:
        if not self.net_paid:
            if self.refunded:
                return PaymentStatus.REFUNDED
            is_free = not self.total and not self.cancelled
            return PaymentStatus.PAID if is_free else PaymentStatus.UNPAID
        return PaymentStatus.PAID if self.net_paid >= self.total else PaymentStatus.PARTIALLY_PAID

    @property
    def is_settled(self) -> bool:
        """Whether neither a payment nor a refund is due."""
        return self.net_paid == self.amount_due
