"""Calls of guests: acknowledgement, resolution and escalation."""

from itertools import product

import pytest

from domain import lifecycle
from domain.messages import CallAcknowledged, CallUndelivered, EscalateCall, EscalationDue
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from protocol.statuses import CallReason, CallStatus
from tests.unit.world import ADA, GUEST, MANAGER, RESTAURANT, TABLE, WAITER, RulesWorld

NOTES = Channel.NOTIFICATIONS


@pytest.fixture
def session(world: RulesWorld) -> Address:
    session = world.occupy()
    world.clear()
    return session


@pytest.fixture
def colleague(world: RulesWorld) -> Address:
    """Bob, a waiter of another table in the same zone."""
    bob = world.add_waiter("Bob")
    world.add_table(6, "6", "A", bob.id)
    carl = world.add_waiter("Carl")
    world.add_table(7, "7", "B", carl.id)
    world.clear()
    return bob


def only_call(world: RulesWorld, session: Address) -> dict[str, object]:
    (call,) = world.snapshot(session)["calls"]
    row: dict[str, object] = call
    return row


def update_call(call_id: str, status: CallStatus) -> c.UpdateCall:
    return c.UpdateCall(call_id=call_id, status=status)


# --- new calls -----------------------------------------------------------------------------------


def test_a_call_is_published_to_waiter_and_notifications(
    world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session, reason=CallReason.BILL)
    assert call_id == f"{session.id}-1"
    assert world.types(session) == ["session_update"]
    assert world.types(ADA) == ["task_notification"]
    assert world.types(RESTAURANT, NOTES) == ["task_notification"]
    published = world.last(RESTAURANT, NOTES)
    assert published == world.last(ADA)
    assert published["kind"] == "call"
    assert (published["call_id"], published["reason"]) == (call_id, "bill")
    assert (published["table_number"], published["session_id"]) == ("5", session.id)
    assert published["message"] == "Table 5 asks for the bill"


@pytest.mark.parametrize("reason", CallReason)
def test_a_second_open_call_with_the_same_reason_changes_nothing(
    reason: CallReason, world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session, reason=reason)
    again = world.unchanged(session, c.CallWaiter(reason=reason), GUEST)
    assert again.result == {"call_id": call_id}


def test_calls_with_different_reasons_are_separate(world: RulesWorld, session: Address) -> None:
    first = world.call(session, reason=CallReason.WAITER)
    second = world.call(session, reason=CallReason.BILL)
    assert [call["call_id"] for call in world.snapshot(session)["calls"]] == [first, second]


@pytest.mark.parametrize("over", [CallStatus.ACKNOWLEDGED, CallStatus.RESOLVED])
def test_call_can_be_repeated_after_acknowledgement(
    over: CallStatus, world: RulesWorld, session: Address
) -> None:
    first = world.call(session)
    world.do(session, update_call(first, over))
    assert world.call(session) == f"{session.id}-2"


# --- acknowledged and resolved -------------------------------------------------------------------


@pytest.mark.parametrize(("now", "to"), list(product(CallStatus, CallStatus)))
def test_a_call_allows_only_the_transitions_of_its_table(
    now: CallStatus, to: CallStatus, world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session)
    if now is not CallStatus.OPEN:
        world.do(session, update_call(call_id, now))
    if now is to:
        world.unchanged(session, update_call(call_id, to))
    elif to in lifecycle.CALL[now]:
        world.do(session, update_call(call_id, to))
        assert only_call(world, session)["status"] == to.value
        assert world.timers == {}
    else:
        refused = world.refuse(session, update_call(call_id, to), Code.INVALID_TRANSITION)
        assert refused.details["current"] == now.value


def test_a_missing_call_is_not_found(world: RulesWorld, session: Address) -> None:
    world.refuse(session, update_call(f"{session.id}-1", CallStatus.RESOLVED), Code.NOT_FOUND)


def test_a_call_acknowledged_by_its_waiter_is_acknowledged_everywhere(
    world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session)
    world.clear()
    world.wait(12)
    world.do(ADA, c.Acknowledge(notification_id=f"call-{call_id}"), WAITER)
    call = only_call(world, session)
    assert (call["status"], call["acknowledged_by"]) == ("acknowledged", WAITER.subject)
    assert call["acknowledged_at"] == "2026-01-28T21:00:12Z"
    assert world.types(ADA) == ["notification_acknowledged"]
    assert world.types(RESTAURANT, NOTES) == ["notification_acknowledged"]
    assert world.types(session) == ["session_update"]


def test_a_call_acknowledged_on_the_restaurants_channel_is_acknowledged_everywhere(
    world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session)
    world.clear()
    world.do(RESTAURANT, c.Acknowledge(notification_id=f"call-{call_id}"), MANAGER)
    assert only_call(world, session)["acknowledged_by"] == "manager"
    assert world.types(ADA) == ["notification_acknowledged"]
    assert world.types(RESTAURANT, NOTES) == ["notification_acknowledged"]
    assert world.types(session) == ["session_update"]


@pytest.mark.parametrize("status", [CallStatus.ACKNOWLEDGED, CallStatus.RESOLVED])
def test_a_call_resolved_by_staff_is_resolved_in_every_list(
    status: CallStatus, world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session)
    world.clear()
    world.do(session, update_call(call_id, status))
    assert world.types(ADA) == ["notification_acknowledged"]
    assert world.types(RESTAURANT, NOTES) == ["notification_acknowledged"]


