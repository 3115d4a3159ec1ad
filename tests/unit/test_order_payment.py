"""Payments and refunds of an order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order.payment import Money
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Address, Channel
from protocol.statuses import ItemStatus, OrderStatus, PaymentMethod, PaymentStatus
from protocol.values import parse_money
from tests.unit.world import ADA, RESTAURANT, RulesWorld, line

AMOUNTS = st.integers(0, 10_000)


@pytest.fixture
def order(world: RulesWorld) -> Address:
    """A pending order of 23.00."""
    order = world.order(world.occupy(), line("Soup", 500), line("Fish", 900, 2))
    world.clear()
    return order


def pay(amount: int) -> c.Pay:
    return c.Pay(amount=amount, method=PaymentMethod.CARD)


def void(item_id: int) -> c.UpdateItem:
    return c.UpdateItem(item_id=item_id, status=ItemStatus.VOIDED, reason="sold out")


def money(world: RulesWorld, order: Address) -> tuple[str, str, str, bool]:
    seen = world.snapshot(order)
    return seen["payment_status"], seen["paid_amount"], seen["balance"], seen["refund_due"]


# --- payments ------------------------------------------------------------------------------------


def test_partial_payments_make_an_order_partially_paid_and_then_paid(
    world: RulesWorld, order: Address
) -> None:
    assert money(world, order) == ("unpaid", "0.00", "23.00", False)
    decision = world.do(order, pay(1000))
    assert decision.result == {"payment_id": 1, "balance": "13.00"}
    assert money(world, order) == ("partially_paid", "10.00", "13.00", False)
    assert world.types(RESTAURANT) == []
    decision = world.do(order, pay(1300))
    assert decision.result == {"payment_id": 2, "balance": "0.00"}
    assert money(world, order) == ("paid", "23.00", "0.00", False)
    assert world.types(RESTAURANT) == ["payment_completed"]


def test_payment_is_published_to_order_session_waiter_and_notifications(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, pay(1000))
    assert world.types(order) == ["order_update"]
    assert world.types(ADA) == ["payment_notification"]
    published = world.last(RESTAURANT, Channel.NOTIFICATIONS)
    assert published == world.last(ADA)
    assert published["order_id"] == order.id
    assert published["message"] == "Payment of 10.00 EUR for table 5"
    assert (published["amount"], published["method"], published["balance"]) == (
        "10.00",
        "card",
        "13.00",
    )


def test_a_payment_above_the_balance_is_refused(world: RulesWorld, order: Address) -> None:
    world.do(order, pay(1000))
    refused = world.refuse(order, pay(1301), Code.OVERPAYMENT)
    assert refused.details == {"balance": "13.00"}


def test_payment_of_a_cancelled_order_is_rejected(world: RulesWorld, order: Address) -> None:
    world.advance(order, OrderStatus.CANCELLED)
    refused = world.refuse(order, pay(1), Code.OVERPAYMENT)
    assert refused.details == {"balance": "0.00"}


def test_a_payment_without_an_idempotency_key_is_refused(world: RulesWorld, order: Address) -> None:
    world.refuse(order, pay(1000), Code.INVALID_MESSAGE, request_id=None)


def test_a_delivered_order_can_be_paid(world: RulesWorld, order: Address) -> None:
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)
    world.do(order, pay(2300))
    assert money(world, order) == ("paid", "23.00", "0.00", False)


def test_a_payment_is_completed_once_however_often_the_balance_is_zero(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, pay(2300))
    world.do(
        order,
        c.ReplaceItems(items=(line("Soup", 500), line("Fish", 900, 2), line("Cake", 400))),
    )
    assert money(world, order) == ("partially_paid", "23.00", "4.00", False)
    world.do(order, pay(400))
    assert money(world, order) == ("paid", "27.00", "0.00", False)
    assert world.types(RESTAURANT).count("payment_completed") == 1


def test_an_order_whose_unpaid_item_is_voided_is_fully_paid(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, pay(500))
    world.do(order, void(2))
    assert money(world, order) == ("paid", "5.00", "0.00", False)
    assert world.types(RESTAURANT) == ["payment_completed"]
    assert world.types(ADA) == ["payment_notification"]


def test_a_free_order_is_paid_until_an_item_with_a_price_is_added(world: RulesWorld) -> None:
    session = world.occupy()
    order = world.order(session, line("Water", 0))
    assert money(world, order) == ("paid", "0.00", "0.00", False)
    assert world.snapshot(session)["orders"][0]["payment_status"] == "paid"
    assert world.snapshot(RESTAURANT)["open_orders"][0]["payment_status"] == "paid"
    assert "payment_completed" not in world.types(RESTAURANT)
    world.do(order, c.ReplaceItems(items=(line("Water", 0), line("Soup", 500))))
    assert money(world, order) == ("unpaid", "0.00", "5.00", False)


def test_an_order_of_12_500_000_dong_is_paid_at_once(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Pho", 2_500_000_00, 5))
    world.pay(order, parse_money("12500000.00"))
    assert money(world, order) == ("paid", "12500000.00", "0.00", False)


# --- refunds -------------------------------------------------------------------------------------


def test_cancelling_a_paid_order_makes_a_refund_due(world: RulesWorld, order: Address) -> None:
    world.do(order, pay(1000))
    world.clear()
    world.advance(order, OrderStatus.CANCELLED)
    assert money(world, order) == ("partially_paid", "10.00", "0.00", True)
    assert world.snapshot(order)["refund_amount"] == "10.00"
    assert world.types(RESTAURANT) == [], "cancelling an order does not complete its payment"


def test_a_refund_is_given_once(world: RulesWorld, order: Address) -> None:
    world.do(order, pay(1000))
    world.advance(order, OrderStatus.CANCELLED)
    world.clear()
    decision = world.do(order, c.Refund(reason="cancelled"))
    assert decision.result == {"amount": "10.00"}
    assert money(world, order) == ("refunded", "0.00", "0.00", False)
    assert world.types(order) == ["order_update"]
    world.unchanged(order, c.Refund(reason="cancelled"))


def test_voiding_a_paid_item_makes_a_partial_refund_due(world: RulesWorld, order: Address) -> None:
    world.do(order, pay(2300))
    world.do(order, void(1))
    assert money(world, order) == ("paid", "23.00", "0.00", True)
    assert world.snapshot(order)["refund_amount"] == "5.00"
    world.do(order, c.Refund(reason="sold out"))
    assert money(world, order) == ("paid", "18.00", "0.00", False)


def test_refund_is_rejected_if_nothing_is_due(world: RulesWorld, order: Address) -> None:
    world.do(order, pay(1000))
    world.unchanged(order, c.Refund(reason="by mistake"))


# --- amounts -------------------------------------------------------------------------------------


@given(total=AMOUNTS, paid=AMOUNTS, refunded=AMOUNTS, cancelled=st.booleans())
def test_net_paid_plus_balance_minus_refund_equals_amount_due(
    total: int, paid: int, refunded: int, cancelled: bool
) -> None:
    money = Money(total, paid, min(paid, refunded), cancelled)
    assert money.balance >= 0
    assert money.refund_due >= 0
    assert not (money.balance and money.refund_due)
    assert money.net_paid + money.balance - money.refund_due == money.amount_due
    assert money.is_settled == (not money.balance and not money.refund_due)


@pytest.mark.parametrize(
    ("total", "paid", "refunded", "status"),
    [
        (1000, 0, 0, PaymentStatus.UNPAID),
        (0, 0, 0, PaymentStatus.PAID),
        (1000, 400, 0, PaymentStatus.PARTIALLY_PAID),
        (1000, 1000, 0, PaymentStatus.PAID),
        (600, 1000, 400, PaymentStatus.PAID),
        (1000, 400, 400, PaymentStatus.REFUNDED),
    ],
)
def test_the_payment_status_follows_from_the_amounts(
    total: int, paid: int, refunded: int, status: PaymentStatus
) -> None:
    assert Money(total, paid, refunded, cancelled=False).status is status
