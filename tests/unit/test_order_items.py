"""The items of an order: their transitions, the resulting status of the order, and replacement."""

from itertools import product

import pytest

from domain import lifecycle
from domain.entity import READY_GRACE_S
from domain.order import item as order_items
from domain.order.item import Item
from domain.order.line import OrderLine
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.ids import Address, Channel
from protocol.statuses import ItemStatus, OrderStatus
from tests.unit.world import ANONYMOUS, GUEST, KITCHEN, RulesWorld, line

READY, VOIDED, PENDING = ItemStatus.READY, ItemStatus.VOIDED, ItemStatus.PENDING
SOUP, FISH = line("Soup", 500), line("Fish", 900, 2)
PAST_CONFIRMED = (OrderStatus.READY, OrderStatus.DELIVERED, OrderStatus.CANCELLED)


@pytest.fixture
def pending(world: RulesWorld) -> Address:
    """A pending order of one soup (item 1) and two fishes (item 2): 23.00."""
    order = world.order(world.occupy(), SOUP, FISH)
    world.clear()
    return order


@pytest.fixture
def order(world: RulesWorld, pending: Address) -> Address:
    """The same order, confirmed."""
    world.advance(pending, OrderStatus.CONFIRMED)
    world.clear()
    return pending


def set_item(item_id: int, status: ItemStatus) -> c.UpdateItem:
    return c.UpdateItem(item_id=item_id, status=status, reason="sold out")


def statuses(world: RulesWorld, order: Address) -> list[str]:
    return [each["status"] for each in world.snapshot(order, Channel.ITEMS)["items"]]


def advance_to(world: RulesWorld, order: Address, status: OrderStatus) -> None:
    if status is not OrderStatus.CANCELLED:
        world.advance(order, OrderStatus.READY)
    if status is not OrderStatus.READY:
        world.advance(order, status)


# --- one item ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "to"), list(product(ItemStatus, ItemStatus)))
def test_an_item_allows_only_the_transitions_of_its_table(
    now: ItemStatus, to: ItemStatus, world: RulesWorld, order: Address
) -> None:
    if now is not PENDING:
        world.do(order, set_item(1, now), KITCHEN)
    if now is to:
        world.unchanged(order, set_item(1, to))
    elif to in lifecycle.ITEM[now]:
        assert world.do(order, set_item(1, to)).events
        assert statuses(world, order) == [to.value, "pending"]
    else:
        refused = world.refuse(order, set_item(1, to), Code.INVALID_TRANSITION)
        assert refused.details["current"] == now.value


def test_only_a_voided_item_keeps_a_reason(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(1, READY))
    world.do(order, set_item(2, VOIDED))
    rows = world.snapshot(order, Channel.ITEMS)["items"]
    assert [row["reason"] for row in rows] == [None, "sold out"]


def test_item_change_is_published_on_both_channels(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(1, READY))
    assert world.types(order) == ["order_items_update"]
    assert world.types(order, Channel.ITEMS) == ["items_updated"]
    assert world.last(order) == world.last(order, Channel.ITEMS)


def test_an_order_becomes_ready_with_its_last_item(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(1, READY))
    world.wait(READY_GRACE_S)
    assert world.snapshot(order)["status"] == "confirmed"
    world.do(order, set_item(2, READY))
    assert world.snapshot(order)["status"] == "confirmed"
    world.wait(READY_GRACE_S)
    assert world.snapshot(order)["status"] == "ready"
    assert world.snapshot(order)["ready_at"] is not None
    assert world.types(order)[-1] == "order_status"


def test_an_order_becomes_ready_when_its_other_items_are_voided(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, set_item(1, READY))
    world.do(order, set_item(2, VOIDED))
    world.wait(READY_GRACE_S)
    assert world.snapshot(order)["status"] == "ready"


def test_an_order_whose_items_are_all_voided_is_cancelled(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, set_item(1, VOIDED))
    world.do(order, set_item(2, VOIDED))
    seen = world.snapshot(order)
    assert (seen["status"], seen["total_amount"], seen["items_count"]) == ("cancelled", "0.00", 0)
    assert seen["cancelled_at"] is not None


