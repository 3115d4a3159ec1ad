"""Checks of the numbers by which people call orders."""

from collections import Counter

from protocol.ids import Kind
from tests.simulation.client_view import Violation, check_equal
from tests.simulation.final_state import FinalState, order_of


def check_numbers(stored: FinalState) -> None:
    """Each order has a number, which no other one of its restaurant's business date has. Raises
    Violation."""
    numbers: Counter[tuple[int, str, int]] = Counter()
    for entity in stored.of(Kind.ORDER):
        order = order_of(entity)
        if order.number is None:
            raise Violation(f"{entity.address}: has no number")
        numbers[order.restaurant_id, order.number.date, order.number.number] += 1
    check_equal("numbers given twice", [each for each, n in numbers.items() if n > 1], [])
