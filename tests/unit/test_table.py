"""A table: occupation, release and changes."""

import pytest

from domain.entity import Redirect, RequestRef
from domain.messages import CreateTable, GuestsChanged, SessionEnded
from domain.table.rules import TABLE as RULES
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Address, Kind
from protocol.statuses import OrderStatus
from tests.unit.world import ADA, GUEST, MANAGER, RESTAURANT, TABLE, RulesWorld

MISSING = Address(Kind.TABLE, 999, RESTAURANT.id)


def test_a_new_table_is_free_and_active(world: RulesWorld) -> None:
    assert world.snapshot(TABLE) == {
        "table_id": 5,
        "table_number": "5",
        "is_occupied": False,
        "is_active": True,
        "zone": "A",
        "seats": 4,
        "waiter_id": 10,
        "restaurant": "Trattoria",
        "restaurant_id": 2,
        "code_version": 1,
        "session": None,
    }


def test_new_table_code_is_published(world: RulesWorld) -> None:
    before = world.snapshot(TABLE)
    world.do(TABLE, c.ReplaceTableCode(), MANAGER)
    assert world.snapshot(TABLE) == {**before, "code_version": 2}
    listed = world.snapshot(RESTAURANT)["tables"]["list"]
    assert [each["code_version"] for each in listed if each["table_id"] == TABLE.id] == [2]


# --- occupy --------------------------------------------------------------------------------------


def test_occupying_opens_a_session(world: RulesWorld) -> None:
    decision = world.do(TABLE, c.Occupy(guests_count=4), GUEST, id_=7, code="ABC234")
    assert decision.result == {"session_id": 7, "session_code": "ABC234"}
    seen = world.snapshot(TABLE)
    assert seen["is_occupied"]
    assert seen["session"] == {
        "id": 7,
        "session_code": "ABC234",
        "guests_count": 4,
        "started_at": "2026-01-28T21:00:00Z",
        "waiter_id": 10,
    }
    session = world.snapshot(Address(Kind.SESSION, 7, RESTAURANT.id))
    for field in ("session_code", "guests_count", "started_at", "waiter_id"):
        assert session[field] == seen["session"][field]


def test_the_reply_to_occupying_waits_for_the_session(world: RulesWorld) -> None:
    world.occupy()
    (creation,) = [effect for effect in world.effects if effect.creates]
    assert creation.to.kind is Kind.SESSION


def test_guests_count_defaults_to_one(world: RulesWorld) -> None:
    world.occupy()
    assert world.snapshot(TABLE)["session"]["guests_count"] == 1


def test_a_session_can_have_another_waiter_than_its_table(world: RulesWorld) -> None:
    session = world.occupy(waiter_id=11)
    assert world.snapshot(session)["waiter_id"] == 11
    assert world.snapshot(TABLE)["waiter_id"] == 10


def test_an_occupied_table_refuses_a_second_session(world: RulesWorld) -> None:
    session = world.occupy()
    refused = world.refuse(TABLE, c.Occupy(), Code.TABLE_OCCUPIED, id_=8)
    assert refused.details == {"session_id": session.id}


def test_an_inactive_table_refuses_a_session(world: RulesWorld) -> None:
    world.do(TABLE, c.ChangeTable(is_active=False))
    world.refuse(TABLE, c.Occupy(), Code.TABLE_INACTIVE, id_=8)


# --- release -------------------------------------------------------------------------------------


def test_releasing_a_free_table_changes_nothing(world: RulesWorld) -> None:
    world.unchanged(TABLE, c.Release())


def test_a_release_is_redirected_to_the_session(world: RulesWorld) -> None:
    session = world.occupy()
    release = c.Release(force=True, reason="closing time")
    answer = world.decide(TABLE, release, MANAGER)
    assert answer == Redirect(session, c.CloseSession(force=True, reason="closing time"))


def test_releasing_closes_the_session(world: RulesWorld) -> None:
    session = world.occupy()
    decision = world.do(TABLE, c.Release())
    assert decision.events, "the first result of the request is the release"
    assert world.snapshot(session)["status"] == "closed"
    assert not world.snapshot(TABLE)["is_occupied"]
    world.unchanged(TABLE, c.Release())


def test_a_table_with_an_unsettled_session_is_not_released(world: RulesWorld) -> None:
    session = world.occupy()
    order = world.order(session)
    refused = world.refuse(TABLE, c.Release(), Code.UNSETTLED)
    assert refused.details == {"open_orders": [order.id], "balance": "12.50"}
    world.do(TABLE, c.Release(force=True, reason="left without paying"))
    assert not world.snapshot(TABLE)["is_occupied"]


