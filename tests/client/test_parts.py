"""The parts of the client that need no connection."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restaurant_qr_client.actions import Action, Actions
from restaurant_qr_client.backoff import Backoff
from restaurant_qr_client.errors import RefusedError
from restaurant_qr_client.sequence import Heard, Sequence
from restaurant_qr_client.tokens import Tokens


def event(seq: int) -> dict[str, Any]:
    return {"type": "order_status", "data": {}, "seq": seq}


def snapshot(seq: int, epoch: str = "e", **data: Any) -> dict[str, Any]:
    return {"type": "order_status", "data": data, "seq": seq, "epoch": epoch}


# --- sequence ------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), max_size=40))
def test_what_is_passed_on_is_each_event_once_and_in_order(seqs: list[int]) -> None:
    sequence = Sequence()
    sequence.take(snapshot(0))
    told = [seq for seq in seqs if sequence.take(event(seq)) is Heard.EVENT]
    assert told == list(range(1, len(told) + 1))
    assert sequence.resume == f"?since={len(told)}&epoch=e"


def test_a_snapshot_is_a_beginning_an_answer_or_a_doubt() -> None:
    sequence = Sequence()
    assert sequence.resume == ""
    assert sequence.take(event(1)) is Heard.GAP
    assert sequence.take(snapshot(3)) is Heard.SNAPSHOT
    assert sequence.take(snapshot(5)) is Heard.LOOK
    assert sequence.last == 3
    assert sequence.take(snapshot(5, "f")) is Heard.GAP
    assert sequence.take(snapshot(1, "f/1", resumed=False)) is Heard.SNAPSHOT
    assert sequence.resume == "?since=1&epoch=f%2F1"


def test_a_message_without_a_number_is_a_doubt() -> None:
    assert Sequence().take({"type": "order_status", "data": {}}) is Heard.GAP


# --- pauses --------------------------------------------------------------------------------------


def test_pauses_grow_up_to_a_bound_and_begin_anew() -> None:
    pauses = Backoff(0.5, 3.0, chance=lambda: 1.0)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    pauses.reset()
    assert pauses.next() == 0.5


def test_pauses_are_anything_up_to_the_bound() -> None:
    assert Backoff(0.5, 3.0, chance=lambda: 0.0).next() == 0.0


# --- actions -------------------------------------------------------------------------------------


async def test_what_cannot_be_done_now_is_sent_again_before_anything_else() -> None:
    actions = Actions(10, Backoff(0.0, 0.0))
    sent: list[str] = []

    async def ask(action: Action) -> dict[str, Any]:
        sent.append(action.request_id)
        if len(sent) < 3:
            return {"error": "Not now.", "code": "unavailable"}
        return {"data": {"sent": len(sent)}}

    both = [asyncio.create_task(actions.do(Action("look", {"request_id": id_}))) for id_ in "ab"]
    sending = asyncio.create_task(actions.send(ask))
    assert await asyncio.gather(*both) == [{"sent": 3}, {"sent": 4}]
    assert sent == ["a", "a", "a", "b"]
    assert len(actions) == 0
    sending.cancel()


async def test_a_refusal_is_the_answer_of_one_and_stops_nothing() -> None:
    actions = Actions(10, Backoff(0.0, 0.0))

    async def ask(action: Action) -> dict[str, Any]:
        if action.request_id == "a":
            return {"error": "No.", "code": "forbidden", "details": {"why": 1}}
        return {"data": {}}

    both = [asyncio.create_task(actions.do(Action("look", {"request_id": id_}))) for id_ in "ab"]
    sending = asyncio.create_task(actions.send(ask))
    with pytest.raises(RefusedError, match="No") as refused:
        await both[0]
    assert refused.value.details == {"why": 1}
    assert await both[1] == {}
    sending.cancel()


# --- tokens --------------------------------------------------------------------------------------


async def test_a_token_is_asked_for_once_by_all_who_need_it() -> None:
    asked = []

    async def renew() -> str:
        asked.append(1)
        await asyncio.sleep(0)
        return "new"

    tokens = Tokens("old", renew)
    found = await asyncio.gather(*(tokens.after("old") for _ in range(3)))
    assert (found, asked, tokens.current) == (["new"] * 3, [1], "new")


async def test_a_function_that_is_no_coroutine_renews_as_well() -> None:
    assert await Tokens("old", lambda: "new").after("old") == "new"
    assert await Tokens("old", None).after("old") is None