def test_repeated_call_acknowledgement_changes_nothing(world: RulesWorld, session: Address) -> None:
    call_id = world.call(session)
    world.do(session, update_call(call_id, CallStatus.ACKNOWLEDGED))
    world.unchanged(session, CallAcknowledged(call_id, world.now, "waiter:11"))
    world.unchanged(session, CallAcknowledged("1-1", world.now, "waiter:11"))


# --- escalation ----------------------------------------------------------------------------------


def test_a_call_escalates_after_a_minute_without_acknowledgement(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    call_id = world.call(session)
    world.wait(59)
    assert only_call(world, session)["escalated"] == 0
    assert world.types(colleague) == []
    world.wait(1)
    assert only_call(world, session)["escalated"] == 1
    assert world.types(colleague) == ["task_notification"]
    assert world.last(colleague)["notification_id"] == f"call-{call_id}"
    assert world.last(RESTAURANT, NOTES)["escalated_to"] == "zone"


def test_escalation_notifies_each_waiter_of_the_zone_once(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    world.call(session)
    world.wait(60)
    notified = {each.at for each in world.publications if each.at.kind is Kind.WAITER}
    assert notified == {ADA, colleague}
    assert world.types(ADA) == ["task_notification"]


def test_the_last_escalation_notifies_the_managers(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    world.call(session)
    world.wait(60)
    world.wait(60)
    assert only_call(world, session)["escalated"] == 2
    assert world.last(RESTAURANT, NOTES)["escalated_to"] == "managers"
    assert world.types(RESTAURANT, NOTES) == ["task_notification"] * 3
    assert world.timers == {}
    assert world.types(colleague) == ["task_notification"]


def test_repeated_escalation_messages_change_nothing(world: RulesWorld, session: Address) -> None:
    call_id = world.call(session)
    world.wait(60)
    world.unchanged(session, EscalationDue(call_id, 1))
    world.unchanged(session, CallUndelivered(call_id))
    world.wait(60)
    world.unchanged(session, EscalationDue(call_id, 2))


def test_a_call_whose_waiter_is_not_connected_escalates_at_once(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    world.online.clear()
    world.call(session)
    assert only_call(world, session)["escalated"] == 1
    assert world.types(colleague) == ["task_notification"]
    world.wait(60)
    assert world.last(RESTAURANT, NOTES)["escalated_to"] == "managers"


def test_a_call_without_a_waiter_escalates_at_once(world: RulesWorld, colleague: Address) -> None:
    table = world.add_table(8, "8", "A", None)
    session = world.occupy(table)
    world.call(session)
    assert only_call(world, session)["escalated"] == 1
    notified = {each.at for each in world.publications if each.at.kind is Kind.WAITER}
    assert notified == {ADA, colleague}
    assert world.types(RESTAURANT, NOTES) == ["task_notification"] * 2
    world.wait(60)
    assert world.last(RESTAURANT, NOTES)["escalated_to"] == "managers"


@pytest.mark.parametrize("status", [CallStatus.ACKNOWLEDGED, CallStatus.RESOLVED])
def test_acknowledged_call_does_not_escalate(
    status: CallStatus, world: RulesWorld, session: Address
) -> None:
    call_id = world.call(session)
    world.do(session, update_call(call_id, status))
    assert world.timers == {}
    world.unchanged(session, EscalationDue(call_id, 1))
    world.unchanged(session, CallUndelivered(call_id))


def test_call_acknowledgement_is_published_to_all_notified_waiters(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    call_id = world.call(session)
    world.wait(60)
    world.clear()
    world.do(colleague, c.Acknowledge(notification_id=f"call-{call_id}"))
    assert world.types(ADA) == ["notification_acknowledged"]
    assert world.types(colleague) == ["notification_acknowledged"]


def test_escalation_of_an_acknowledged_call_publishes_nothing(
    world: RulesWorld, session: Address, colleague: Address
) -> None:
    call_id = world.call(session)
    note = world.states[RESTAURANT].notifications[f"call-{call_id}"]
    world.do(RESTAURANT, c.Acknowledge(notification_id=note.notification_id))
    world.unchanged(RESTAURANT, EscalateCall(note, "A", 1))


# --- statistics ----------------------------------------------------------------------------------


def test_restaurant_statistics_include_call_durations(world: RulesWorld, session: Address) -> None:
    for seconds in (10, 30):
        call_id = world.call(session)
        world.wait(seconds)
        world.do(session, update_call(call_id, CallStatus.ACKNOWLEDGED))
        world.wait(5)
        world.do(session, update_call(call_id, CallStatus.RESOLVED))
    figures = world.snapshot(RESTAURANT)["figures"]
    assert figures["calls_acknowledged"] == figures["calls_resolved"] == 2
    assert figures["mean_acknowledged_s"] == 20.0
    assert figures["slowest_acknowledged_s"] == 30.0
    assert figures["mean_resolved_s"] == 25.0
    assert figures["slowest_resolved_s"] == 35.0


def test_statistics_without_calls_have_no_mean(world: RulesWorld) -> None:
    figures = world.snapshot(RESTAURANT)["figures"]
    assert figures["calls_acknowledged"] == 0
    assert figures["mean_acknowledged_s"] is None


def test_a_restaurant_sets_the_delay_of_escalations(world: RulesWorld) -> None:
    assert world.states[RESTAURANT].call_escalation_s == 60.0
    assert world.states[TABLE].call_escalation_s == 60.0
    session = world.occupy()
    assert world.states[session].call_escalation_s == 60.0
