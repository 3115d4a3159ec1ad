"""The money of an order: its own axis beside the status, derived from amounts.

`unpaid → partially_paid → paid`, and `refunded`. Amounts are minor units. A cancelled order costs
nothing: what was paid on it is due back.
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
    """What an order costs now, what came in and what went back."""

    total: int
    paid: int
    refunded: int

    @property
    def kept(self) -> int:
        return self.paid - self.refunded

    @property
    def balance(self) -> int:
        """What is still to be paid."""
        return max(0, self.total - self.kept)

    @property
    def refund_due(self) -> int:
        """What was paid too much."""
        return max(0, self.kept - self.total)

    @property
    def status(self) -> PaymentStatus:
        if self.refunded and not self.kept:
            return PaymentStatus.REFUNDED
        if not self.kept:
            return PaymentStatus.UNPAID
        return PaymentStatus.PARTIALLY_PAID if self.balance else PaymentStatus.PAID
