"""Pending commands of a load user, over several connections."""

import pytest

from load_tests.channels import Frame
from load_tests.commands import Command, PendingCommands
from load_tests.stream_checker import ProtocolViolation, Rule


def command(replies: list[Frame]) -> Command:
    return Command("call_waiter", {"reason": "bill"}, 0.0, replies.append)


def ack(to: Command) -> Frame:
    return {"type": "ack", "request_id": to.request_id, "data": {"changed": True}}


def test_replies_resolve_their_commands_in_any_order() -> None:
    first_replies: list[Frame] = []
    second_replies: list[Frame] = []
    first, second = command(first_replies), command(second_replies)
    waiting = PendingCommands()
    waiting.add(first)
    waiting.add(second)
    waiting.resolve(ack(second))
    waiting.resolve(ack(first))
    assert (first_replies, second_replies) == ([ack(first)], [ack(second)])
    assert len(waiting) == 0


def test_pending_command_is_resent_with_the_same_request_id() -> None:
    replies: list[Frame] = []
    waiting = PendingCommands()
    waiting.add(lost := command(replies))
    waiting.add(answered := command(replies))
    lost.sent_on = answered.sent_on = 1
    before = lost.frame()
    waiting.resolve(ack(answered))
    assert waiting.not_sent_on(1) == []
    assert waiting.not_sent_on(2) == [lost]
    assert lost.frame() == before
    assert before["request_id"] == lost.request_id


def test_a_second_reply_to_a_request_is_a_violation() -> None:
    waiting = PendingCommands()
    waiting.add(sent := command([]))
    waiting.resolve(ack(sent))
    with pytest.raises(ProtocolViolation) as caught:
        waiting.resolve(ack(sent))
    assert caught.value.rule is Rule.UNEXPECTED_REPLY


def test_reply_without_a_request_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        PendingCommands().resolve({"error": "No.", "code": "forbidden", "request_id": "r"})


def test_requests_of_different_commands_have_different_ids() -> None:
    assert command([]).request_id != command([]).request_id
