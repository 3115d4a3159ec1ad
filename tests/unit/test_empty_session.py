"""Sessions in which nothing is ordered close by themselves."""

from datetime import timedelta

import pytest

from domain.entity import Decision, Inputs
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from tests.unit.world import GUEST, MENU, RESTAURANT, TABLE, WAITER, RulesWorld, line

MINUTES = 45


def open_session(world: RulesWorld, minutes: int = MINUTES) -> Address:
    inputs = Inputs(id=world.fresh(), code="ABC234", empty_session_minutes=minutes)
    decision = world._send(TABLE, c.Occupy(), WAITER, inputs, None)
    assert isinstance(decision, Decision)
    return Address(Kind.SESSION, decision.result["session_id"], RESTAURANT.id)


def is_open(world: RulesWorld, session: Address) -> bool:
    status: str = world.snapshot(session)["status"]
    return status == "open"


def test_a_session_without_orders_closes_and_frees_its_table(world: RulesWorld) -> None:
    session = open_session(world)
    world.wait(MINUTES * 60 - 1)
    assert is_open(world, session)
    world.wait(1)
    assert not is_open(world, session)
    assert not world.snapshot(TABLE)["is_occupied"]
    assert world.timers == {}
    world.refuse(session, c.PlaceOrder(items=(line("Soup", 1250),)), Code.SESSION_CLOSED)


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["pending", "cancelled"])
def test_a_session_with_an_order_stays_open(world: RulesWorld, is_cancelled: bool) -> None:
    session = open_session(world)
    order = world.order(session)
    if is_cancelled:
        world.advance(order, OrderStatus.CANCELLED)
    assert world.timers == {}
    world.wait(MINUTES * 60)
    assert is_open(world, session)


@pytest.mark.parametrize(
    "command", [c.CallWaiter(), c.UpdateGuestsCount(guests_count=3)], ids=lambda each: each.action
)
def test_a_command_of_guests_starts_the_time_again(world: RulesWorld, command: c.Command) -> None:
    session = open_session(world)
    world.wait(MINUTES * 60 - 1)
    world.do(session, command, GUEST)
    world.wait(MINUTES * 60 - 1)
    assert is_open(world, session)
    world.wait(1)
    assert not is_open(world, session)
    assert world.timers == {}


def test_calls_of_a_session_with_orders_set_no_time(world: RulesWorld) -> None:
    session = open_session(world)
    world.order(session)
    call_id = world.call(session)
    assert [key for _, key in world.timers] == [f"call:{call_id}"]


def test_sessions_stay_open_if_the_minutes_are_0(world: RulesWorld) -> None:
    session = open_session(world, minutes=0)
    assert world.timers == {}
    world.wait(timedelta(days=2).total_seconds())
    assert is_open(world, session)


def test_the_minutes_are_a_setting(world: RulesWorld) -> None:
    world.do(MENU, c.ChangeOrdering(empty_session_minutes=20))
    assert world.snapshot(MENU)["empty_session_minutes"] == 20
    world.do(MENU, c.ChangeOrdering(empty_session_minutes=0))
    assert world.snapshot(MENU)["empty_session_minutes"] == 0
