"""What no healthy service does: the client must not pass it on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from restaurant_qr_client import Channel, ClosedError, RestaurantQR, Settings, State
from restaurant_qr_client import channel as channels
from tests.client.scripted import Script, scripted

HASTY = Settings(
    first_pause=0.01, longest_pause=0.05, heartbeat=30.0, patience=30.0, stale_after=30.0
)
IMPATIENT = replace(HASTY, patience=1.0)


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script


@pytest.fixture
async def table(script: Script) -> AsyncIterator[Channel[Any]]:
    async with RestaurantQR(script.url, settings=HASTY) as qr:
        yield qr.table(5)


@pytest.fixture
async def impatient(script: Script) -> AsyncIterator[Channel[Any]]:
    """One whose client soon leaves a service that does not answer."""
    async with RestaurantQR(script.url, settings=IMPATIENT) as qr:
        yield qr.table(5)


async def test_a_gap_is_filled_before_anything_is_told(table: Channel[Any], script: Script) -> None:
    told = table.messages()
    visit = await script.visit()
    assert visit.query == ""
    await visit.snapshot(3)
    await visit.event(4)
    await visit.event(6)
    visit = await script.visit()
    assert visit.query == "since=4&epoch=e"
    for seq in (5, 6):
        await visit.event(seq)
    assert [(await anext(told)).seq for _ in range(4)] == [3, 4, 5, 6]


async def test_what_was_told_is_not_told_again(table: Channel[Any], script: Script) -> None:
    told = table.messages()
    visit = await script.visit()
    await visit.snapshot(3)
    for seq in (4, 4, 3, 5):
        await visit.event(seq)
    assert [(await anext(told)).seq for _ in range(3)] == [3, 4, 5]


async def test_a_snapshot_in_place_of_a_resume_begins_anew(
    table: Channel[Any], script: Script
) -> None:
    told = table.messages()
    visit = await script.visit()
    await visit.snapshot(30)
    await visit.close(1012)
    visit = await script.visit()
    await visit.snapshot(2, "f", resumed=False)
    await visit.event(3)
    heard = [await anext(told) for _ in range(3)]
    assert [(each.seq, each.is_snapshot) for each in heard] == [(30, True), (2, True), (3, False)]
    await visit.close(1012)
    assert (await script.visit()).query == "since=3&epoch=f"


async def test_after_a_resume_only_an_answer_shows_that_nothing_was_missed(
    table: Channel[Any], script: Script
) -> None:
    statuses = table.statuses()
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.close(4408)
    visit = await script.visit()
    await visit.event(4)
    seen = [(await anext(statuses)).state for _ in range(3)]
    assert seen == [State.CONNECTING, State.LIVE, State.RECONNECTING]
    assert table.status.state is State.RECONNECTING
    await visit.answer(4)
    assert (await anext(statuses)).state is State.LIVE


async def test_what_an_answer_knows_and_does_not_come_is_fetched(
    impatient: Channel[Any], script: Script
) -> None:
    told = impatient.messages()
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.close(1012)
    visit = await script.visit()
    await visit.answer(5)
    visit = await script.visit()
    assert visit.query == "since=3&epoch=e"
    for seq in (4, 5):
        await visit.event(seq)
    assert [(await anext(told)).seq for _ in range(3)] == [3, 4, 5]


async def test_what_cannot_be_answered_is_asked_again(
    table: Channel[Any], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restaurant_qr_client.connection.PROBE_PAUSE_S", 0.01)
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.close(1012)
    visit = await script.visit()
    await visit.refuse(await visit.next(), "unavailable")
    await visit.answer(3)
    async for status in table.statuses():
        if status.state is State.LIVE:
            break


async def test_an_action_goes_on_over_connections_with_one_request_id(
    impatient: Channel[Any], script: Script
) -> None:
    asked = asyncio.create_task(impatient.request("occupy"))
    visit = await script.visit()
    await visit.snapshot(3)
    first = await visit.next()
    await visit.refuse(first, "unavailable")
    assert await visit.next() == first
    visit = await script.visit()  # there was no answer in time
    for _ in range(2):
        sent = await visit.next()
        if sent["action"] == "get_status":
            await visit.snapshot(3)
        else:
            assert sent == first
        await visit.ack(sent)
    assert await asked == {"changed": False, "version": 1}


async def test_an_answer_that_nobody_waits_for_is_none(table: Channel[Any], script: Script) -> None:
    told = table.messages()
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.ack({"request_id": "somebody else's"})
    await visit.say(error="Not yours.", code="forbidden")
    await visit.event(4)
    assert [(await anext(told)).seq for _ in range(2)] == [3, 4]


@pytest.mark.parametrize(
    "said",
    [
        "", "no JSON", b"\xff\xfe", "[" * 100_000, "null", "7", "[]", "{}", '{"type": "alert"}',
        '{"type": 1, "data": {}, "seq": 4}', '{"type": "alert", "data": [], "seq": 4}',
        '{"type": "alert", "data": {}, "seq": "4"}', '{"type": "alert", "data": {}, "seq": 4.5}',
        '{"type": "table_status", "data": {}, "seq": 9, "epoch": null}',
        '{"type": "ack", "request_id": "b"}', '{"error": "No.", "request_id": "b"}',
        '{"error": {}, "code": 1}', '{"error": "No.", "code": "forbidden", "details": [1]}',
    ],
)  # fmt: skip
async def test_what_is_no_frame_costs_a_connection_and_nothing_more(
    table: Channel[Any], script: Script, said: str | bytes
) -> None:
    told = table.messages()
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.send(said)
    visit = await script.visit()
    assert visit.query == "since=3&epoch=e"
    await visit.event(4)
    assert [(await anext(told)).seq for _ in range(2)] == [3, 4]


async def test_an_ack_without_what_was_asked_for_shows_nothing(
    table: Channel[Any], script: Script
) -> None:
    visit = await script.visit()
    await visit.snapshot(3)
    await visit.close(1012)
    visit = await script.visit()
    await visit.ack(await visit.next())
    visit = await script.visit()
    assert table.status.state is State.RECONNECTING
    await visit.answer(3)
    async for status in table.statuses():
        if status.state is State.LIVE:
            break


async def test_a_channel_that_is_closed_is_forgotten(script: Script) -> None:
    async with RestaurantQR(script.url, settings=HASTY) as qr:
        first = qr.table(5)
        assert qr.table(5) is first
        await (await script.visit()).close(4404)
        with pytest.raises(ClosedError):
            await anext(first.messages())
        second = qr.table(5)
        assert second is not first
        await second.close()
        assert qr.table(5) is not second
    running = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [each for each in running if "Channel._run" in repr(each)]


async def test_a_service_that_takes_a_connection_and_says_nothing_is_left(
    impatient: Channel[Any], script: Script
) -> None:
    await script.visit()
    visit = await script.visit()
    await visit.snapshot(1)
    assert await anext(impatient.statuses())


async def test_who_asks_too_much_waits(
    table: Channel[Any], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    monkeypatch.setattr(channels, "TOO_MANY_PAUSE_S", 0.05)
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(seconds)

    visit = await script.visit()
    monkeypatch.setattr(asyncio, "sleep", noted)
    await visit.close(4429)
    await script.visit()
    assert max(pauses) >= 0.05


@pytest.mark.parametrize("code", [4400, 4403, 4404])
async def test_a_final_code_is_final(table: Channel[Any], script: Script, code: int) -> None:
    asked = asyncio.create_task(table.request("occupy"))
    visit = await script.visit()
    await visit.close(code)
    with pytest.raises(ClosedError) as closed:
        await asked
    assert closed.value.code == code
    assert table.status.error is closed.value


async def test_a_silence_is_ended_by_a_question(script: Script) -> None:
    settings = replace(IMPATIENT, heartbeat=0.05)
    async with RestaurantQR(script.url, settings=settings) as qr:
        qr.table(5)
        visit = await script.visit()
        await visit.snapshot(1)
        await visit.answer(1)
        await visit.answer(1)
        await visit.next()  # which is not answered
        visit = await script.visit()
        assert visit.query == "since=1&epoch=e"
