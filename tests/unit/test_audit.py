"""What goes on record, and what of it."""

from datetime import UTC, datetime

import pytest

from domain.audit import audit_event, on_record
from domain.device import SignIn
from domain.messages import PriceItems
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code
from protocol.statuses import ItemStatus, OrderStatus, PaymentMethod

PAY = c.Pay(amount=650, method=PaymentMethod.CARD, request_id="p")
ORDINARY = (
    c.Occupy(guests_count=2),
    c.Release(),
    c.CloseSession(),
    c.UpdateStatus(status=OrderStatus.READY),
    c.UpdateItem(item_id=1, status=ItemStatus.READY),
    c.Broadcast(message="Last orders"),
)
NOTED: tuple[c.Command | SignIn, ...] = (
    PAY,
    c.Refund(reason="cold"),
    c.ReplaceItems(items=(c.FreeLine(name="Soup", unit_price=1),)),
    c.ChangeMenuItem(item_id=1, price=700),
    c.UpdateStatus(status=OrderStatus.CANCELLED, reason="cold"),
    c.UpdateItem(item_id=1, status=ItemStatus.VOIDED),
    c.Release(force=True, reason="gone"),
    c.CloseSession(force=True, reason="gone"),
    SignIn(3),
)


@pytest.mark.parametrize("command", NOTED)
def test_money_voids_and_force_go_on_record(command: c.Command | SignIn) -> None:
    assert on_record(command, None)


@pytest.mark.parametrize("command", ORDINARY)
def test_the_ordinary_is_in_the_history_alone_unless_it_is_refused(command: c.Command) -> None:
    assert not on_record(command, None)
    assert on_record(command, Code.FORBIDDEN)
    assert not on_record(command, Code.UNAVAILABLE)


def test_what_the_service_itself_asks_is_nobodys_doing() -> None:
    assert not on_record(PriceItems((1,)), Code.ITEM_UNAVAILABLE)


def test_who_what_when_and_from_where() -> None:
    now = datetime(2026, 1, 1, 20, 0, tzinfo=UTC)
    ada = Caller(Role.WAITER, "waiter:10", "203.0.113.7")
    assert audit_event(PAY, ada, now, Code.OVERPAYMENT, {}) == {
        "type": "pay",
        "outcome": "overpayment",
        "at": now,
        "by": "waiter:10",
        "role": "waiter",
        "from": "203.0.113.7",
        "request_id": "p",
        "data": {"amount": 650, "method": "card"},
    }


def test_what_is_long_or_a_guests_own_words_stays_out() -> None:
    line = c.FreeLine(name="Soup", unit_price=1, notes="for my sick mother")
    event = audit_event(
        c.PlaceOrder(items=(line,)),
        Caller(Role.GUEST, "guest:1"),
        datetime.now(UTC),
        Code.FORBIDDEN,
        {},
    )
    assert event["data"] == {}
    assert event["from"] is None


def test_what_was_answered_is_on_record_with_what_was_asked() -> None:
    """A refund says itself how much it is."""
    maria = Caller(Role.MANAGER, "manager:maria")
    refund = c.Refund(reason="cold")
    event = audit_event(refund, maria, datetime.now(UTC), None, {"amount": "6.50"})
    assert event["data"] == {"reason": "cold", "amount": "6.50"}
