"""Lists of notifications: bounded, and oldest first in whatever order they are loaded."""

from datetime import timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain import notifications
from domain.notifications import Notification, NotificationAcknowledged, Notifications
from protocol.codec import encode
from protocol.errors import Code, Rejected
from tests.unit.world import START


def note(n: int) -> Notification:
    at = START + timedelta(seconds=n)
    return Notification(f"order-{n}-1", "order_notification", "new_order", {"order_id": n}, at)


def listed(*which: int) -> Notifications:
    return Notifications({note(n).notification_id: note(n) for n in which})


def test_a_notification_row_has_the_documented_fields_and_its_acknowledger() -> None:
    assert notifications.row(note(1)) == {
        "order_id": 1,
        "notification_id": "order-1-1",
        "kind": "new_order",
        "created_at": START + timedelta(seconds=1),
        "acknowledged_at": None,
        "acknowledged_by": None,
    }


@given(st.permutations(range(6)))
def test_notifications_are_sorted_by_age(order: list[int]) -> None:
    rows = orjson.loads(encode(notifications.list_rows(listed(*order))))
    assert [row["order_id"] for row in rows] == [0, 1, 2, 3, 4, 5]


@given(st.permutations(range(6)))
def test_a_full_list_evicts_the_oldest_notification(order: list[int]) -> None:
    kept = notifications.add(listed(*order), note(6), 6)
    assert set(kept) == set(listed(1, 2, 3, 4, 5, 6))


@given(st.permutations(range(6)))
def test_a_full_list_evicts_acknowledged_notifications_first(order: list[int]) -> None:
    before = listed(*order)
    for n in (3, 5):
        event = NotificationAcknowledged(note(n).notification_id, START, "waiter:10")
        before = notifications.acknowledge(before, event)
    kept = notifications.add(before, note(6), 6)
    assert set(kept) == set(listed(0, 1, 2, 4, 5, 6))


def test_duplicate_notification_is_not_listed_twice() -> None:
    assert len(notifications.add(listed(1, 2), note(2), 2)) == 2


def test_a_late_notification_is_listed_in_a_full_list() -> None:
    assert note(0).notification_id in notifications.add(listed(1, 2), note(0), 2)


def test_a_notification_list_is_never_changed_in_place() -> None:
    before = listed(1, 2)
    notifications.add(before, note(3), 2)
    notifications.acknowledge(before, NotificationAcknowledged("order-1-1", START, "waiter:10"))
    assert before == listed(1, 2)


def test_unlisted_notification_is_not_found() -> None:
    answer = notifications.find(Notifications(), "order-1-1")
    assert isinstance(answer, Rejected)
    assert answer.code is Code.NOT_FOUND
