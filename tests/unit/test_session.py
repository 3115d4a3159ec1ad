"""A session: guests, orders, balance and closing."""

from dataclasses import replace

import pytest

from domain.messages import OpenSession, OrderChanged
from domain.order.lines import MAX_GUEST_LINES, MAX_GUEST_NOTES_BYTES, MAX_SESSION_NOTES_BYTES
from domain.session.rules import MAX_ORDERS, MAX_PENDING_ORDERS, SESSION
from domain.session.state import Orders
from protocol import commands as c
from protocol.caller import Caller
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.menu import LineOption
from protocol.statuses import CallReason, CallStatus, OrderStatus
from protocol.values import MAX_MINOR_UNITS
from tests.unit.world import ANONYMOUS, GUEST, RESTAURANT, START, TABLE, WAITER, RulesWorld, line

TO_DELIVERED = (OrderStatus.CONFIRMED, OrderStatus.READY, OrderStatus.DELIVERED)


@pytest.fixture
def session(world: RulesWorld) -> Address:
    session = world.occupy(guests_count=2)
    world.clear()
    return session


def test_a_new_session_is_open_and_empty(world: RulesWorld, session: Address) -> None:
    seen = world.snapshot(session)
    assert seen["id"] == session.id
    assert seen["session_code"] == "ABC234"
    assert seen["status"] == "open"
    assert seen["guests_count"] == 2
    assert (seen["table_id"], seen["table_number"], seen["zone"]) == (5, "5", "A")
    assert (seen["started_at"], seen["closed_at"]) == ("2026-01-28T21:00:00Z", None)
    assert (seen["orders"], seen["calls"]) == ([], [])
    assert (seen["total_amount"], seen["balance"], seen["currency"]) == ("0.00", "0.00", "EUR")


# --- guests --------------------------------------------------------------------------------------


def test_guests_count_can_be_changed(world: RulesWorld, session: Address) -> None:
    world.do(session, c.UpdateGuestsCount(guests_count=4), ANONYMOUS)
    assert world.snapshot(session)["guests_count"] == 4
    assert world.types(session) == ["session_update"]


def test_the_same_number_of_guests_changes_nothing(world: RulesWorld, session: Address) -> None:
    world.unchanged(session, c.UpdateGuestsCount(guests_count=2))


# --- orders --------------------------------------------------------------------------------------


def test_placing_an_order_opens_it(world: RulesWorld, session: Address) -> None:
    items = (c.MenuLine(menu_item_id=7, quantity=2, notes="hot"), c.MenuLine(menu_item_id=8))
    prices = {7: ("Tea", 250), 8: ("Cake", 400)}
    decision = world.do(session, c.PlaceOrder(items=items), GUEST, id_=50, prices=prices)
    assert decision.result == {"order_id": 50, "number": None}
    order = Address(Kind.ORDER, 50, RESTAURANT.id)
    tea, cake = world.snapshot(order, Channel.ITEMS)["items"]
    assert (tea["menu_item_id"], tea["name"], tea["notes"]) == (7, "Tea", "hot")
    assert (cake["menu_item_id"], cake["name"], cake["total"]) == (8, "Cake", "4.00")
    seen = world.snapshot(order)
    assert seen["total_amount"] == "9.00"
    assert (seen["session_id"], seen["table_id"], seen["waiter_id"]) == (session.id, TABLE.id, 10)