def test_a_ready_order_whose_items_are_all_voided_is_cancelled(
    world: RulesWorld, order: Address
) -> None:
    world.advance(order, OrderStatus.READY)
    world.do(order, set_item(1, VOIDED))
    assert world.snapshot(order)["status"] == "ready"
    world.do(order, set_item(2, VOIDED))
    assert world.snapshot(order)["status"] == "cancelled"


def test_a_voided_item_costs_nothing_and_stays_listed(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(2, VOIDED))
    seen = world.snapshot(order, Channel.ITEMS)
    assert (seen["total_amount"], seen["items_count"]) == ("5.00", 1)
    assert [(each["item_id"], each["total"], each["reason"]) for each in seen["items"]] == [
        (1, "5.00", None),
        (2, "0.00", "sold out"),
    ]


def test_an_item_is_ready_only_while_its_order_is_confirmed(world: RulesWorld) -> None:
    order = world.order(world.occupy(), SOUP)
    refused = world.refuse(order, set_item(1, READY), Code.INVALID_TRANSITION)
    assert refused.details["current"] == "pending"


def test_an_item_may_be_voided_before_its_order_is_confirmed(world: RulesWorld) -> None:
    order = world.order(world.occupy(), SOUP, FISH)
    world.do(order, set_item(1, VOIDED))
    assert world.snapshot(order)["total_amount"] == "18.00"


@pytest.mark.parametrize("status", [OrderStatus.DELIVERED, OrderStatus.CANCELLED])
def test_items_of_a_final_order_cannot_change(
    status: OrderStatus, world: RulesWorld, order: Address
) -> None:
    advance_to(world, order, status)
    world.refuse(order, set_item(1, VOIDED), Code.INVALID_TRANSITION)


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_only_staff_can_void_items(caller: Caller, world: RulesWorld, order: Address) -> None:
    world.refuse(order, set_item(1, VOIDED), Code.FORBIDDEN, caller)


def test_voiding_needs_a_reason(world: RulesWorld, order: Address) -> None:
    world.refuse(order, c.UpdateItem(item_id=1, status=VOIDED), Code.INVALID_MESSAGE)


def test_a_missing_item_is_not_found(world: RulesWorld, order: Address) -> None:
    world.refuse(order, set_item(3, READY), Code.NOT_FOUND)


# --- all items -----------------------------------------------------------------------------------


def test_unchanged_lines_keep_their_id_and_status(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(1, READY))
    world.do(order, c.ReplaceItems(items=(line("Cake", 400), FISH, SOUP)))
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [(each["item_id"], each["name"], each["status"]) for each in items] == [
        (1, "Soup", "ready"),
        (2, "Fish", "pending"),
        (3, "Cake", "pending"),
    ]
    assert world.snapshot(order)["total_amount"] == "27.00"


def test_item_with_a_new_quantity_keeps_its_id_and_becomes_pending(
    world: RulesWorld, order: Address
) -> None:
    world.do(order, set_item(1, READY))
    world.do(order, c.ReplaceItems(items=(line("Soup", 500, 3), FISH)))
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [(each["item_id"], each["quantity"], each["status"]) for each in items] == [
        (1, 3, "pending"),
        (2, 2, "pending"),
    ]


def test_a_line_with_other_notes_is_another_item(world: RulesWorld, pending: Address) -> None:
    world.do(pending, c.ReplaceItems(items=(line("Soup", 500, notes="no salt"), FISH)))
    assert [each["item_id"] for each in world.snapshot(pending, Channel.ITEMS)["items"]] == [2, 3]


def test_voided_items_stay_listed_and_match_no_line(world: RulesWorld, order: Address) -> None:
    world.do(order, set_item(1, VOIDED))
    world.do(order, c.ReplaceItems(items=(SOUP, FISH)))
    items = world.snapshot(order, Channel.ITEMS)["items"]
    assert [(each["item_id"], each["status"]) for each in items] == [
        (1, "voided"),
        (2, "pending"),
        (3, "pending"),
    ]