def test_release_result_is_stored_for_its_request(world: RulesWorld) -> None:
    world.occupy()
    world.do(TABLE, c.Release(), request_id="r")
    ((at, request_ref, _),) = world.results
    assert (at, request_ref) == (TABLE, RequestRef(TABLE, MANAGER.subject, "r", "digest"))


def test_closing_a_session_stores_no_result_at_its_table(world: RulesWorld) -> None:
    session = world.occupy()
    world.do(session, c.CloseSession())
    assert not world.snapshot(TABLE)["is_occupied"]
    assert world.results == []


def test_a_released_table_can_be_occupied_again(world: RulesWorld) -> None:
    first = world.occupy()
    world.do(TABLE, c.Release())
    second = world.occupy()
    assert second != first
    assert world.snapshot(TABLE)["session"]["id"] == second.id


def test_the_end_of_another_session_changes_nothing(world: RulesWorld) -> None:
    first = world.occupy()
    world.do(TABLE, c.Release())
    world.unchanged(TABLE, SessionEnded(first.id))
    world.occupy()
    world.unchanged(TABLE, SessionEnded(first.id))


# --- changes -------------------------------------------------------------------------------------


def test_a_changed_guests_count_is_shown_at_the_table(world: RulesWorld) -> None:
    session = world.occupy(guests_count=2)
    world.clear()
    world.do(session, c.UpdateGuestsCount(guests_count=5))
    assert world.snapshot(TABLE)["session"]["guests_count"] == 5
    assert world.types(TABLE) == ["table_update"]
    assert world.types(RESTAURANT) == ["table_update"]


def test_a_guests_count_of_another_session_changes_nothing(world: RulesWorld) -> None:
    world.unchanged(TABLE, GuestsChanged(1, 5))
    session = world.occupy()
    world.unchanged(TABLE, GuestsChanged(session.id + 1, 5))


@pytest.mark.parametrize(
    ("command", "field", "value"),
    [
        (c.ChangeTable(is_active=False), "is_active", False),
        (c.ChangeTable(zone="B"), "zone", "B"),
        (c.ChangeTable(seats=8), "seats", 8),
        (c.ChangeTable(waiter_id=11), "waiter_id", 11),
    ],
)
def test_each_field_can_be_changed_separately(
    command: c.ChangeTable, field: str, value: object, world: RulesWorld
) -> None:
    before = world.snapshot(TABLE)
    world.do(TABLE, command)
    assert world.snapshot(TABLE) == {**before, field: value}
    assert world.last(TABLE) == world.last(RESTAURANT) == world.snapshot(TABLE)
    assert world.types(TABLE) == ["table_update"]
    world.unchanged(TABLE, command)


def test_an_empty_change_changes_nothing(world: RulesWorld) -> None:
    world.unchanged(TABLE, c.ChangeTable())


def test_an_occupied_table_can_be_deactivated(world: RulesWorld) -> None:
    session = world.occupy()
    world.do(TABLE, c.ChangeTable(is_active=False))
    seen = world.snapshot(TABLE)
    assert (seen["is_active"], seen["is_occupied"]) == (False, True)
    world.do(session, c.CloseSession())
    world.refuse(TABLE, c.Occupy(), Code.TABLE_INACTIVE, id_=8)


def test_an_existing_table_is_not_created_again(world: RulesWorld) -> None:
    world.occupy()
    world.unchanged(TABLE, CreateTable("9", "B", 2, None, "Other", "USD", 1.0))


def test_a_command_to_a_missing_table_is_not_found(world: RulesWorld) -> None:
    for command in (c.Occupy(), c.Release(), c.ChangeTable(seats=2)):
        world.refuse(MISSING, command, Code.NOT_FOUND, id_=8)


def test_a_table_rejects_commands_of_other_kinds(world: RulesWorld) -> None:
    world.refuse(TABLE, c.UpdateStatus(status=OrderStatus.READY), Code.UNKNOWN_ACTION)


def test_a_table_is_never_settled(world: RulesWorld) -> None:
    assert not RULES.is_final(world.states[TABLE])


def test_restaurant_lists_a_tables_new_waiter(world: RulesWorld) -> None:
    world.do(TABLE, c.ChangeTable(waiter_id=11))
    (table,) = world.snapshot(RESTAURANT)["tables"]["list"]
    assert table["waiter_id"] == 11
    assert world.states[ADA].tasks == {}
