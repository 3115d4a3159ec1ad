"""The client against faults of a service: gaps, duplicates, invalid frames, silence."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from restaurant_qr_client import Channel, ClosedError, RestaurantQR, Settings, State
from restaurant_qr_client import channel as channels
from tests.client.scripted import ScriptedService, scripted_service

FAST_SETTINGS = Settings(
    first_pause=0.01, longest_pause=0.05, heartbeat=30.0, timeout=30.0, stale_after=30.0
)
SHORT_TIMEOUT = replace(FAST_SETTINGS, timeout=1.0)


@pytest.fixture
async def service() -> AsyncIterator[ScriptedService]:
    async with scripted_service() as service:
        yield service


@pytest.fixture
async def table(service: ScriptedService) -> AsyncIterator[Channel[Any]]:
    async with RestaurantQR(service.url, settings=FAST_SETTINGS) as qr:
        yield qr.table(5)


@pytest.fixture
async def short_timeout_table(service: ScriptedService) -> AsyncIterator[Channel[Any]]:
    """A channel whose client times out after a second."""
    async with RestaurantQR(service.url, settings=SHORT_TIMEOUT) as qr:
        yield qr.table(5)


async def test_gap_is_filled_before_later_events_are_delivered(
    table: Channel[Any], service: ScriptedService
) -> None:
    messages = table.messages()
    connection = await service.connection()
    assert connection.query == ""
    await connection.snapshot(3)
    await connection.event(4)
    await connection.event(6)
    connection = await service.connection()
    assert connection.query == "since=4&epoch=e"
    for seq in (5, 6):
        await connection.event(seq)
    assert [(await anext(messages)).seq for _ in range(4)] == [3, 4, 5, 6]


async def test_duplicate_events_are_not_delivered(
    table: Channel[Any], service: ScriptedService
) -> None:
    messages = table.messages()
    connection = await service.connection()
    await connection.snapshot(3)
    for seq in (4, 4, 3, 5):
        await connection.event(seq)
    assert [(await anext(messages)).seq for _ in range(3)] == [3, 4, 5]


async def test_snapshot_instead_of_a_resume_resets_the_position(
    table: Channel[Any], service: ScriptedService
) -> None:
    messages = table.messages()
    connection = await service.connection()
    await connection.snapshot(30)
    await connection.close(1012)
    connection = await service.connection()
    await connection.snapshot(2, "f", resumed=False)
    await connection.event(3)
    received = [await anext(messages) for _ in range(3)]
    assert [(each.seq, each.is_snapshot) for each in received] == [
        (30, True),
        (2, True),
        (3, False),
    ]
    await connection.close(1012)
    assert (await service.connection()).query == "since=3&epoch=f"


async def test_channel_is_live_after_a_resume_only_once_a_probe_is_answered(
    table: Channel[Any], service: ScriptedService
) -> None:
    statuses = table.statuses()
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.close(4408)
    connection = await service.connection()
    await connection.event(4)
    states = [(await anext(statuses)).state for _ in range(3)]
    assert states == [State.CONNECTING, State.LIVE, State.RECONNECTING]
    assert table.status.state is State.RECONNECTING
    await connection.answer_probe(4)
    assert (await anext(statuses)).state is State.LIVE


async def test_client_resumes_if_a_reply_is_ahead_of_its_events(
    short_timeout_table: Channel[Any], service: ScriptedService
) -> None:
    messages = short_timeout_table.messages()
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.close(1012)
    connection = await service.connection()
    await connection.answer_probe(5)
    connection = await service.connection()
    assert connection.query == "since=3&epoch=e"
    for seq in (4, 5):
        await connection.event(seq)
    assert [(await anext(messages)).seq for _ in range(3)] == [3, 4, 5]


async def test_unavailable_request_is_retried(
    table: Channel[Any], service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restaurant_qr_client.connection.PROBE_PAUSE_S", 0.01)
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.close(1012)
    connection = await service.connection()
    await connection.refuse(await connection.receive(), "unavailable")
    await connection.answer_probe(3)
    async for status in table.statuses():
        if status.state is State.LIVE:
            break


async def test_action_is_resent_on_new_connections_under_one_request_id(
    short_timeout_table: Channel[Any], service: ScriptedService
) -> None:
    request = asyncio.create_task(short_timeout_table.request("occupy"))
    connection = await service.connection()
    await connection.snapshot(3)
    first = await connection.receive()
    await connection.refuse(first, "unavailable")
    assert await connection.receive() == first
    connection = await service.connection()  # the reply timed out
    for _ in range(2):
        sent = await connection.receive()
        if sent["action"] == "get_status":
            await connection.snapshot(3)
        else:
            assert sent == first
        await connection.ack(sent)
    assert await request == {"changed": False, "version": 1}


async def test_reply_without_a_request_is_ignored(
    table: Channel[Any], service: ScriptedService
) -> None:
    messages = table.messages()
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.ack({"request_id": "another request's"})
    await connection.send_frame(error="Not yours.", code="forbidden")
    await connection.event(4)
    assert [(await anext(messages)).seq for _ in range(2)] == [3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "", "no JSON", b"\xff\xfe", "[" * 100_000, "null", "7", "[]", "{}", '{"type": "alert"}',
        '{"type": 1, "data": {}, "seq": 4}', '{"type": "alert", "data": [], "seq": 4}',
        '{"type": "alert", "data": {}, "seq": "4"}', '{"type": "alert", "data": {}, "seq": 4.5}',
        '{"type": "table_status", "data": {}, "seq": 9, "epoch": null}',
        '{"type": "ack", "request_id": "b"}', '{"error": "No.", "request_id": "b"}',
        '{"error": {}, "code": 1}', '{"error": "No.", "code": "forbidden", "details": [1]}',
    ],
)  # fmt: skip
async def test_invalid_frame_only_causes_a_reconnect(
    table: Channel[Any], service: ScriptedService, text: str | bytes
) -> None:
    messages = table.messages()
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.send(text)
    connection = await service.connection()
    assert connection.query == "since=3&epoch=e"
    await connection.event(4)
    assert [(await anext(messages)).seq for _ in range(2)] == [3, 4]


async def test_ack_instead_of_a_snapshot_does_not_count_as_synchronized(
    table: Channel[Any], service: ScriptedService
) -> None:
    connection = await service.connection()
    await connection.snapshot(3)
    await connection.close(1012)
    connection = await service.connection()
    await connection.ack(await connection.receive())
    connection = await service.connection()
    assert table.status.state is State.RECONNECTING
    await connection.answer_probe(3)
    async for status in table.statuses():
        if status.state is State.LIVE:
            break


async def test_closed_channel_is_replaced_by_a_new_one(service: ScriptedService) -> None:
    async with RestaurantQR(service.url, settings=FAST_SETTINGS) as qr:
        first = qr.table(5)
        assert qr.table(5) is first
        await (await service.connection()).close(4404)
        with pytest.raises(ClosedError):
            await anext(first.messages())
        second = qr.table(5)
        assert second is not first
        await second.close()
        assert qr.table(5) is not second
    running = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [each for each in running if "Channel._run" in repr(each)]


async def test_silent_server_causes_a_reconnect(
    short_timeout_table: Channel[Any], service: ScriptedService
) -> None:
    await service.connection()
    connection = await service.connection()
    await connection.snapshot(1)
    assert await anext(short_timeout_table.statuses())


async def test_rate_limited_client_waits_before_retrying(
    table: Channel[Any], service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    monkeypatch.setattr(channels, "RATE_LIMITED_PAUSE_S", 0.05)
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(seconds)

    connection = await service.connection()
    monkeypatch.setattr(asyncio, "sleep", record)
    await connection.close(4429)
    await service.connection()
    assert max(pauses) >= 0.05


@pytest.mark.parametrize("code", [4400, 4403, 4404])
async def test_final_close_code_closes_the_channel(
    table: Channel[Any], service: ScriptedService, code: int
) -> None:
    request = asyncio.create_task(table.request("occupy"))
    connection = await service.connection()
    await connection.close(code)
    with pytest.raises(ClosedError) as closed:
        await request
    assert closed.value.code == code
    assert table.status.error is closed.value


async def test_silent_connection_is_probed(service: ScriptedService) -> None:
    settings = replace(SHORT_TIMEOUT, heartbeat=0.05)
    async with RestaurantQR(service.url, settings=settings) as qr:
        qr.table(5)
        connection = await service.connection()
        await connection.snapshot(1)
        await connection.answer_probe(1)
        await connection.answer_probe(1)
        await connection.receive()  # no reply
        connection = await service.connection()
        assert connection.query == "since=1&epoch=e"
