"""Encoding of messages and states for the store."""

from dataclasses import fields, is_dataclass
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import messages as m
from domain.behaviours import BEHAVIOURS
from domain.entity import RequestRef
from domain.menu.state import MenuContent
from domain.notifications import Notification
from domain.order.line import OrderLine
from domain.portions import AskReservation, ReservationAnswered, ReservationDue, ReturnPortions
from protocol import commands as c
from protocol.codec import encode_stored
from protocol.ids import Kind
from protocol.menu import LineOption, MenuCategoryInput, MenuItemInput
from protocol.statuses import CallReason, OrderStatus, PaymentStatus
from protocol.stored_names import stored_name
from storage.codec import changes, restore
from tests.unit.world import MANAGER, MENU, RESTAURANT, START, TABLE, RulesWorld, line

SUMMARY = m.OrderSummary(
    5, 3, OrderStatus.READY, PaymentStatus.PARTIALLY_PAID, 1250, 250, 3, "5", START
)
NOTE = Notification(
    "order-5-3", "order_notification", "order_ready", {"order_id": 5, "message": "é"}, START, (10,)
)
EXAMPLES: list[Any] = [
    m.CreateTable("5", "A", 4, None, "Trattoria", "EUR", 60.0),
    m.GuestsChanged(7, 4),
    m.SessionEnded(7),
    m.SessionEnded(7, RequestRef(TABLE, MANAGER.subject, "r", "digest")),
    m.OpenSession("ABC234", 5, "5", "A", 2, 10, "EUR", 60.0, START),
    m.OrderChanged(SUMMARY, notes_bytes=7),
    m.CallUndelivered("7-1"),
    m.EscalationDue("7-1", 2),
    m.EmptyDue(),
    m.CallAcknowledged("7-1", START, "waiter:10"),
    m.OpenOrder(7, 5, "5", None, "EUR", START, (OrderLine("Soup", 2, 500, "hot", 1),)),
    m.ReadyDue(),
    m.CreateWaiter("Ada", "Trattoria"),
    m.Notify(NOTE, 7),
    m.Acknowledged("order-5-3", START, "waiter:10"),
    m.OrderReported(SUMMARY, (NOTE,), 1000, completed=True),
    m.TableReported(5, 2, 10, {"table_id": 5, "session": None}),
    m.EscalateCall(NOTE, "A", 1),
    m.CallDurationReported(CallReason.BILL, acknowledged_s=1.5),
    m.HandOverMenu(),
    m.CreateMenu("Trattoria", "EUR", "Europe/Rome", MenuContent(next_id=3, version=2)),
    m.ExportMenu(),
    m.ItemAvailableAgain(7),
    m.PauseEnded(),
    AskReservation(3),
    ReservationDue(3),
    ReservationAnswered(3, {1: 2}),
    ReturnPortions({1: 2}),
    m.PriceLines((c.MenuLine(menu_item_id=1, options=(LineOption(option_id=4),)),)),
]


def stored_and_loaded(message: Any) -> Any:
    return m.decode_message(orjson.loads(encode_stored(m.encode_message(message))))


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_stored_message_decodes_to_an_equal_one(message: Any) -> None:
    out = stored_and_loaded(message)
    assert out == message
    assert type(out) is type(message)
    assert all(
        type(getattr(out, each.name)) is type(getattr(message, each.name))
        for each in fields(message)
    )


def test_the_digest_of_the_previous_release_is_not_stored() -> None:
    request_ref = RequestRef(TABLE, MANAGER.subject, "r", "digest", "previous")
    out = stored_and_loaded(m.SessionEnded(7, request_ref))
    assert out == m.SessionEnded(7, RequestRef(TABLE, MANAGER.subject, "r", "digest"))


def test_every_message_has_an_example() -> None:
    assert {stored_name(type(message)) for message in EXAMPLES} == set(m.MESSAGES)


def test_every_message_of_the_module_is_registered() -> None:
    parts = {m.OrderSummary}
    defined = {
        value
        for value in vars(m).values()
        if is_dataclass(value) and isinstance(value, type) and value.__module__ == m.__name__
    }
    of_portions = {AskReservation, ReservationAnswered, ReservationDue, ReturnPortions}
    assert (defined - parts) | of_portions == set(m.MESSAGES.values())


@given(
    st.text(max_size=40), st.integers(1, 2**53 - 1), st.datetimes(timezones=st.just(START.tzinfo))
)
def test_any_text_id_and_time_can_be_stored(text: str, id_: int, at: Any) -> None:
    call = m.CallAcknowledged(text, at, text)
    assert stored_and_loaded(call) == call
    assert stored_and_loaded(m.GuestsChanged(id_, 1)) == m.GuestsChanged(id_, 1)


@pytest.fixture
def full_world(world: RulesWorld) -> RulesWorld:
    """A world with a state of each kind in which every field has a value."""
    session = world.occupy()
    tea = MenuItemInput(name="Tea", price=250)
    world.do(MENU, c.ReplaceMenu(categories=(MenuCategoryInput(name="Drinks", items=(tea,)),)))
    order = world.order(session, line("Soup", 500, 2, "hot"))
    world.pay(order, 400)
    world.advance(order, OrderStatus.CONFIRMED, OrderStatus.READY)
    world.call(session)
    world.wait(60)
    world.do(RESTAURANT, c.Acknowledge(notification_id=f"call-{session.id}-1"))
    world.do(RESTAURANT, c.RaiseAlert(message="Spill"))
    return world


@pytest.mark.parametrize("kind", Kind)
def test_a_stored_state_decodes_to_an_equal_one(kind: Kind, full_world: RulesWorld) -> None:
    for at, state in full_world.states.items():
        if at.kind is kind:
            stored = {name: raw for name, raw in changes(None, state).items() if raw is not None}
            assert restore(BEHAVIOURS[kind].state, stored) == state
