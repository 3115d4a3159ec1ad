"""The units of an order's items: voided with a reason, and added without replacing any."""

import pytest

from domain.order import lines as order_lines
from domain.order.item import Item, Void, void_units
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.ids import Address, Channel
from protocol.statuses import ItemStatus, OrderStatus
from tests.unit.world import ANONYMOUS, GUEST, MANAGER, START, WAITER, RulesWorld, line

SOUP, FISH = line("Soup", 500), line("Fish", 900, 3)
TEA = c.MenuLine(menu_item_id=7)
PRICES = {7: ("Tea", 250)}
PENDING, CONFIRMED, READY = OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.READY


@pytest.fixture
def pending(world: RulesWorld) -> Address:
    """A pending order of one soup (item 1) and three fishes (item 2): 32.00."""
    order = world.order(world.occupy(), SOUP, FISH)
    world.clear()
    return order


@pytest.fixture
def order(world: RulesWorld, pending: Address) -> Address:
    """The same order, confirmed."""
    world.advance(pending, CONFIRMED)
    world.clear()
    return pending


def void(*items: tuple[int, int | None]) -> c.VoidItems:
    voided = tuple(c.VoidedItem(item_id=id_, units=units) for id_, units in items)
    return c.VoidItems(items=voided, reason="spilled")


def units(world: RulesWorld, order: Address) -> list[tuple[str, int, list[int]]]:
    """Status, quantity and voided units of each item."""
    return [
        (each["status"], each["quantity"], [void["units"] for void in each["voids"]])
        for each in world.snapshot(order, Channel.ITEMS)["items"]
    ]


# --- voiding -------------------------------------------------------------------------------------


def test_a_voided_unit_lowers_the_quantity_and_is_listed(world: RulesWorld, order: Address) -> None:
    decision = world.do(order, void((2, 1)), WAITER)
    assert decision.result == {"total_amount": "23.00", "voided_amount": "9.00"}
    assert units(world, order) == [("pending", 1, []), ("pending", 2, [1])]
    [listed] = world.snapshot(order, Channel.ITEMS)["items"][1]["voids"]
    assert listed == {
        "units": 1, "reason": "spilled", "at": "2026-01-28T21:00:00Z", "by": "waiter:10",
    }  # fmt: skip
    seen = world.snapshot(order)
    assert (seen["total_amount"], seen["items_count"], seen["status"]) == ("23.00", 3, "confirmed")
    assert world.types(order) == ["order_items_update"]
    assert world.types(order, Channel.ITEMS) == ["items_updated"]


def test_the_last_units_void_the_item_and_keep_their_quantity(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, void((2, 1)))
    world.do(order, void((2, 2)))
    assert units(world, order) == [("pending", 1, []), ("voided", 2, [1])]
    assert world.snapshot(order, Channel.ITEMS)["items"][1]["reason"] == "spilled"
    assert world.snapshot(order)["total_amount"] == "5.00"


def test_an_item_without_units_is_voided_as_update_item_voids_it(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, void((1, None)))
    world.do(order, c.UpdateItem(item_id=2, status=ItemStatus.VOIDED, reason="spilled"))
    assert units(world, order) == [("voided", 1, []), ("voided", 3, [])]
    assert world.snapshot(order)["status"] == "cancelled"


def test_several_items_are_voided_together(world: RulesWorld, order: Address) -> None:
    world.do(order, void((1, None), (2, 1), (2, 1)))
    assert units(world, order) == [("voided", 1, []), ("pending", 1, [1, 1])]


@pytest.mark.parametrize("items", [((2, 4),), ((1, None), (2, 2), (2, 2))])
def test_more_units_than_are_left_are_refused(
    items: tuple[tuple[int, int | None], ...], world: RulesWorld, order: Address
) -> None:
    refused = world.refuse(order, void(*items), Code.INVALID_TRANSITION)
    assert refused.details["item_id"] == 2
    assert refused.details["units"] in (3, 1)


def test_units_of_a_voided_item_are_refused_and_the_whole_is_unchanged(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, void((2, None)))
    assert world.refuse(order, void((2, 1)), Code.INVALID_TRANSITION).details["units"] == 0
    world.unchanged(order, void((2, None)))


def test_a_missing_item_is_not_found(world: RulesWorld, order: Address) -> None:
    refused = world.refuse(order, void((1, None), (3, 1)), Code.NOT_FOUND)
    assert refused.details == {"item_id": 3}


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_only_staff_can_void_units(caller: Caller, world: RulesWorld, order: Address) -> None:
    world.refuse(order, void((2, 1)), Code.FORBIDDEN, caller)


@pytest.mark.parametrize("status", [PENDING, CONFIRMED, READY])
def test_units_are_voided_until_the_order_is_delivered(
    status: OrderStatus, world: RulesWorld, pending: Address
) -> None:
    world.advance(pending, *{CONFIRMED: (CONFIRMED,), READY: (CONFIRMED, READY)}.get(status, ()))
    world.do(pending, void((2, 2)))
    assert world.snapshot(pending)["status"] == status.value
    assert units(world, pending)[1][1:] == (1, [2])


@pytest.mark.parametrize("over", [OrderStatus.DELIVERED, OrderStatus.CANCELLED])
def test_units_of_an_order_that_is_over_stay(
    over: OrderStatus, world: RulesWorld, order: Address
) -> None:
    world.advance(order, *((READY, over) if over is OrderStatus.DELIVERED else (over,)))
    world.refuse(order, void((2, 1)), Code.INVALID_TRANSITION)


