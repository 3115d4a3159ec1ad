"""The status of an order: transitions, permissions and snapshots."""

from datetime import timedelta
from itertools import product

import pytest

from domain import lifecycle
from domain.messages import OpenOrder, OrderChanged
from domain.order.line import OrderLine
from domain.order.rules import ORDER
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus, PaymentMethod
from tests.unit.world import (
    ADA,
    ANONYMOUS,
    GUEST,
    KITCHEN,
    RESTAURANT,
    START,
    TABLE,
    RulesWorld,
    line,
)

CANCELLED, CONFIRMED, DELIVERED = (
    OrderStatus.CANCELLED,
    OrderStatus.CONFIRMED,
    OrderStatus.DELIVERED,
)
PENDING, READY = OrderStatus.PENDING, OrderStatus.READY

PATH_TO: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    PENDING: (),
    CONFIRMED: (CONFIRMED,),
    READY: (CONFIRMED, READY),
    DELIVERED: (CONFIRMED, READY, DELIVERED),
    CANCELLED: (CANCELLED,),
}
PAIRS = list(product(OrderStatus, OrderStatus))
LEGAL = [(now, to) for now, to in PAIRS if to in lifecycle.ORDER[now]]
STEPS = [pair for pair in LEGAL if pair != (READY, CONFIRMED)]
"""All but the recall, whose tests are in `test_order_recall.py`."""
ILLEGAL = [(now, to) for now, to in PAIRS if now is not to and to not in lifecycle.ORDER[now]]


def order_with_status(status: OrderStatus, world: RulesWorld) -> Address:
    order = world.order(world.occupy())
    world.advance(order, *PATH_TO[status])
    world.clear()
    return order


@pytest.mark.parametrize(("now", "to"), STEPS)
def test_an_order_allows_every_transition_of_its_table(
    now: OrderStatus, to: OrderStatus, world: RulesWorld
) -> None:
    order = order_with_status(now, world)
    world.wait(60)
    decision = world.do(order, c.UpdateStatus(status=to))
    assert decision.events
    seen = world.snapshot(order)
    assert seen["status"] == to
    assert seen["status_display"] == to.value.capitalize()
    assert seen[f"{to.value}_at"] == "2026-01-28T21:01:00Z"
    assert world.types(order)[-1] == "order_status"


@pytest.mark.parametrize(("now", "to"), ILLEGAL)
def test_an_order_refuses_every_other_transition(
    now: OrderStatus, to: OrderStatus, world: RulesWorld
) -> None:
    order = order_with_status(now, world)
    refused = world.refuse(order, c.UpdateStatus(status=to), Code.INVALID_TRANSITION)
    assert refused.details["current"] == now.value
    assert set(refused.details["allowed"]) == {each.value for each in lifecycle.ORDER[now]}


@pytest.mark.parametrize("status", OrderStatus)
def test_setting_the_current_status_changes_nothing(status: OrderStatus, world: RulesWorld) -> None:
    order = order_with_status(status, world)
    world.unchanged(order, c.UpdateStatus(status=status))


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
@pytest.mark.parametrize("now", [now for now, to in LEGAL if to is CANCELLED])
def test_guests_can_cancel_only_pending_orders(
    now: OrderStatus, caller: Caller, world: RulesWorld
) -> None:
    """That guests may set no other status is in the gateway's policy."""
    order = order_with_status(now, world)
    if now is PENDING:
        assert world.do(order, c.UpdateStatus(status=CANCELLED), caller).events
    else:
        world.refuse(order, c.UpdateStatus(status=CANCELLED), Code.FORBIDDEN, caller)


def test_each_status_timestamp_is_set_once(world: RulesWorld) -> None:
    order = order_with_status(PENDING, world)
    moments = {}
    for status in (CONFIRMED, READY, DELIVERED):
        world.wait(60)
        world.advance(order, status)
        moments[f"{status.value}_at"] = world.snapshot(order)[f"{status.value}_at"]
    seen = world.snapshot(order)
    assert {name: seen[name] for name in moments} == moments
    assert len(set(moments.values())) == 3
    assert seen["cancelled_at"] is None
    assert seen["created_at"] == "2026-01-28T21:00:00Z"


def test_setting_an_order_ready_sets_its_items_ready(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 500), line("Fish", 900))
    world.advance(order, CONFIRMED)
    world.clear()
    world.advance(order, READY)
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [item["status"] for item in items] == ["ready", "ready"]
    assert world.types(order, Channel.ITEMS) == ["items_updated"]
    assert world.types(order) == ["order_items_update", "order_status"]


