"""The stream checker of load users, with valid and invalid frames."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.channels import ORDER, Frame
from load_tests.stream_checker import ProtocolViolation, ReceivedKind, Rule, StreamChecker


def event(seq: int, type_: str = "order_status") -> Frame:
    return {"type": type_, "data": {}, "seq": seq}


def snapshot(seq: int, epoch: str = "e", **data: Any) -> Frame:
    return {"type": "order_status", "data": data, "seq": seq, "epoch": epoch}


@pytest.fixture
def checker() -> StreamChecker:
    """A checker that has received a snapshot of seq 3."""
    started = StreamChecker(ORDER)
    assert started.check(snapshot(3)) is ReceivedKind.SNAPSHOT
    return started


def violated_rule(checker: StreamChecker, frame: Frame) -> Rule:
    with pytest.raises(ProtocolViolation) as caught:
        checker.check(frame)
    return caught.value.rule


def test_events_once_and_in_order_are_accepted(checker: StreamChecker) -> None:
    assert [checker.check(event(seq)) for seq in (4, 5, 6)] == [ReceivedKind.EVENT] * 3
    assert checker.last == 6


def test_a_missing_event_is_one_gap_violation(checker: StreamChecker) -> None:
    assert violated_rule(checker, event(5)) is Rule.GAP
    assert checker.check(event(6)) is ReceivedKind.EVENT


def test_a_repeated_event_is_a_duplicate_violation(checker: StreamChecker) -> None:
    checker.check(event(4))
    assert violated_rule(checker, event(4)) is Rule.DOUBLE
    assert violated_rule(checker, event(2)) is Rule.DOUBLE
    assert checker.check(event(5)) is ReceivedKind.EVENT


def test_an_event_after_a_later_one_is_an_order_violation(checker: StreamChecker) -> None:
    assert violated_rule(checker, event(5)) is Rule.GAP
    assert violated_rule(checker, event(4)) is Rule.OUT_OF_ORDER
    assert violated_rule(checker, event(4)) is Rule.DOUBLE


def test_an_event_before_any_snapshot_is_a_violation() -> None:
    assert violated_rule(StreamChecker(ORDER), event(1)) is Rule.NO_SNAPSHOT


@pytest.mark.parametrize(
    "frame",
    [event(4, "menu_update"), {"type": "order_status", "data": {}}, {"seq": 4}, {}],
    ids=["of another channel", "without seq", "without type", "empty"],
)
def test_unknown_messages_are_violations(checker: StreamChecker, frame: Frame) -> None:
    assert violated_rule(checker, frame) is Rule.UNKNOWN


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_instead_of_a_resume_is_accepted(checker: StreamChecker) -> None:
    assert checker.check(snapshot(9, resumed=False)) is ReceivedKind.SNAPSHOT
    assert checker.replaced == 1
    assert checker.check(event(10)) is ReceivedKind.EVENT


def test_snapshot_of_another_epoch_resets_the_position(checker: StreamChecker) -> None:
    assert checker.check(snapshot(0, "f", resumed=False)) is ReceivedKind.SNAPSHOT
    assert checker.resume == "?since=0&epoch=f"


def test_a_snapshot_behind_received_events_is_a_violation(checker: StreamChecker) -> None:
    assert violated_rule(checker, snapshot(2, resumed=False)) is Rule.STEP_BACK
    assert checker.check(event(3)) is ReceivedKind.EVENT


def test_query_reply_keeps_the_position_and_reveals_missing_events(
    checker: StreamChecker,
) -> None:
    assert checker.check(snapshot(4)) is ReceivedKind.QUERY_REPLY
    assert checker.is_behind
    checker.check(event(4))
    assert not checker.is_behind
    assert checker.check(snapshot(2)) is ReceivedKind.QUERY_REPLY
    assert not checker.is_behind


def test_acks_and_errors_keep_the_position(checker: StreamChecker) -> None:
    assert checker.check({"type": "ack", "request_id": "r", "data": {}}) is ReceivedKind.REPLY
    assert checker.check({"error": "No.", "code": "forbidden"}) is ReceivedKind.REPLY
    assert checker.last == 3


# --- resume --------------------------------------------------------------------------------------


def test_client_resumes_from_its_position(checker: StreamChecker) -> None:
    checker.check(event(4))
    assert checker.resume == "?since=4&epoch=e"
    assert StreamChecker(ORDER).resume == ""


@given(st.lists(st.integers(1, 12), max_size=30))
def test_only_the_complete_stream_in_order_has_no_violation(seqs: list[int]) -> None:
    checker = StreamChecker(ORDER)
    checker.check(snapshot(0))
    violations = 0
    for seq in seqs:
        try:
            checker.check(event(seq))
        except ProtocolViolation:
            violations += 1
    assert (violations == 0) == (seqs == list(range(1, len(seqs) + 1)))