def test_the_reply_to_placing_waits_for_the_order(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    (creation,) = [effect for effect in world.effects if effect.creates]
    assert creation.to == order


def test_a_session_lists_its_orders_and_their_sums(world: RulesWorld, session: Address) -> None:
    first = world.order(session, line("Soup", 500, 2))
    second = world.order(session, line("Fish", 900))
    world.pay(first, 400)
    seen = world.snapshot(session)
    assert [(row["order_id"], row["balance"]) for row in seen["orders"]] == [
        (first.id, "6.00"),
        (second.id, "9.00"),
    ]
    assert (seen["total_amount"], seen["balance"]) == ("19.00", "15.00")


def test_a_sessions_summary_of_a_new_order_equals_that_of_the_order(
    world: RulesWorld, session: Address
) -> None:
    order = world.order(session, line("Soup", 500, 2))
    world.states[session] = replace(world.states[session], orders=Orders())
    world.advance(order, OrderStatus.CONFIRMED)
    summary = world.states[session].orders[order.id]
    world.order(session, line("Soup", 500, 2))
    (new_summary,) = [each for id_, each in world.states[session].orders.items() if id_ != order.id]
    assert (
        replace(summary, order_id=new_summary.order_id, version=1, status=new_summary.status)
        == new_summary
    )


def test_a_cancelled_order_costs_nothing(world: RulesWorld, session: Address) -> None:
    world.advance(world.order(session), OrderStatus.CANCELLED)
    seen = world.snapshot(session)
    assert (seen["total_amount"], seen["balance"]) == ("0.00", "0.00")


def test_an_older_report_of_an_order_is_ignored(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    old = world.states[session].orders[order.id]
    world.advance(order, OrderStatus.CONFIRMED)
    world.unchanged(session, OrderChanged(old))
    world.unchanged(session, OrderChanged(world.states[session].orders[order.id]))


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS])
def test_guests_cannot_order_free_text_items(
    caller: Caller, world: RulesWorld, session: Address
) -> None:
    command = c.PlaceOrder(items=(line("Soup", 1),))
    world.refuse(session, command, Code.FORBIDDEN, caller, id_=50)


def test_an_order_without_items_is_refused(world: RulesWorld, session: Address) -> None:
    world.refuse(session, c.PlaceOrder(items=()), Code.INVALID_MESSAGE, id_=50)


def test_guests_orders_are_rejected_while_too_many_are_pending(
    world: RulesWorld, session: Address
) -> None:
    tea = c.PlaceOrder(items=(c.MenuLine(menu_item_id=7),))
    prices = {7: ("Tea", 250)}
    for id_ in range(100, 100 + MAX_PENDING_ORDERS):
        world.do(session, tea, GUEST, id_=id_, prices=prices)
    for caller in (GUEST, ANONYMOUS):
        world.refuse(session, tea, Code.RATE_LIMITED, caller, id_=200, prices=prices)
    world.do(session, tea, id_=201, prices=prices)
    for id_ in (100, 101):
        order = Address(Kind.ORDER, id_, RESTAURANT.id)
        world.do(order, c.UpdateStatus(status=OrderStatus.CONFIRMED))
    world.do(session, tea, GUEST, id_=202, prices=prices)


def test_guests_can_place_a_limited_number_of_orders(world: RulesWorld, session: Address) -> None:
    tea = c.PlaceOrder(items=(c.MenuLine(menu_item_id=7),))
    prices = {7: ("Tea", 250)}
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED)
    for id_ in range(1000, 1000 + MAX_ORDERS):
        world.do(session, tea, GUEST, id_=id_, prices=prices)
        world.do(Address(Kind.ORDER, id_, RESTAURANT.id), cancel, GUEST)
    for caller in (GUEST, ANONYMOUS):
        refused = world.refuse(session, tea, Code.FORBIDDEN, caller, id_=2000, prices=prices)
        assert "Ask a waiter" in refused.error
    world.do(session, tea, WAITER, id_=2001, prices=prices)


