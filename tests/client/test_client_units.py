"""Unit tests of the client: stream position, backoff, action queue and tokens."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restaurant_qr_client.action_queue import Action, ActionQueue
from restaurant_qr_client.backoff import Backoff
from restaurant_qr_client.errors import RefusedError
from restaurant_qr_client.stream_position import FrameKind, StreamPosition
from restaurant_qr_client.tokens import Tokens


def event(seq: int) -> dict[str, Any]:
    return {"type": "order_status", "data": {}, "seq": seq}


def snapshot(seq: int, epoch: str = "e", **data: Any) -> dict[str, Any]:
    return {"type": "order_status", "data": data, "seq": seq, "epoch": epoch}


# --- stream position-------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), max_size=40))
def test_stream_position_passes_each_event_once_in_order(seqs: list[int]) -> None:
    position = StreamPosition()
    position.take(snapshot(0))
    delivered = [seq for seq in seqs if position.take(event(seq)) is FrameKind.EVENT]
    assert delivered == list(range(1, len(delivered) + 1))
    assert position.resume == f"?since={len(delivered)}&epoch=e"


def test_a_snapshot_is_classified_as_first_reply_or_gap() -> None:
    position = StreamPosition()
    assert position.resume == ""
    assert position.take(event(1)) is FrameKind.GAP
    assert position.take(snapshot(3)) is FrameKind.SNAPSHOT
    assert position.take(snapshot(5)) is FrameKind.QUERY_REPLY
    assert position.last == 3
    assert position.take(snapshot(5, "f")) is FrameKind.GAP
    assert position.take(snapshot(1, "f/1", resumed=False)) is FrameKind.SNAPSHOT
    assert position.resume == "?since=1&epoch=f%2F1"


def test_message_without_seq_is_a_gap() -> None:
    assert StreamPosition().take({"type": "order_status", "data": {}}) is FrameKind.GAP


# --- backoff --------------------------------------------------------------------------------------


def test_backoff_grows_to_a_maximum_and_resets() -> None:
    backoff = Backoff(0.5, 3.0, uniform=lambda: 1.0)
    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next() == 0.5


def test_delay_is_random_up_to_the_bound() -> None:
    assert Backoff(0.5, 3.0, uniform=lambda: 0.0).next() == 0.0


# --- actions --------------------------------------------------------------------------------------


async def test_a_retried_action_precedes_later_ones() -> None:
    actions = ActionQueue(10, Backoff(0.0, 0.0))
    sent: list[str] = []

    async def send(action: Action) -> dict[str, Any]:
        sent.append(action.request_id)
        if len(sent) < 3:
            return {"error": "Not now.", "code": "unavailable"}
        return {"data": {"sent": len(sent)}}

    both = [
        asyncio.create_task(actions.submit(Action("get_status", {"request_id": id_})))
        for id_ in "ab"
    ]
    sending = asyncio.create_task(actions.run(send))
    assert await asyncio.gather(*both) == [{"sent": 3}, {"sent": 4}]
    assert sent == ["a", "a", "a", "b"]
    assert len(actions) == 0
    sending.cancel()


async def test_refused_action_does_not_stop_later_ones() -> None:
    actions = ActionQueue(10, Backoff(0.0, 0.0))

    async def send(action: Action) -> dict[str, Any]:
        if action.request_id == "a":
            return {"error": "No.", "code": "forbidden", "details": {"field": 1}}
        return {"data": {}}

    both = [
        asyncio.create_task(actions.submit(Action("get_status", {"request_id": id_})))
        for id_ in "ab"
    ]
    sending = asyncio.create_task(actions.run(send))
    with pytest.raises(RefusedError, match="No") as refused:
        await both[0]
    assert refused.value.details == {"field": 1}
    assert await both[1] == {}
    sending.cancel()


# --- tokens ---------------------------------------------------------------------------------------


async def test_concurrent_requests_renew_the_token_once() -> None:
    calls = []

    async def renew() -> str:
        calls.append(1)
        await asyncio.sleep(0)
        return "new"

    tokens = Tokens("old", renew)
    found = await asyncio.gather(*(tokens.renew("old") for _ in range(3)))
    assert (found, calls, tokens.current) == (["new"] * 3, [1], "new")


async def test_a_synchronous_function_can_renew_the_token() -> None:
    assert await Tokens("old", lambda: "new").renew("old") == "new"
    assert await Tokens("old", None).renew("old") is None
