"""The audited commands, and their audited fields."""

from datetime import UTC, datetime

import pytest

from domain.audit import audit_event, is_audited
from domain.device.rules import SignIn
from domain.messages import PriceLines
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
    c.AddItems(items=(c.MenuLine(menu_item_id=1),)),
    c.Broadcast(message="Last orders"),
)
AUDITED: tuple[c.Command | SignIn, ...] = (
    PAY,
    c.Refund(reason="cold"),
    c.ReplaceItems(items=(c.FreeLine(name="Soup", unit_price=1),)),
    c.VoidItems(items=(c.VoidedItem(item_id=1),), reason="cold"),
    c.ChangeMenuItem(item_id=1, price=700),
    c.UpdateStatus(status=OrderStatus.CANCELLED, reason="cold"),
    c.UpdateItem(item_id=1, status=ItemStatus.VOIDED),
    c.Release(force=True, reason="gone"),
    c.CloseSession(force=True, reason="gone"),
    SignIn(3),
)


@pytest.mark.parametrize("command", AUDITED)
def test_payments_voids_and_forced_commands_are_audited(command: c.Command | SignIn) -> None:
    assert is_audited(command, None)


@pytest.mark.parametrize("command", ORDINARY)
def test_ordinary_commands_are_audited_only_if_they_are_refused(command: c.Command) -> None:
    assert not is_audited(command, None)
    assert is_audited(command, Code.FORBIDDEN)
    assert not is_audited(command, Code.UNAVAILABLE)


def test_internal_price_requests_are_not_audited() -> None:
    assert not is_audited(PriceLines(()), Code.ITEM_UNAVAILABLE)


def test_audit_event_has_caller_action_time_and_address() -> None:
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


def test_audit_event_omits_items_and_free_text() -> None:
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


def test_audit_event_includes_request_and_result() -> None:
    """The amount of a refund is in its result, not in the command."""
    maria = Caller(Role.MANAGER, "manager:maria")
    refund = c.Refund(reason="cold")
    event = audit_event(refund, maria, datetime.now(UTC), None, {"amount": "6.50"})
    assert event["data"] == {"reason": "cold", "amount": "6.50"}
