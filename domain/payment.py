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
    """What an order's items cost, what came in, what went back, and whether it is cancelled."""

    total: int
    paid: int
    refunded: int
    cancelled: bool

    @property
    def owed(self) -> int:
        return 0 if self.cancelled else self.total

    @property
    def kept(self) -> int:
        return self.paid - self.refunded

    @property
    def balance(self) -> int:
        """What is still to be paid."""
        return max(0, self.owed - self.kept)

    @property
    def refund_due(self) -> int:
        """What was paid too much."""
        return max(0, self.kept - self.owed)

    @property
    def status(self) -> PaymentStatus:
        if not self.kept:
            if self.refunded:
                return PaymentStatus.REFUNDED
            is_free = not self.total and not self.cancelled
            return PaymentStatus.PAID if is_free else PaymentStatus.UNPAID
        return PaymentStatus.PAID if self.kept >= self.total else PaymentStatus.PARTIALLY_PAID

    @property
    def is_settled(self) -> bool:
        """Nothing is outstanding in either direction."""
        return self.kept == self.owed