def test_item_ids_are_never_reused(world: RulesWorld, pending: Address) -> None:
    world.do(pending, c.ReplaceItems(items=(SOUP, line("Cake", 400))))
    world.do(pending, c.ReplaceItems(items=(SOUP,)))
    world.do(pending, c.ReplaceItems(items=(SOUP, line("Cake", 400))))
    assert [each["item_id"] for each in world.snapshot(pending, Channel.ITEMS)["items"]] == [1, 4]


def test_the_same_lines_in_another_order_change_nothing(world: RulesWorld, order: Address) -> None:
    world.unchanged(order, c.ReplaceItems(items=(FISH, SOUP)))


@pytest.mark.parametrize(
    "lines",
    [(FISH,), (SOUP, line("Fish", 900)), (SOUP, line("Fish", 950, 2))],
    ids=["an-item-less", "a-unit-less", "another-price"],
)
def test_replacing_the_items_of_a_confirmed_order_cannot_take_units_away(
    lines: tuple[c.Line, ...], world: RulesWorld, order: Address
) -> None:
    refused = world.refuse(order, c.ReplaceItems(items=lines), Code.INVALID_TRANSITION)
    assert refused.details == {"current": "confirmed", "allowed": []}
    assert "void_items" in refused.error


@pytest.mark.parametrize("status", PAST_CONFIRMED)
def test_items_cannot_be_replaced_once_the_order_is_past_confirmed(
    status: OrderStatus, world: RulesWorld, order: Address
) -> None:
    advance_to(world, order, status)
    refused = world.refuse(order, c.ReplaceItems(items=(SOUP,)), Code.INVALID_TRANSITION)
    assert refused.details["current"] == status.value


def test_an_order_without_items_is_refused(world: RulesWorld, order: Address) -> None:
    world.refuse(order, c.ReplaceItems(items=()), Code.INVALID_MESSAGE)


def test_guests_cannot_order_free_text_items(world: RulesWorld, order: Address) -> None:
    world.refuse(order, c.ReplaceItems(items=(SOUP,)), Code.FORBIDDEN, GUEST)


def test_a_menu_line_has_name_and_price_of_the_menu(world: RulesWorld, pending: Address) -> None:
    lines = (c.MenuLine(menu_item_id=7, quantity=2),)
    world.do(pending, c.ReplaceItems(items=lines), GUEST, prices={7: ("Tea", 250)})
    (tea,) = world.snapshot(pending, Channel.ITEMS)["items"]
    assert (tea["menu_item_id"], tea["name"], tea["total"]) == (7, "Tea", "5.00")


def test_a_menu_line_at_a_new_price_is_another_item(world: RulesWorld, pending: Address) -> None:
    lines = (c.MenuLine(menu_item_id=7),)
    world.do(pending, c.ReplaceItems(items=lines), prices={7: ("Tea", 250)})
    world.do(pending, c.ReplaceItems(items=lines), prices={7: ("Tea", 300)})
    (tea,) = world.snapshot(pending, Channel.ITEMS)["items"]
    assert (tea["item_id"], tea["total"]) == (4, "3.00")


# --- matching of lines ---------------------------------------------------------------------------


def test_an_exact_match_is_preferred_to_one_of_another_quantity() -> None:
    one, two = Item(1, "Soup", 1, 500, status=READY), Item(2, "Soup", 2, 500, status=READY)
    lines = [OrderLine("Soup", 2, 500), OrderLine("Soup", 1, 500)]
    assert order_items.replace_items((one, two), lines, 3) == (one, two)
    assert order_items.replace_items((one,), lines, 3) == (one, Item(3, "Soup", 2, 500))


def test_setting_all_items_ready_keeps_voided_ones() -> None:
    voided = Item(1, "Soup", 1, 500, status=VOIDED)
    assert order_items.mark_ready((voided, Item(2, "Fish", 1, 900))) == (
        voided,
        Item(2, "Fish", 1, 900, status=READY),
    )
