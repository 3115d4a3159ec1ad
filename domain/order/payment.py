"""The money of an order: its own axis beside the status, derived from amounts.

`unpaid → partially_paid → paid`, and `refunded`. Amounts are minor units. An order that costs
nothing is `paid`. A cancelled order owes nothing either. Its payments are kept until they are
refunded, and its payment status reflects them.
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
    """The amounts of an order: its total, payments and refunds; and whether it is cancelled."""

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
        """The amount that is still due."""
        return max(0, self.amount_due - self.net_paid)

    @property
    def refund_due(self) -> int:
        """The amount that was overpaid."""
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
        """Nothing is outstanding in either direction."""
        return self.net_paid == self.amount_due
