"""Taking back that an item or an order is ready: within the grace period, and after it."""

from datetime import timedelta

import pytest

from domain.copy import replace
from domain.entity import READY_GRACE_S, Decision, Inputs
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.statuses import ItemStatus, OrderStatus
from tests.unit.world import (
    ADA,
    ANONYMOUS,
    GUEST,
    KITCHEN,
    MANAGER,
    RESTAURANT,
    WAITER,
    RulesWorld,
    line,
)

CONFIRMED, READY, DELIVERED = OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED


@pytest.fixture
def order(world: RulesWorld) -> Address:
    """A confirmed order of two items."""
    order = world.order(world.occupy(), line("Soup", 500), line("Fish", 900))
    world.advance(order, CONFIRMED)
    world.wait(60)
    world.clear()
    return order


@pytest.fixture
def in_grace(world: RulesWorld, order: Address) -> Address:
    """The order, a moment after its last item became ready."""
    finish(world, order)
    world.clear()
    return order


@pytest.fixture
def ready(world: RulesWorld, in_grace: Address) -> Address:
    """The order after the grace period."""
    world.wait(READY_GRACE_S)
    world.clear()
    return in_grace


def finish(world: RulesWorld, order: Address) -> None:
    for item_id in (1, 2):
        world.do(order, c.UpdateItem(item_id=item_id, status=ItemStatus.READY), KITCHEN)


def recall(item_id: int = 1, reason: str | None = None) -> c.UpdateItem:
    return c.UpdateItem(item_id=item_id, status=ItemStatus.PENDING, reason=reason)


def statuses(world: RulesWorld, order: Address) -> list[str]:
    return [each["status"] for each in world.snapshot(order, Channel.ITEMS)["items"]]


def ready_notifications(world: RulesWorld, at: Address) -> list[tuple[str, str | None]]:
    """Id of each notification that an order is ready, and who acknowledged it."""
    data = world.snapshot(at, Channel.NOTIFICATIONS if at is RESTAURANT else None)
    rows = data["notifications" if at is RESTAURANT else "tasks"]
    return [
        (row["notification_id"], row["acknowledged_by"])
        for row in rows
        if row["kind"] == "order_ready"
    ]


# --- within the grace period ---------------------------------------------------------------------


def test_staff_are_notified_only_after_the_grace_period(
    world: RulesWorld, in_grace: Address
) -> None:
    world.wait(READY_GRACE_S / 2)
    assert world.snapshot(in_grace)["status"] == "confirmed"
    assert world.types(ADA) == world.types(RESTAURANT) == []
    world.wait(READY_GRACE_S / 2)
    seen = world.snapshot(in_grace)
    assert (seen["status"], seen["ready_at"]) == ("ready", "2026-01-28T21:01:03Z")
    assert world.types(in_grace) == ["order_status"]
    assert world.types(ADA) == ["order_notification"]
    assert world.types(RESTAURANT) == ["order_ready"]


def test_a_recall_within_the_grace_period_needs_no_reason_and_ends_it(
    world: RulesWorld, in_grace: Address
) -> None:
    world.do(in_grace, recall(), KITCHEN)
    assert statuses(world, in_grace) == ["pending", "ready"]
    world.wait(READY_GRACE_S)
    assert world.snapshot(in_grace)["status"] == "confirmed"
    assert world.types(in_grace) == ["order_items_update"]
    assert world.types(ADA) == []
    world.do(in_grace, c.UpdateItem(item_id=1, status=ItemStatus.READY))
    world.wait(READY_GRACE_S / 2)
    assert world.snapshot(in_grace)["status"] == "confirmed", "the grace period begins again"
    world.wait(READY_GRACE_S / 2)
    assert world.snapshot(in_grace)["status"] == "ready"


def test_a_change_that_leaves_all_items_ready_does_not_prolong_the_grace_period(
    world: RulesWorld, in_grace: Address
) -> None:
    world.wait(READY_GRACE_S / 2)
    void = c.VoidItems(items=(c.VoidedItem(item_id=1),), reason="cold")
    world.do(in_grace, void)
    world.wait(READY_GRACE_S / 2)
    assert world.snapshot(in_grace)["status"] == "ready"


def test_an_added_item_ends_the_grace_period(world: RulesWorld, in_grace: Address) -> None:
    world.do(in_grace, c.AddItems(items=(line("Cake", 400),)))
    world.wait(READY_GRACE_S)
    assert world.snapshot(in_grace)["status"] == "confirmed"


def test_an_order_set_ready_is_ready_at_once(world: RulesWorld, order: Address) -> None:
    world.advance(order, READY)
    assert world.types(ADA) == ["order_notification"]
    world.wait(READY_GRACE_S)
    assert world.types(ADA) == ["order_notification"]


def test_an_order_set_ready_within_the_grace_period_is_announced_once(
    world: RulesWorld, in_grace: Address
) -> None:
    world.advance(in_grace, READY)
    world.wait(READY_GRACE_S)
    assert world.types(RESTAURANT) == ["order_ready"]


def test_an_order_delivered_within_the_grace_period_is_not_announced(
    world: RulesWorld, in_grace: Address
) -> None:
    world.do(in_grace, c.UpdateStatus(status=DELIVERED), WAITER)
    seen = world.snapshot(in_grace)
    assert seen["status"] == "delivered"
    assert seen["ready_at"] == seen["delivered_at"] == "2026-01-28T21:01:00Z"
    world.wait(READY_GRACE_S)
    assert world.snapshot(in_grace)["status"] == "delivered"
    assert world.types(in_grace) == ["order_status", "order_status"]
    assert world.types(ADA) == world.types(RESTAURANT) == []


