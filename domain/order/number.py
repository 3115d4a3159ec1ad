"""The number by which people call an order. It is short, because it starts again each business
date."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """A business day by the date on which it began (`"2026-12-01"`), and the seconds until it
    ends."""

    date: str
    ends_in_s: float


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """A number of one restaurant's business date. All orders of one placement have the same one,
    and no others do. Numbers have gaps."""

    date: str
    number: int
