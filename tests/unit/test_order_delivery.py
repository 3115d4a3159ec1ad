"""Delivering the items of an order one by one, and the reasons for cancelling it."""

import pytest

from domain.entity import READY_GRACE_S
from protocol import commands as c
from protocol.caller import Caller, Role
from protocol.errors import Code
from protocol.ids import Address, Channel
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
ADMIN = Caller(Role.ADMIN, "admin:1")
NOW = "2026-01-28T21:00:00Z"


@pytest.fixture
def order(world: RulesWorld) -> Address:
    """A confirmed order of two items."""
    order = world.order(world.occupy(), line("Beer", 500), line("Fish", 900))
    world.advance(order, CONFIRMED)
    world.clear()
    return order


def finish(world: RulesWorld, order: Address, *item_ids: int) -> None:
    for item_id in item_ids:
        world.do(order, c.UpdateItem(item_id=item_id, status=ItemStatus.READY), KITCHEN)


def deliver(*item_ids: int) -> c.DeliverItems:
    return c.DeliverItems(item_ids=item_ids)


def delivered(world: RulesWorld, order: Address) -> list[str | None]:
    return [each["delivered_at"] for each in world.snapshot(order, Channel.ITEMS)["items"]]


# --- items ---------------------------------------------------------------------------------------


def test_a_ready_item_is_delivered_before_the_others(world: RulesWorld, order: Address) -> None:
    finish(world, order, 1)
    world.do(order, deliver(1), WAITER)
    assert delivered(world, order) == [NOW, None]
    assert world.snapshot(order)["status"] == "confirmed"
    assert world.types(order)[-1] == "order_items_update"


def test_the_last_item_makes_the_order_delivered(world: RulesWorld, order: Address) -> None:
    world.advance(order, READY)
    world.do(order, deliver(1), WAITER)
    assert world.snapshot(order)["status"] == "ready"
    world.wait(60)
    world.do(order, deliver(2), WAITER)
    seen = world.snapshot(order)
    assert (seen["status"], seen["delivered_at"]) == ("delivered", "2026-01-28T21:01:00Z")
    assert delivered(world, order) == [NOW, "2026-01-28T21:01:00Z"]
    assert world.types(order)[-2:] == ["order_items_update", "order_status"]


def test_items_delivered_within_the_grace_period_are_not_announced(
    world: RulesWorld, order: Address
) -> None:
    finish(world, order, 1, 2)
    world.do(order, deliver(1, 2), WAITER)
    assert world.snapshot(order)["status"] == "delivered"
    world.wait(READY_GRACE_S)
    assert world.types(ADA) == world.types(RESTAURANT) == []


def test_voiding_what_is_not_delivered_makes_the_order_delivered(
    world: RulesWorld, order: Address
) -> None:
    finish(world, order, 1)
    world.do(order, deliver(1))
    world.do(order, c.UpdateItem(item_id=2, status=ItemStatus.VOIDED, reason="sold out"))
    assert world.snapshot(order)["status"] == "delivered"
    assert delivered(world, order) == [NOW, None]


def test_a_delivered_order_has_delivered_items(world: RulesWorld, order: Address) -> None:
    world.do(order, c.UpdateItem(item_id=1, status=ItemStatus.VOIDED, reason="sold out"))
    world.advance(order, READY, DELIVERED)
    assert delivered(world, order) == [None, NOW]
    world.unchanged(order, deliver(2))


def test_a_delivered_item_stays_delivered_at_its_first_time(
    world: RulesWorld, order: Address
) -> None:
    finish(world, order, 1)
    world.do(order, deliver(1, 1))
    world.wait(60)
    world.unchanged(order, deliver(1))
    assert delivered(world, order) == [NOW, None]


def test_a_recalled_item_is_no_longer_delivered(world: RulesWorld, order: Address) -> None:
    world.advance(order, READY)
    world.do(order, deliver(1))
    back = c.UpdateItem(item_id=1, status=ItemStatus.PENDING, reason="flat")
    world.do(order, back)
    assert delivered(world, order) == [None, None]
    assert world.snapshot(order)["status"] == "confirmed"


def test_a_recalled_order_keeps_its_delivered_items(world: RulesWorld, order: Address) -> None:
    world.advance(order, READY)
    world.do(order, deliver(1))
    world.do(order, c.UpdateStatus(status=CONFIRMED, reason="raw"))
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [each["status"] for each in items] == ["ready", "pending"]
    assert delivered(world, order) == [NOW, None]


def test_only_ready_items_are_delivered(world: RulesWorld, order: Address) -> None:
    finish(world, order, 1)
    refused = world.refuse(order, deliver(1, 2), Code.INVALID_TRANSITION)
    assert (refused.details["item_id"], refused.details["current"]) == (2, "pending")
    world.refuse(order, deliver(3), Code.NOT_FOUND)


def test_items_of_a_cancelled_order_are_not_delivered(world: RulesWorld, order: Address) -> None:
    world.advance(order, READY)
    world.advance(order, OrderStatus.CANCELLED)
    world.refuse(order, deliver(1), Code.INVALID_TRANSITION)


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_guests_deliver_nothing(caller: Caller, world: RulesWorld, order: Address) -> None:
    finish(world, order, 1)
    world.refuse(order, deliver(1), Code.FORBIDDEN, caller)


# --- cancelling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [CONFIRMED, READY])
def test_a_waiter_needs_a_reason_to_cancel_what_is_confirmed(
    status: OrderStatus, world: RulesWorld, order: Address
) -> None:
    world.advance(order, status)
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED)
    world.refuse(order, cancel, Code.INVALID_MESSAGE, WAITER)
    reasoned = c.UpdateStatus(status=OrderStatus.CANCELLED, reason="they left")
    world.do(order, reasoned, WAITER)
    assert world.snapshot(order)["reason"] == "they left"


@pytest.mark.parametrize("caller", [MANAGER, ADMIN], ids=["manager", "admin"])
def test_a_managers_missing_reason_is_stored_as_none_given(
    caller: Caller, world: RulesWorld, order: Address
) -> None:
    world.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), caller)
    assert world.snapshot(order)["reason"] == "none given"


@pytest.mark.parametrize("caller", [GUEST, WAITER], ids=["guest", "waiter"])
def test_a_pending_order_is_cancelled_without_a_reason(caller: Caller, world: RulesWorld) -> None:
    order = world.order(world.occupy())
    world.do(order, c.UpdateStatus(status=OrderStatus.CANCELLED), caller)
    assert world.snapshot(order)["reason"] is None
