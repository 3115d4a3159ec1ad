"""The check that every load user makes of what it hears, on frames that are right and wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.channels import ORDER, Frame
from load_tests.sequence import Heard, ProtocolViolation, Rule, Sequence


def event(seq: int, type_: str = "order_status") -> Frame:
    return {"type": type_, "data": {}, "seq": seq}


def snapshot(seq: int, epoch: str = "e", **data: Any) -> Frame:
    return {"type": "order_status", "data": data, "seq": seq, "epoch": epoch}


@pytest.fixture
def sequence() -> Sequence:
    """A client that has its first snapshot, of seq 3."""
    started = Sequence(ORDER)
    assert started.take(snapshot(3)) is Heard.SNAPSHOT
    return started


def broken(sequence: Sequence, frame: Frame) -> Rule:
    with pytest.raises(ProtocolViolation) as caught:
        sequence.take(frame)
    return caught.value.rule


def test_each_event_once_and_in_order_is_right(sequence: Sequence) -> None:
    assert [sequence.take(event(seq)) for seq in (4, 5, 6)] == [Heard.EVENT] * 3
    assert sequence.last == 6


def test_an_event_that_is_left_out_is_a_gap_and_one_violation(sequence: Sequence) -> None:
    assert broken(sequence, event(5)) is Rule.GAP
    assert sequence.take(event(6)) is Heard.EVENT


def test_an_event_seen_before_is_a_double(sequence: Sequence) -> None:
    sequence.take(event(4))
    assert broken(sequence, event(4)) is Rule.DOUBLE
    assert broken(sequence, event(2)) is Rule.DOUBLE
    assert sequence.take(event(5)) is Heard.EVENT


def test_an_event_that_comes_after_a_later_one_is_out_of_order(sequence: Sequence) -> None:
    assert broken(sequence, event(5)) is Rule.GAP
    assert broken(sequence, event(4)) is Rule.OUT_OF_ORDER
    assert broken(sequence, event(4)) is Rule.DOUBLE


def test_an_event_before_any_snapshot_is_wrong() -> None:
    assert broken(Sequence(ORDER), event(1)) is Rule.NO_SNAPSHOT


@pytest.mark.parametrize(
    "frame",
    [event(4, "menu_update"), {"type": "order_status", "data": {}}, {"seq": 4}, {}],
    ids=["of another channel", "without seq", "without type", "empty"],
)
def test_what_the_protocol_does_not_know_is_wrong(sequence: Sequence, frame: Frame) -> None:
    assert broken(sequence, frame) is Rule.UNKNOWN


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_may_come_in_place_of_a_resume(sequence: Sequence) -> None:
    assert sequence.take(snapshot(9, resumed=False)) is Heard.SNAPSHOT
    assert sequence.replaced == 1
    assert sequence.take(event(10)) is Heard.EVENT


def test_a_snapshot_of_another_epoch_may_begin_anew(sequence: Sequence) -> None:
    assert sequence.take(snapshot(0, "f", resumed=False)) is Heard.SNAPSHOT
    assert sequence.resume == "?since=0&epoch=f"


def test_a_snapshot_that_forgets_events_is_a_step_back(sequence: Sequence) -> None:
    assert broken(sequence, snapshot(2, resumed=False)) is Rule.STEP_BACK
    assert sequence.take(event(3)) is Heard.EVENT


def test_an_answer_to_a_look_moves_nothing_but_shows_what_must_still_come(
    sequence: Sequence,
) -> None:
    assert sequence.take(snapshot(4)) is Heard.LOOK
    assert sequence.is_behind
    sequence.take(event(4))
    assert not sequence.is_behind
    assert sequence.take(snapshot(2)) is Heard.LOOK
    assert not sequence.is_behind


def test_acks_and_errors_move_nothing(sequence: Sequence) -> None:
    assert sequence.take({"type": "ack", "request_id": "r", "data": {}}) is Heard.ANSWER
    assert sequence.take({"error": "No.", "code": "forbidden"}) is Heard.ANSWER
    assert sequence.last == 3


# --- resume --------------------------------------------------------------------------------------


def test_a_client_resumes_from_what_it_has(sequence: Sequence) -> None:
    sequence.take(event(4))
    assert sequence.resume == "?since=4&epoch=e"
    assert Sequence(ORDER).resume == ""


@given(st.lists(st.integers(1, 12), max_size=30))
def test_no_stream_but_the_whole_one_in_order_is_without_violation(seqs: list[int]) -> None:
    sequence = Sequence(ORDER)
    sequence.take(snapshot(0))
    violations = 0
    for seq in seqs:
        try:
            sequence.take(event(seq))
        except ProtocolViolation:
            violations += 1
    assert (violations == 0) == (seqs == list(range(1, len(seqs) + 1)))