def test_setting_an_order_ready_keeps_voided_items_voided(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 500), line("Fish", 900))
    world.advance(order, CONFIRMED)
    void = c.UpdateItem(item_id=1, status=ItemStatus.VOIDED, reason="sold out")
    world.do(order, void, KITCHEN)
    world.advance(order, READY)
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [item["status"] for item in items] == ["voided", "ready"]


def test_a_cancellation_keeps_its_reason(world: RulesWorld) -> None:
    order = order_with_status(CONFIRMED, world)
    world.do(order, c.UpdateStatus(status=CANCELLED, reason="guest left"))
    assert world.snapshot(order)["reason"] == "guest left"


def test_an_order_snapshot_has_the_documented_fields(world: RulesWorld) -> None:
    order = world.order(world.occupy(), line("Soup", 10000, 2), line("Fish", 5000))
    seen = world.snapshot(order)
    assert {
        name: seen[name]
        for name in (
            "id",
            "status",
            "status_display",
            "total_amount",
            "items_count",
            "created_at",
            "confirmed_at",
            "ready_at",
            "delivered_at",
        )
    } == {
        "id": order.id,
        "status": "pending",
        "status_display": "Pending",
        "total_amount": "250.00",
        "items_count": 3,
        "created_at": "2026-01-28T21:00:00Z",
        "confirmed_at": None,
        "ready_at": None,
        "delivered_at": None,
    }


def test_each_channel_has_its_own_snapshot(world: RulesWorld) -> None:
    state = world.states[order_with_status(PENDING, world)]
    assert ORDER.snapshot(state, Channel.ORDER)[0] == "order_status"
    assert ORDER.snapshot(state, Channel.ITEMS)[0] == "items_list"


def test_a_command_to_a_missing_order_is_not_found(world: RulesWorld) -> None:
    nowhere = Address(Kind.ORDER, 999, RESTAURANT.id)
    for command in (
        c.UpdateStatus(status=READY),
        c.UpdateItem(item_id=1, status=ItemStatus.READY),
        c.ReplaceItems(items=(line("Soup", 1),)),
        c.Pay(amount=1, method=PaymentMethod.CASH),
        c.Refund(reason="none"),
    ):
        world.refuse(nowhere, command, Code.NOT_FOUND)


def test_an_existing_order_is_not_opened_again(world: RulesWorld) -> None:
    order = order_with_status(CONFIRMED, world)
    again = OpenOrder(1, TABLE.id, "5", ADA.id, "EUR", START, (OrderLine("Soup", 1, 100),))
    world.unchanged(order, again)


def test_an_order_rejects_commands_of_other_kinds(world: RulesWorld) -> None:
    order = order_with_status(PENDING, world)
    world.refuse(order, c.Occupy(), Code.UNKNOWN_ACTION)


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_settled_when_it_is_final_and_paid(
    status: OrderStatus, world: RulesWorld
) -> None:
    order = order_with_status(status, world)
    assert ORDER.is_final(world.states[order]) is (status is CANCELLED)
    if status is not CANCELLED:
        world.pay(order, 1250)
        assert ORDER.is_final(world.states[order]) is (status is DELIVERED)


def test_a_cancelled_order_with_a_payment_is_not_settled(world: RulesWorld) -> None:
    order = order_with_status(PENDING, world)
    world.pay(order, 1000)
    world.advance(order, CANCELLED)
    assert not ORDER.is_final(world.states[order])
    world.do(order, c.Refund(reason="cancelled"))
    assert ORDER.is_final(world.states[order])


def test_an_order_is_created_at_the_time_it_was_placed(world: RulesWorld) -> None:
    session = world.occupy()
    world.now += timedelta(seconds=5)
    order = world.order(session)
    created = world.snapshot(order)["created_at"]
    assert created == "2026-01-28T21:00:05Z"
    assert [each["created_at"] for each in world.snapshot(session)["orders"]] == [created]


def test_new_order_sends_no_update_to_its_session(world: RulesWorld) -> None:
    world.order(world.occupy())
    assert not [effect for effect in world.effects if isinstance(effect.message, OrderChanged)]


@pytest.mark.parametrize(
    ("steps", "paid", "brief"),
    [
        ((CANCELLED,), 0, True),
        ((CANCELLED,), 100, False),
        ((CONFIRMED, CANCELLED), 0, False),
        ((CONFIRMED, READY, DELIVERED), 1250, False),
    ],
    ids=["cancelled-while-pending", "part-paid", "confirmed", "delivered"],
)
def test_only_an_order_cancelled_before_confirmation_and_payment_is_brief(
    steps: tuple[OrderStatus, ...], paid: int, brief: bool, world: RulesWorld
) -> None:
    order = world.order(world.occupy())
    if paid:
        world.pay(order, paid)
    world.advance(order, *steps)
    assert ORDER.is_short_lived(world.states[order]) is brief