@pytest.mark.parametrize("caller", [GUEST, ANONYMOUS], ids=["guest", "anonymous"])
@pytest.mark.parametrize(
    "items",
    [
        (c.MenuLine(menu_item_id=7),) * (MAX_GUEST_LINES + 1),
        (c.MenuLine(menu_item_id=7, options=(LineOption(option_id=3),) * 41),) * 5,
        (c.MenuLine(menu_item_id=7, notes="x" * 500),) * 4
        + (c.MenuLine(menu_item_id=7, notes="x"),),
        (c.MenuLine(menu_item_id=7, notes="\N{HOT PEPPER}" * 500),) * 2,
    ],
    ids=["lines", "options", "notes", "four-byte-notes"],
)
def test_only_guests_orders_are_limited_in_lines_options_and_bytes_of_notes(
    items: tuple[c.Line, ...], caller: Caller, world: RulesWorld, session: Address
) -> None:
    prices = {7: ("Tea", 250)}
    order = c.PlaceOrder(items=items)
    refused = world.refuse(session, order, Code.INVALID_MESSAGE, caller, id_=50, prices=prices)
    assert refused.details == {"field": "items"}
    world.do(session, order, WAITER, id_=50, prices=prices)


def test_notes_of_guests_are_limited_in_bytes_over_all_orders_of_a_session(
    world: RulesWorld, session: Address
) -> None:
    prices = {7: ("Tea", 250)}
    longest = c.PlaceOrder(items=(c.MenuLine(menu_item_id=7, notes="x" * 500),) * 4)
    cancel = c.UpdateStatus(status=OrderStatus.CANCELLED)
    for id_ in range(1000, 1000 + MAX_SESSION_NOTES_BYTES // MAX_GUEST_NOTES_BYTES):
        world.do(session, longest, GUEST, id_=id_, prices=prices)
        world.do(Address(Kind.ORDER, id_, RESTAURANT.id), cancel, GUEST)
    refused = world.refuse(session, longest, Code.FORBIDDEN, GUEST, id_=2000, prices=prices)
    assert "Order without notes" in refused.error
    plain = c.PlaceOrder(items=(c.MenuLine(menu_item_id=7),))
    world.do(session, plain, GUEST, id_=2000, prices=prices)
    world.do(session, longest, WAITER, id_=2001, prices=prices)


def test_an_order_above_the_largest_amount_is_refused(world: RulesWorld, session: Address) -> None:
    most = c.PlaceOrder(items=(line("Gold", MAX_MINOR_UNITS),))
    beyond = c.PlaceOrder(items=(*most.items, line("Gold", 1)))
    refused = world.refuse(session, beyond, Code.INVALID_MESSAGE, id_=50)
    assert (
        refused.error
        == "items: the total of an order is at most 10000000000.00 EUR. Place two orders."
    )
    order = world.order(session, *most.items)
    world.refuse(order, c.ReplaceItems(items=beyond.items), Code.INVALID_MESSAGE)
    world.refuse(order, c.AddItems(items=beyond.items[1:]), Code.INVALID_MESSAGE)
    assert world.snapshot(session)["balance"] == "10000000000.00"


# --- closing -------------------------------------------------------------------------------------


def test_a_settled_session_closes(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    world.advance(order, *TO_DELIVERED)
    world.pay(order, 1250)
    world.clear()
    world.wait(60)
    world.do(session, c.CloseSession(), ANONYMOUS)
    seen = world.snapshot(session)
    assert (seen["status"], seen["closed_at"]) == ("closed", "2026-01-28T21:01:00Z")
    assert world.types(session) == ["session_status"]
    assert SESSION.is_final(world.states[session])


def test_closing_a_closed_session_changes_nothing(world: RulesWorld, session: Address) -> None:
    world.do(session, c.CloseSession())
    world.unchanged(session, c.CloseSession())
    world.unchanged(session, c.CloseSession(force=True))


@pytest.mark.parametrize(
    "steps", [TO_DELIVERED[:0], TO_DELIVERED[:1], TO_DELIVERED[:2], TO_DELIVERED]
)
def test_a_session_with_an_open_order_does_not_close(
    steps: tuple[OrderStatus, ...], world: RulesWorld, session: Address
) -> None:
    settled = world.order(session)
    world.advance(settled, OrderStatus.CANCELLED)
    order = world.order(session)
    world.advance(order, *steps)
    refused = world.refuse(session, c.CloseSession(), Code.UNSETTLED)
    assert refused.details == {"open_orders": [order.id], "balance": "12.50"}


def test_a_paid_order_that_is_not_delivered_keeps_its_session_open(
    world: RulesWorld, session: Address
) -> None:
    order = world.order(session)
    world.pay(order, 1250)
    refused = world.refuse(session, c.CloseSession(), Code.UNSETTLED)
    assert refused.details == {"open_orders": [order.id], "balance": "0.00"}


def test_a_due_refund_does_not_keep_a_session_open(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    world.pay(order, 1250)
    world.advance(order, OrderStatus.CANCELLED)
    world.do(session, c.CloseSession())
    assert world.snapshot(session)["status"] == "closed"


def test_force_needs_a_reason(world: RulesWorld, session: Address) -> None:
    world.order(session)
    world.refuse(session, c.CloseSession(force=True), Code.INVALID_MESSAGE)


def test_staff_can_close_an_unsettled_session_by_force(world: RulesWorld, session: Address) -> None:
    world.order(session)
    world.do(session, c.CloseSession(force=True, reason="left without paying"))
    assert world.snapshot(session)["status"] == "closed"
    assert not world.snapshot(TABLE)["is_occupied"]


@pytest.mark.parametrize(
    "command",
    [
        c.UpdateGuestsCount(guests_count=3),
        c.PlaceOrder(items=(line("Soup", 1),)),
        c.CallWaiter(),
    ],
)
def test_a_closed_session_refuses_commands(
    command: c.Command, world: RulesWorld, session: Address
) -> None:
    world.do(session, c.CloseSession())
    world.refuse(session, command, Code.SESSION_CLOSED, id_=50)


def test_closed_session_still_updates_from_its_orders(world: RulesWorld, session: Address) -> None:
    order = world.order(session)
    world.do(session, c.CloseSession(force=True, reason="they pay tomorrow"))
    world.clear()
    world.pay(order, 1250)
    assert world.snapshot(session)["balance"] == "0.00"
    assert world.types(session) == ["session_update"]


def test_closing_resolves_open_calls_and_their_notifications(
    world: RulesWorld, session: Address
) -> None:
    world.call(session, reason=CallReason.WAITER)
    bill = world.call(session, reason=CallReason.BILL)
    world.do(session, c.UpdateCall(call_id=bill, status=CallStatus.ACKNOWLEDGED))
    world.do(session, c.CloseSession())
    assert {call["status"] for call in world.snapshot(session)["calls"]} == {"resolved"}
    assert world.timers == {}
    notes = world.snapshot(RESTAURANT, Channel.NOTIFICATIONS)["notifications"]
    assert all(note["acknowledged_at"] for note in notes)
    assert world.types(session)[-1] == "session_status"


# --- rejected commands ---------------------------------------------------------------------------


def test_an_existing_session_is_not_opened_again(world: RulesWorld, session: Address) -> None:
    world.unchanged(session, OpenSession("XXXXXX", 5, "5", "A", 9, None, "EUR", 1.0, START))


def test_a_command_to_a_missing_session_is_not_found(world: RulesWorld) -> None:
    nowhere = Address(Kind.SESSION, 999, RESTAURANT.id)
    for command in (
        c.UpdateGuestsCount(guests_count=3),
        c.PlaceOrder(items=(line("Soup", 1),)),
        c.CallWaiter(),
        c.CloseSession(),
        c.UpdateCall(call_id="999-1", status=CallStatus.RESOLVED),
    ):
        world.refuse(nowhere, command, Code.NOT_FOUND, id_=50)


def test_a_session_rejects_commands_of_other_kinds(world: RulesWorld, session: Address) -> None:
    world.refuse(session, c.Broadcast(message="hello"), Code.UNKNOWN_ACTION)