def test_paid_units_that_are_voided_are_due_back(world: RulesWorld, order: Address) -> None:
    world.pay(order, 3200)
    world.do(order, void((2, 1)))
    assert world.snapshot(order)["refund_amount"] == "9.00"


def test_a_raised_quantity_keeps_the_voided_units(world: RulesWorld, order: Address) -> None:
    world.do(order, void((2, 1)))
    world.do(order, c.ReplaceItems(items=(SOUP, line("Fish", 900, 4))))
    assert units(world, order) == [("pending", 1, []), ("pending", 4, [1])]


def test_quantity_and_voids_add_up_to_the_units_ordered() -> None:
    item = Item(1, "Fish", 3, 900)
    fewer = void_units(item, 2, "spilled", START, "waiter:10")
    assert (fewer.quantity, fewer.voids) == (1, (Void(2, "spilled", START, "waiter:10"),))
    last = void_units(fewer, 1, "cold", START, "waiter:10")
    assert (last.status, last.quantity, last.voids) == (ItemStatus.VOIDED, 1, fewer.voids)


# --- adding --------------------------------------------------------------------------------------


def test_added_items_stand_beside_those_of_the_order(world: RulesWorld, order: Address) -> None:
    world.do(order, c.UpdateItem(item_id=1, status=ItemStatus.READY))
    decision = world.do(order, c.AddItems(items=(SOUP, line("Cake", 400, 2))), WAITER)
    assert decision.result == {"total_amount": "45.00", "item_ids": [3, 4]}
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [(each["item_id"], each["name"], each["status"]) for each in items] == [
        (1, "Soup", "ready"),
        (2, "Fish", "pending"),
        (3, "Soup", "pending"),
        (4, "Cake", "pending"),
    ]
    assert world.types(order)[-1] == "order_items_update"


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_guests_add_items_of_the_menu_while_the_order_is_pending(
    caller: Caller, world: RulesWorld, pending: Address
) -> None:
    world.refuse(pending, c.AddItems(items=(SOUP,)), Code.FORBIDDEN, caller)
    world.do(pending, c.AddItems(items=(TEA,)), caller, prices=PRICES)
    assert world.snapshot(pending)["total_amount"] == "34.50"
    world.advance(pending, CONFIRMED)
    refused = world.refuse(
        pending, c.AddItems(items=(TEA,)), Code.INVALID_TRANSITION, caller, prices=PRICES
    )
    assert refused.details["current"] == "confirmed"


@pytest.mark.parametrize("status", [READY, OrderStatus.DELIVERED, OrderStatus.CANCELLED])
def test_nothing_is_added_to_an_order_past_confirmed(
    status: OrderStatus, world: RulesWorld, order: Address
) -> None:
    world.advance(order, *((READY, status) if status is OrderStatus.DELIVERED else (status,)))
    world.refuse(order, c.AddItems(items=(SOUP,)), Code.INVALID_TRANSITION, MANAGER)


def test_the_expected_total_is_that_of_the_added_items(world: RulesWorld, order: Address) -> None:
    add = c.AddItems(items=(TEA,), expected_total=300)
    refused = world.refuse(order, add, Code.PRICE_CHANGED, prices=PRICES)
    assert refused.details == {"total_amount": "2.50"}
    world.do(order, c.AddItems(items=(TEA,), expected_total=250), prices=PRICES)
    assert world.snapshot(order)["total_amount"] == "34.50"


@pytest.mark.parametrize(
    "lines",
    [
        (TEA,) * (order_lines.MAX_GUEST_LINES - 1),
        (c.MenuLine(menu_item_id=7, notes="é" * (order_lines.MAX_GUEST_NOTES_BYTES // 4)),) * 3,
    ],
    ids=["lines", "notes"],
)
def test_a_guests_order_stays_within_its_limits(
    lines: tuple[c.MenuLine, ...], world: RulesWorld, pending: Address
) -> None:
    world.do(pending, c.AddItems(items=lines[:1]), GUEST, prices=PRICES)
    world.refuse(pending, c.AddItems(items=lines[1:]), Code.INVALID_MESSAGE, GUEST, prices=PRICES)
    half = lines[1 : len(lines) // 2 + 1]
    world.do(pending, c.AddItems(items=half), GUEST, prices=PRICES)


def test_an_order_has_at_most_as_many_items_as_a_new_one(world: RulesWorld, order: Address) -> None:
    lines = (SOUP,) * (c.MAX_LINES - 1)
    world.refuse(order, c.AddItems(items=lines), Code.INVALID_MESSAGE)
    world.do(order, c.AddItems(items=lines[1:]))
    world.refuse(order, c.AddItems(items=(SOUP,)), Code.INVALID_MESSAGE)


def test_the_session_counts_the_notes_that_guests_add(world: RulesWorld) -> None:
    session = world.occupy()
    order = world.order(session, SOUP)
    noted = (c.MenuLine(menu_item_id=7, notes="hot"),)
    world.do(order, c.AddItems(items=noted), GUEST, prices=PRICES)
    assert world.states[session].notes_bytes == 3
    world.do(order, c.AddItems(items=noted), WAITER, prices=PRICES)
    assert world.states[session].notes_bytes == 3
