"""Orders that are confirmed when they are placed."""

import pytest

from domain.entity import Confirmation, Decision, Inputs
from domain.messages import PriceLines
from domain.order.line import OrderLine
from protocol import commands as c
from protocol.caller import Caller
from protocol.ids import Address, Channel, Kind
from protocol.statuses import AutoConfirm, OrderStatus
from tests.unit.world import ANONYMOUS, GUEST, MENU, RESTAURANT, WAITER, RulesWorld

NOT, STAFF, ALL = AutoConfirm
BY_STAFF, AT_ONCE, AFTER_FIRST = Confirmation


@pytest.mark.parametrize(
    ("auto_confirm", "trust", "caller", "expected"),
    [
        (NOT, True, WAITER, BY_STAFF),
        (NOT, True, GUEST, BY_STAFF),
        (STAFF, True, WAITER, AT_ONCE),
        (STAFF, True, GUEST, BY_STAFF),
        (ALL, False, WAITER, AT_ONCE),
        (ALL, False, GUEST, AFTER_FIRST),
        (ALL, False, ANONYMOUS, AFTER_FIRST),
        (ALL, True, GUEST, AT_ONCE),
    ],
)
def test_when_an_order_is_confirmed(
    world: RulesWorld, auto_confirm: AutoConfirm, trust: bool, caller: Caller, expected: str
) -> None:
    world.do(MENU, c.ChangeOrdering(auto_confirm=auto_confirm, trust_first_order=trust))
    assert world.do(MENU, PriceLines(()), caller).result["confirmation"] == expected


def place(world: RulesWorld, session: Address, confirmation: Confirmation) -> Address:
    """An order of one tea by a guest."""
    id_ = world.fresh()
    inputs = Inputs(id=id_, lines=(OrderLine("Tea", 1, 250, "", 1),), confirmation=confirmation)
    command = c.PlaceOrder(items=(c.MenuLine(menu_item_id=1),))
    decision = world.decide(session, command, GUEST, inputs=inputs)
    assert isinstance(decision, Decision)
    world._apply(session, decision, GUEST)
    return Address(Kind.ORDER, id_, RESTAURANT.id)


def test_an_order_that_is_confirmed_at_once_is_new_and_confirmed_for_everyone(
    world: RulesWorld,
) -> None:
    session = world.occupy()
    world.clear()
    order = place(world, session, AT_ONCE)
    assert world.snapshot(order)["status"] == "confirmed"
    assert world.snapshot(order)["confirmed_at"] == world.snapshot(order)["created_at"]
    assert world.snapshot(session)["orders"][0]["status"] == "confirmed"
    assert world.snapshot(RESTAURANT)["open_orders"][0]["status"] == "confirmed"
    assert world.types(RESTAURANT, Channel.RESTAURANT).count("new_order") == 1
    assert world.states[RESTAURANT].figures.orders == 1
    before = world.states[session].orders[order.id]
    world.advance(order, OrderStatus.READY)
    assert world.states[session].orders[order.id].version == before.version + 1 + 1


def test_a_guests_first_order_of_a_session_waits_for_staff(world: RulesWorld) -> None:
    session = world.occupy()
    first = place(world, session, AFTER_FIRST)
    second = place(world, session, AFTER_FIRST)
    assert world.snapshot(first)["status"] == world.snapshot(second)["status"] == "pending"
    world.advance(first, OrderStatus.CONFIRMED)
    assert world.snapshot(place(world, session, AFTER_FIRST))["status"] == "confirmed"


def test_a_cancelled_order_does_not_vouch_for_the_next_one(world: RulesWorld) -> None:
    session = world.occupy()
    world.advance(place(world, session, AFTER_FIRST), OrderStatus.CANCELLED)
    assert world.snapshot(place(world, session, AFTER_FIRST))["status"] == "pending"
