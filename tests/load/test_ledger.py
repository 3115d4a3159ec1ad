"""Acknowledged commands compared with the final state."""

from typing import Any

import pytest

from load_tests.counters import Counters
from load_tests.ledger import Ledger


@pytest.fixture
def ledger() -> Ledger:
    """Order 5 of session 7 was placed and confirmed, and 10.00 of it paid."""
    book = Ledger()
    book.placing(7)
    book.placed(7, 5)
    book.reached(5, "confirmed")
    book.paying(5, "10.00")
    book.paid(5, "10.00")
    return book


def order(status: str, paid: str = "10.00") -> dict[str, Any]:
    return {"status": status, "paid_amount": paid}


def session(*orders: int, status: str = "open") -> dict[str, Any]:
    return {"status": status, "orders": [{"order_id": each} for each in orders]}


@pytest.mark.parametrize("status", ["confirmed", "ready", "delivered"])
def test_an_order_may_be_ahead_of_its_acknowledged_status(ledger: Ledger, status: str) -> None:
    assert ledger.losses_of_order(5, order(status)) == []


@pytest.mark.parametrize("found", [None, order("pending")], ids=["gone", "a step back"])
def test_missing_acknowledged_status_is_a_loss(
    ledger: Ledger, found: dict[str, Any] | None
) -> None:
    assert len(ledger.losses_of_order(5, found)) == 1


def test_cancelled_order_is_a_loss_unless_requested(ledger: Ledger) -> None:
    ledger.reached(5, "delivered")
    assert ledger.losses_of_order(5, order("ready"))
    ledger.cancelling(5)
    assert ledger.losses_of_order(5, order("cancelled")) == []
    ledger.reached(5, "cancelled")
    assert ledger.losses_of_order(5, order("delivered"))


@pytest.mark.parametrize(("total", "losses"), [("9.00", 0), ("12.00", 1)])
def test_acknowledged_change_of_items_is_stored(ledger: Ledger, total: str, losses: int) -> None:
    ledger.changing(5)
    ledger.changed(5, "9.00")
    found = {**order("confirmed"), "total_amount": total}
    assert len(ledger.losses_of_order(5, found)) == losses


def test_a_change_of_items_without_an_answer_may_have_been_made_or_not(ledger: Ledger) -> None:
    ledger.changed(5, "9.00")
    ledger.changing(5)
    found = {**order("confirmed"), "total_amount": "12.00"}
    assert ledger.losses_of_order(5, found) == []


@pytest.mark.parametrize("paid", ["0.00", "20.00"], ids=["lost", "taken twice"])
def test_lost_and_repeated_payments_are_found(ledger: Ledger, paid: str) -> None:
    assert len(ledger.losses_of_order(5, order("confirmed", paid))) == 1


def test_a_payment_without_a_reply_may_have_been_taken(ledger: Ledger) -> None:
    ledger.paying(5, "2.00")
    assert ledger.losses_of_order(5, order("confirmed", "10.00")) == []
    assert ledger.losses_of_order(5, order("confirmed", "12.00")) == []
    ledger.not_paid(5, "2.00")
    assert ledger.losses_of_order(5, order("confirmed", "12.00"))


def test_lost_and_unknown_orders_of_a_session_are_found(ledger: Ledger) -> None:
    assert ledger.losses_of_session(7, session(5)) == []
    assert ledger.losses_of_session(7, session())
    assert ledger.losses_of_session(7, session(5, 6))
    assert ledger.losses_of_session(7, None)


def test_an_order_without_a_reply_may_exist_once(ledger: Ledger) -> None:
    ledger.placing(7)
    assert ledger.losses_of_session(7, session(5, 6)) == []
    assert ledger.losses_of_session(7, session(5, 6, 8))


def test_a_reopened_session_is_a_loss(ledger: Ledger) -> None:
    ledger.closed(7)
    assert ledger.losses_of_session(7, session(5))
    assert ledger.losses_of_session(7, session(5, status="closed")) == []


def test_reports_of_all_processes_are_merged() -> None:
    whole = Counters()
    for _ in range(2):
        part = Counters()
        part.count("events", 21)
        part.violation("gap", "order 5: gap")
        whole.add(part.report())
    assert whole.violations == 2
    assert "       42  events checked" in whole.summary()
    assert "        2    gap" in whole.summary()