def test_a_confirmed_order_with_pending_items_is_not_delivered(
    world: RulesWorld, order: Address
) -> None:
    world.refuse(order, c.UpdateStatus(status=DELIVERED), Code.INVALID_TRANSITION)


def test_an_order_cancelled_within_the_grace_period_stays_cancelled(
    world: RulesWorld, in_grace: Address
) -> None:
    world.do(in_grace, c.UpdateStatus(status=OrderStatus.CANCELLED, reason="they left"))
    world.wait(READY_GRACE_S)
    assert world.snapshot(in_grace)["status"] == "cancelled"


# --- after it ------------------------------------------------------------------------------------


def test_a_recalled_item_makes_a_ready_order_confirmed(world: RulesWorld, ready: Address) -> None:
    before = world.snapshot(ready)
    world.do(ready, recall(reason="raw"), WAITER)
    seen = world.snapshot(ready)
    assert (seen["status"], seen["ready_at"], seen["reason"]) == ("confirmed", None, "raw")
    assert seen["confirmed_at"] == before["confirmed_at"]
    assert statuses(world, ready) == ["pending", "ready"]
    assert world.types(ready) == ["order_items_update", "order_status"]


def test_a_recall_acknowledges_the_notification_and_the_next_one_is_new(
    world: RulesWorld, ready: Address
) -> None:
    world.pay(ready, 100)  # the order has changed since
    [(first, by)] = ready_notifications(world, ADA)
    assert by is None
    world.do(ready, recall(reason="raw"), KITCHEN)
    for at in (RESTAURANT, ADA):
        assert ready_notifications(world, at) == [(first, "kitchen:1")]
    world.do(ready, c.UpdateItem(item_id=1, status=ItemStatus.READY))
    world.wait(READY_GRACE_S)
    assert world.snapshot(ready)["reason"] is None
    for at in (RESTAURANT, ADA):
        acknowledged, (second, by) = ready_notifications(world, at)
        assert acknowledged == (first, "kitchen:1")
        assert second != first
        assert by is None
    assert world.types(RESTAURANT) == ["order_ready"]


def test_a_recall_of_a_ready_order_needs_a_reason(world: RulesWorld, ready: Address) -> None:
    world.refuse(ready, recall(), Code.INVALID_MESSAGE, KITCHEN)
    refused = world.refuse(ready, c.UpdateStatus(status=CONFIRMED), Code.INVALID_TRANSITION)
    assert refused.details == {"current": "ready", "allowed": ["cancelled", "delivered"]}


def test_an_order_recalled_as_a_whole_takes_its_items_along(
    world: RulesWorld, ready: Address
) -> None:
    world.do(ready, c.UpdateItem(item_id=2, status=ItemStatus.VOIDED, reason="cold"))
    world.do(ready, c.UpdateStatus(status=CONFIRMED, reason="wrong table"), KITCHEN)
    assert statuses(world, ready) == ["pending", "voided"]
    seen = world.snapshot(ready)
    assert (seen["status"], seen["ready_at"], seen["reason"]) == ("confirmed", None, "wrong table")


@pytest.mark.parametrize("status", [OrderStatus.DELIVERED, OrderStatus.CANCELLED])
def test_an_item_of_an_order_that_is_over_is_not_recalled(
    status: OrderStatus, world: RulesWorld, ready: Address
) -> None:
    world.do(ready, c.UpdateStatus(status=status, reason="why"))
    world.refuse(ready, recall(reason="raw"), Code.INVALID_TRANSITION)


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_guests_do_not_recall(caller: Caller, world: RulesWorld, ready: Address) -> None:
    world.refuse(ready, recall(reason="raw"), Code.FORBIDDEN, caller)
    back = c.UpdateStatus(status=CONFIRMED, reason="raw")
    world.refuse(ready, back, Code.FORBIDDEN, caller)


def test_an_order_that_was_ready_in_an_earlier_release_can_be_recalled(
    world: RulesWorld, ready: Address
) -> None:
    """Its notification is not known, and stays open."""
    world.states[ready] = replace(world.states[ready], ready_revision=None)
    world.do(ready, recall(reason="raw"))
    assert world.snapshot(ready)["status"] == "confirmed"
    [(_, by)] = ready_notifications(world, RESTAURANT)
    assert by is None


@pytest.mark.parametrize("seconds", [0, 10])
def test_the_grace_period_is_that_of_the_time_of_placing(world: RulesWorld, seconds: int) -> None:
    session = world.occupy()
    inputs = Inputs(id=world.fresh(), ready_grace_s=seconds)
    placing = c.PlaceOrder(items=(line("Soup", 1250),))
    decision = world._send(session, placing, MANAGER, inputs, None)
    assert isinstance(decision, Decision)
    order = Address(Kind.ORDER, decision.result["order_id"], RESTAURANT.id)
    world.advance(order, OrderStatus.CONFIRMED)
    world.do(order, c.UpdateItem(item_id=1, status=ItemStatus.READY))
    [due] = [timer.due for timer in world.timers.values()]
    assert due == world.now + timedelta(seconds=seconds)
    world.wait(seconds)
    assert world.snapshot(order)["status"] == "ready"
