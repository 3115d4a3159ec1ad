"""Lag from a command to its events, in either order of arrival."""

from typing import Any

import pytest

from load_tests.channels import Frame
from load_tests.lag import Fact, Lags, facts_of

READY: Fact = ("order", 5, "ready")


def test_event_after_the_ack_has_a_lag_per_subscriber() -> None:
    lags = Lags()
    assert lags.sent(READY, 10.0) == []
    assert lags.received(READY, "order_status", 10.5) == [("order_status", 0.5)]
    assert lags.received(READY, "order_ready", 11.0) == [("order_ready", 1.0)]


def test_an_event_before_the_ack_has_its_lag_once_the_ack_arrives() -> None:
    lags = Lags()
    assert lags.received(READY, "order_status", 10.5) == []
    assert lags.sent(READY, 10.0) == [("order_status", 0.5)]
    assert lags.sent(READY, 10.0) == []


def test_an_event_before_the_command_is_not_matched_to_it() -> None:
    lags = Lags()
    lags.received(READY, "order_status", 9.0)
    assert lags.sent(READY, 10.0) == []


def test_unmatched_facts_are_evicted() -> None:
    lags = Lags(max_facts=2)
    for order in (1, 2, 3):
        lags.sent(("order", order, "ready"), 10.0)
        lags.received(("order", -order, "ready"), "order_status", 10.0)
    assert lags.received(("order", 3, "ready"), "order_status", 11.0) == [("order_status", 1.0)]
    assert lags.received(("order", 1, "ready"), "order_status", 11.0) == []
    assert lags.sent(("order", -3, "ready"), 9.0) == [("order_status", 1.0)]
    assert lags.sent(("order", -1, "ready"), 9.0) == []


CALL = {"kind": "call", "call_id": "7-1"}
EVENTS: list[tuple[str, dict[str, Any], list[Fact]]] = [
    ("new_order", {"order_id": 5}, [("order", 5, "pending")]),
    ("order_ready", {"order_id": 5}, [READY]),
    ("order_status", {"id": 5, "status": "ready"}, [READY]),
    ("order_update", {"id": 5, "balance": "1.00"}, [("balance", 5, "1.00")]),
    ("payment_completed", {"order_id": 5, "balance": "0.00"}, [("balance", 5, "0.00")]),
    ("payment_notification", {"order_id": 5, "balance": "0.00"}, [("balance", 5, "0.00")]),
    ("order_notification", {"order_id": 5, "kind": "order_ready"}, [READY]),
    ("order_notification", {"order_id": 5, "kind": "new_order"}, [("order", 5, "pending")]),
    ("task_notification", CALL, [("call", "7-1")]),
    ("task_notification", {**CALL, "escalated_to": "zone"}, []),
    ("notification_acknowledged", {"notification_id": "n"}, [("acknowledged", "n")]),
    ("broadcast", {"message": "m"}, [("broadcast", "m")]),
    ("alert", {"notification_id": "n"}, [("alert", "n")]),
    ("table_update", {"session": {"id": 7}}, [("session", 7, "open")]),
    ("table_status", {"session": None}, []),
    ("session_status", {"id": 7, "status": "closed"}, [("session", 7, "closed")]),
    ("menu_update", {}, []),
]


@pytest.mark.parametrize(("type_", "data", "facts"), EVENTS)
def test_event_yields_the_commands_fact(
    type_: str, data: dict[str, Any], facts: list[Fact]
) -> None:
    frame: Frame = {"type": type_, "data": data}
    assert list(facts_of(frame, {})) == facts


def test_session_event_yields_only_new_facts() -> None:
    def row(order_id: int, status: str, balance: str) -> dict[str, Any]:
        return {"order_id": order_id, "status": status, "balance": balance}

    before = {"orders": [row(1, "ready", "5.00"), row(2, "pending", "3.00")], "calls": []}
    after = {
        "orders": [row(1, "ready", "0.00"), row(2, "confirmed", "3.00"), row(3, "pending", "1.00")],
        "calls": [{"call_id": "7-1"}],
    }
    assert list(facts_of({"type": "session_update", "data": after}, before)) == [
        ("balance", 1, "0.00"),
        ("order", 2, "confirmed"),
        ("order", 3, "pending"),
        ("call", "7-1"),
    ]
