"""Commands of a load user that wait for their answer, over more than one connection."""

import pytest

from load_tests.channels import Frame
from load_tests.commands import Command, Unanswered
from load_tests.sequence import ProtocolViolation, Rule


def command(told: list[Frame]) -> Command:
    return Command("call_waiter", {"reason": "bill"}, 0.0, told.append)


def ack(to: Command) -> Frame:
    return {"type": "ack", "request_id": to.request_id, "data": {"changed": True}}


def test_an_answer_goes_to_its_command_whatever_the_order() -> None:
    first_told: list[Frame] = []
    second_told: list[Frame] = []
    first, second = command(first_told), command(second_told)
    waiting = Unanswered()
    waiting.add(first)
    waiting.add(second)
    waiting.take(ack(second))
    waiting.take(ack(first))
    assert (first_told, second_told) == ([ack(first)], [ack(second)])
    assert len(waiting) == 0


def test_what_is_unanswered_is_sent_again_on_a_new_connection_under_the_same_request_id() -> None:
    told: list[Frame] = []
    waiting = Unanswered()
    waiting.add(lost := command(told))
    waiting.add(answered := command(told))
    lost.sent_on = answered.sent_on = 1
    before = lost.frame()
    waiting.take(ack(answered))
    assert waiting.not_sent_on(1) == []
    assert waiting.not_sent_on(2) == [lost]
    assert lost.frame() == before
    assert before["request_id"] == lost.request_id


def test_a_second_answer_to_one_request_is_a_violation() -> None:
    waiting = Unanswered()
    waiting.add(asked := command([]))
    waiting.take(ack(asked))
    with pytest.raises(ProtocolViolation) as caught:
        waiting.take(ack(asked))
    assert caught.value.rule is Rule.STRAY


def test_an_answer_to_a_request_nobody_made_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        Unanswered().take({"error": "No.", "code": "forbidden", "request_id": "r"})


def test_requests_of_different_commands_have_different_ids() -> None:
    assert command([]).request_id != command([]).request_id
