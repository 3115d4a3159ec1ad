"""The number by which people call an order."""

from domain.entity import Decision, Inputs
from domain.order.number import OrderNumber
from protocol import commands as c
from protocol.ids import Address, Channel, Kind
from protocol.statuses import OrderStatus
from tests.unit.world import RESTAURANT, WAITER, RulesWorld, line

NUMBER = OrderNumber("2026-12-01", 41)


def place(world: RulesWorld, session: Address) -> Address:
    order = c.PlaceOrder(items=(line("Soup", 1250),))
    inputs = Inputs(id=world.fresh(), order_number=NUMBER)
    decision = world._send(session, order, WAITER, inputs, None)
    assert isinstance(decision, Decision)
    assert decision.result["number"] == 41
    return Address(Kind.ORDER, decision.result["order_id"], RESTAURANT.id)


def test_everyone_sees_an_orders_number(world: RulesWorld) -> None:
    session = world.occupy()
    order = place(world, session)
    assert world.snapshot(order)["number"] == 41
    assert world.snapshot(order, Channel.ITEMS)["number"] == 41
    assert world.snapshot(session)["orders"][0]["number"] == 41
    assert world.snapshot(RESTAURANT)["open_orders"][0]["number"] == 41
    assert world.states[order].number == NUMBER


def test_notifications_name_an_order_by_its_number(world: RulesWorld) -> None:
    order = place(world, world.occupy())
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    notes = world.snapshot(RESTAURANT, Channel.NOTIFICATIONS)["notifications"]
    assert [note["message"] for note in notes] == [
        "New order 41 for table 5",
        "Order 41 for table 5 is ready",
    ]
    assert {note["number"] for note in notes} == {41}


def test_an_order_of_an_earlier_release_has_no_number(world: RulesWorld) -> None:
    session = world.occupy()
    order = world.order(session)
    assert world.snapshot(order)["number"] is None
    assert world.snapshot(session)["orders"][0]["number"] is None
    notes = world.snapshot(RESTAURANT, Channel.NOTIFICATIONS)["notifications"]
    assert notes[0]["message"] == "New order for table 5"
