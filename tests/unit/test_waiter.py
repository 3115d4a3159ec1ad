"""A waiter's tasks and their acknowledgement."""

from datetime import timedelta

import pytest

from domain.messages import Acknowledged, CreateWaiter, Notify
from domain.notifications import Notification
from domain.waiter import state as waiter_state
from protocol import commands as c
from protocol.errors import Code
from protocol.ids import Address, Channel, Kind
from tests.unit.world import ADA, MANAGER, RESTAURANT, START, WAITER, RulesWorld

NOTES = Channel.NOTIFICATIONS


def tasks(world: RulesWorld) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = world.snapshot(ADA)["tasks"]
    return listed


def test_a_new_waiter_has_no_tasks(world: RulesWorld) -> None:
    assert world.snapshot(ADA) == {
        "waiter_id": 10,
        "name": "Ada",
        "restaurant_id": 2,
        "restaurant": "Trattoria",
        "tasks": [],
    }


@pytest.mark.parametrize(
    ("command", "type_", "kind"),
    [
        (c.AssignTask(message="Clear table 5", table_id=5), "task_notification", "task"),
        (c.RaiseAlert(message="Fire drill"), "alert", "alert"),
    ],
)
def test_task_is_published_to_waiter_and_restaurant(
    command: c.AssignTask | c.RaiseAlert, type_: str, kind: str, world: RulesWorld
) -> None:
    decision = world.do(ADA, command)
    assert decision.result == {"notification_id": "waiter-10-1"}
    assert world.types(ADA) == [type_]
    assert world.types(RESTAURANT, NOTES) == [type_]
    published = world.last(ADA)
    assert published == world.last(RESTAURANT, NOTES)
    assert (published["message"], published["table_id"], published["kind"]) == (
        command.message,
        command.table_id,
        kind,
    )
    assert (published["acknowledged_at"], published["created_at"]) == (None, "2026-01-28T21:00:00Z")
    assert tasks(world) == [{"type": type_, **published}]


def test_tasks_have_unique_ids(world: RulesWorld) -> None:
    for _ in range(3):
        world.do(ADA, c.AssignTask(message="Clear table 5"))
    assert [each["notification_id"] for each in tasks(world)] == [
        "waiter-10-1",
        "waiter-10-2",
        "waiter-10-3",
    ]


def test_acknowledgement_is_published_with_caller_and_time(world: RulesWorld) -> None:
    world.do(ADA, c.AssignTask(message="Clear table 5"))
    world.clear()
    world.wait(30)
    decision = world.do(ADA, c.Acknowledge(notification_id="waiter-10-1"), WAITER)
    assert decision.result == {"acknowledged_by": WAITER.subject}
    for at, channel in ((ADA, Channel.WAITER), (RESTAURANT, NOTES)):
        assert world.types(at, channel) == ["notification_acknowledged"]
        published = world.last(at, channel)
        assert published["acknowledged_by"] == WAITER.subject
        assert published["acknowledged_at"] == "2026-01-28T21:00:30Z"


def test_acknowledging_again_changes_nothing(world: RulesWorld) -> None:
    world.do(ADA, c.AssignTask(message="Clear table 5"))
    world.do(ADA, c.Acknowledge(notification_id="waiter-10-1"), WAITER)
    again = world.unchanged(ADA, c.Acknowledge(notification_id="waiter-10-1"), MANAGER)
    assert again.result == {"acknowledged_by": WAITER.subject}


def test_acknowledging_an_unlisted_notification_is_rejected(world: RulesWorld) -> None:
    world.refuse(ADA, c.Acknowledge(notification_id="waiter-10-1"), Code.NOT_FOUND)


def test_an_update_of_an_unlisted_notification_changes_nothing(world: RulesWorld) -> None:
    world.unchanged(ADA, Acknowledged("order-1-1", START, "manager:1"))


def test_a_waiters_list_is_bounded_and_evicts_acknowledged_notifications_first(
    world: RulesWorld,
) -> None:
    for n in range(waiter_state.MAX_NOTIFICATIONS):
        world.do(ADA, Notify(note(n)))
    world.do(ADA, c.Acknowledge(notification_id="order-2-1"))
    world.do(ADA, Notify(note(waiter_state.MAX_NOTIFICATIONS)))
    world.do(ADA, Notify(note(waiter_state.MAX_NOTIFICATIONS + 1)))
    names = [each["notification_id"] for each in tasks(world)]
    assert len(names) == waiter_state.MAX_NOTIFICATIONS
    assert "order-2-1" not in names, "the acknowledged one is evicted first"
    assert "order-0-1" not in names, "the oldest one is evicted next"
    assert names[0] == "order-1-1"


def note(n: int) -> Notification:
    return Notification(
        f"order-{n}-1", "order_notification", "new_order", {}, START + timedelta(seconds=n)
    )


def test_an_existing_waiter_is_not_created_again(world: RulesWorld) -> None:
    world.unchanged(ADA, CreateWaiter("Eve", "Other"))


def test_a_command_to_a_missing_waiter_is_not_found(world: RulesWorld) -> None:
    nowhere = Address(Kind.WAITER, 999, RESTAURANT.id)
    for command in (
        c.Acknowledge(notification_id="1"),
        c.AssignTask(message="x"),
        c.RaiseAlert(message="x"),
    ):
        world.refuse(nowhere, command, Code.NOT_FOUND)


def test_a_waiter_rejects_commands_of_other_kinds(world: RulesWorld) -> None:
    world.refuse(ADA, c.Occupy(), Code.UNKNOWN_ACTION)
